"""A whole life cycle as the engine spoke it, recorded once and replayed against the plugin.

`python -m tests.plugin.conversation` records it anew. Lines are the engine's requests with the
answers, what happened to the rooms behind its back, and where a new run of the engine, with a new plugin, began.
What differs from run to run is replaced.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.plugin.doors import YamlDoor, room
from tests.served import Served, serving

FILE = ROOT / "tests" / "plugin" / "conversation.jsonl"
SERVICE = "/pulumirpc.ResourceProvider/"
LEFT_OUT = {"GetSchema", "Cancel"}
VOLATILE = {
    "engineAddress",
    "rootDirectory",
    "programDirectory",
    "mapperTarget",
    "loaderTarget",
    "resolverTarget",
    "resourceStatusAddress",
    "resourceStatusToken",
    "randomSeed",
    "variables",
}

Line = dict[str, Any]


class Names:
    """Placeholders for the values of one run: session IDs, the API's address and the key."""

    def __init__(self, api: Served) -> None:
        self._fixed = {api.url: "{URL}", api.key: "{KEY}"}
        self._sids: dict[str, str] = {}

    def cleaned(self, value: Any) -> Any:
        """The value as it is in every run."""
        text = json.dumps(_without_times(value))
        for real, placeholder in self._fixed.items():
            text = text.replace(real, placeholder)
        for sid in re.findall(r"RM_\w+", text):
            self._sids.setdefault(sid, f"{{SID {len(self._sids) + 1}}}")
        for sid, placeholder in self._sids.items():
            text = text.replace(sid, placeholder)
        return json.loads(text)

    def real(self, value: Any) -> Any:
        """A recorded value as this run has it."""
        text = json.dumps(value)
        for real, placeholder in {**self._fixed, **self._sids}.items():
            text = text.replace(placeholder, real)
        return json.loads(text)


def _without_times(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: 0 if key == "creationTime" and isinstance(item, int | float) else _without_times(item)
                for key, item in value.items()
                if key not in VOLATILE
            }
        case list():
            return [_without_times(item) for item in value]
    return value


def act(api: Served, operation: str, *arguments: Any) -> None:
    """Something happens to the rooms behind the engine's back."""
    getattr(api, operation)(*arguments)


def _recorded(log: Path, names: Names) -> Iterator[Line]:
    for text in log.read_text().splitlines():
        entry = json.loads(text)
        method = entry["method"].removeprefix(SERVICE)
        if entry["method"] != SERVICE + method or method in LEFT_OUT or entry.get("progress") == "request_started":
            continue
        line = {"method": method, "request": names.cleaned(entry["request"])}
        if errors := entry.get("errors"):
            yield {**line, "errors": names.cleaned(errors)}
        else:
            yield {**line, "response": names.cleaned(entry.get("response") or {})}


def record(api: Served, folder: Path) -> Iterator[Line]:
    """Run a life cycle on the real engine."""
    names = Names(api)
    door = YamlDoor(folder / "project", {})
    door.project.pulumi("config", "set", "--secret", "relay:apiKey", api.key)
    door.project.pulumi("config", "set", "relay:baseUrl", api.url)

    def run(*arguments: str, check: bool = True) -> Iterator[Line]:
        log = folder / "grpc.jsonl"
        log.unlink(missing_ok=True)
        env = {"PULUMI_DEBUG_GRPC": str(log)}
        door.project.pulumi(*arguments, "--parallel", "1", check=check, env=env)
        yield {"run": list(arguments)}
        yield from _recorded(log, names)

    def behind(operation: str, *arguments: Any) -> Iterable[Line]:
        act(api, operation, *arguments)
        return [{"behind": [operation, *arguments]}]

    up = ("up", "--yes", "--skip-preview")
    secret = {"metadata": {"fn::secret": {"b": 1, "a": [True, None]}}}
    door.write(
        {
            "lobby": room(),
            "standup": room({"maxParticipants": 12, "emptyTimeout": 900, **secret}),
            "after": room({"metadata": {"lobby": "${lobby.sid}"}}),
        }
    )
    yield from run("preview")
    yield from run(*up)
    yield from run(*up)
    door.write({"lobby": room({"forceDestroy": True}), "standup": room({"maxParticipants": 5, **secret})})
    yield from run(*up)
    yield from behind("end", "standup")
    yield from behind("create", "standup")
    yield from behind("end", "lobby")
    yield from run("refresh", "--yes", "--skip-preview")
    eviction = {
        "fn::invoke": {"function": "relay:removeParticipant", "arguments": {"room": "standup", "identity": "ana"}}
    }
    yield from behind("join", "standup", "ana", "ben")
    door.write({"standup": room()}, variables={"gone": eviction}, outputs={"removed": "${gone.removed}"})
    yield from run("preview")
    yield from run(*up)
    yield from run("destroy", "--yes", "--skip-preview", check=False)  # ben is still there
    yield from behind("leave", "standup", "ben")
    yield from run("destroy", "--yes", "--skip-preview")


def main() -> None:
    with serving() as api, tempfile.TemporaryDirectory() as folder:
        lines = [json.dumps(line, sort_keys=True) for line in record(api, Path(folder))]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
