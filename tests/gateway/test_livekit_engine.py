"""What the LiveKit engine shows of participants that a newer server may have."""

import pytest
from livekit.protocol.models import ParticipantInfo

from relay_provider.gateway.livekit import _shown

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("state", "kind", "shown"),
    [
        (2, 0, ("ACTIVE", "STANDARD")),
        (0, 4, ("JOINING", "AGENT")),
        (3, 99, ("DISCONNECTED", "UNKNOWN")),
        (2, 7, ("ACTIVE", "UNKNOWN")),
    ],
)
def test_states_and_kinds_have_livekits_names(state: int, kind: int, shown: tuple[str, str]) -> None:
    info = ParticipantInfo(identity="ana")
    info.MergeFromString(bytes([0x18, state, 0x70, kind]))  # numbers as a newer server would send them
    person = _shown(info)
    assert (person.state, person.kind) == shown
