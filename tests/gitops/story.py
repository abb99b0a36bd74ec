"""The manifests of one pull request: main has the example's, and the change is of three rooms in two projects."""

from __future__ import annotations

from tests.conftest import ROOT

MAIN = (ROOT / "examples" / "gitops" / "rooms.yaml").read_text()
FIRST = MAIN.replace("all-hands: {maxParticipants: 500", "all-hands: {maxParticipants: 600").replace(
    "physics: {maxParticipants: 30}", "physics: {maxParticipants: 40}"
)
SECOND = FIRST.replace("lobby: {maxParticipants: 50}", "lobby: {maxParticipants: 60}")
"""With another push to it."""
