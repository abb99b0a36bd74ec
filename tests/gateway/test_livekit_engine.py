"""What the LiveKit engine shows of participants that a newer server may have, and how much it asks at once."""

import asyncio

import pytest
from livekit.protocol.models import ParticipantInfo

from relay_provider.backends.answers import Answer
from relay_provider.backends.exchange import Exchange
from relay_provider.config import load
from relay_provider.gateway.livekit import CONNECTIONS, LiveKitEngine, _shown

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


@pytest.mark.anyio
async def test_many_clients_requests_are_under_way_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most = 0, 0

    async def send(*_: object) -> Answer:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return Answer(200, {}, b"")

    monkeypatch.setattr(Exchange, "send", send)
    environ = {"LIVEKIT_URL": "http://127.0.0.1:1", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}
    rooms = LiveKitEngine(load(None, environ)).project("load")
    await asyncio.gather(*(rooms.delete(str(number)) for number in range(200)))
    assert most == CONNECTIONS
