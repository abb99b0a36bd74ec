"""Every method, given anything that the wire can carry, answers or fails with a clean status."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from grpc import StatusCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay_provider.config import OPTIONS
from relay_provider.model import FIELDS
from relay_provider.plugin import codec
from relay_provider.plugin.functions import FUNCTIONS
from relay_provider.plugin.service import Service
from relay_provider.proto import plugin_pb2 as plugins
from relay_provider.proto import provider_pb2 as pb
from tests.plugin.backend import Here
from tests.plugin.client import ROOM, urn

pytestmark = pytest.mark.unit

CLEAN = set(StatusCode) - {StatusCode.INTERNAL, StatusCode.UNKNOWN, StatusCode.DATA_LOSS, StatusCode.OK}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalar = st.one_of(
    st.builds(Value, null_value=st.just(0)),
    st.builds(Value, bool_value=st.booleans()),
    st.builds(Value, number_value=st.one_of(st.floats(), st.integers(-10, 90_000).map(float))),
    st.builds(Value, string_value=st.one_of(text, st.sampled_from(["standup", "1", "true", *sorted(codec.UNKNOWNS)]))),
    st.just(Value()),
)
signatures = st.sampled_from([codec.SECRET, codec.OUTPUT, *codec._REFUSED, "other"])
keys = st.one_of(
    text,
    st.sampled_from(
        [
            *FIELDS.values(),
            *(setting.name for setting in OPTIONS),
            "sid",
            "creationTime",
            "room",
            "identity",
            "namePrefix",
        ]
    ),
)


def special(signature: str, inner: Value | None) -> Value:
    fields = {codec.SIGNATURE: Value(string_value=signature), **({"value": inner} if inner is not None else {})}
    return Value(struct_value=Struct(fields=fields))


value = st.recursive(
    scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: Value(list_value=ListValue(values=items))),
        st.dictionaries(keys, inner, max_size=3).map(lambda fields: Value(struct_value=Struct(fields=fields))),
        st.builds(special, signatures, st.none() | inner),
    ),
    max_leaves=6,
)
struct = st.dictionaries(keys, value, max_size=5).map(lambda fields: Struct(fields=fields))
urns = st.one_of(text, st.sampled_from([urn("standup"), urn("lobby")]))
types = st.sampled_from(["", ROOM, ROOM, ROOM, "relay:index:Broom"])
ids = st.one_of(text, st.just("standup"))
numbers = st.integers(-1, 5)

autonaming = st.none() | st.builds(
    pb.CheckRequest.AutonamingOptions, proposed_name=text, mode=st.sampled_from([0, 1, 2])
)
REQUESTS: dict[str, st.SearchStrategy[Message]] = {
    "Handshake": st.builds(pb.ProviderHandshakeRequest, engine_address=text),
    "GetPluginInfo": st.builds(Empty),
    "Attach": st.builds(plugins.PluginAttach, address=text),
    "GetSchema": st.builds(pb.GetSchemaRequest, version=st.integers(-1, 1)),
    "CheckConfig": st.builds(pb.CheckRequest, urn=urns, news=struct, olds=struct),
    "DiffConfig": st.builds(pb.DiffRequest, urn=urns, news=struct, olds=struct, old_inputs=st.none() | struct),
    "Configure": st.builds(pb.ConfigureRequest, args=st.none() | struct),
    "Check": st.builds(pb.CheckRequest, urn=urns, type=types, news=struct, olds=struct, autonaming=autonaming),
    "Diff": st.builds(
        pb.DiffRequest, urn=urns, type=types, news=struct, olds=struct, ignoreChanges=st.lists(keys, max_size=2)
    ),
    "Create": st.builds(
        pb.CreateRequest, urn=urns, type=types, properties=struct, preview=st.booleans(), timeout=st.just(0)
    ),
    "Read": st.builds(pb.ReadRequest, id=ids, urn=urns, type=types, properties=struct, inputs=struct),
    "Update": st.builds(pb.UpdateRequest, id=ids, type=types, olds=struct, news=struct, preview=st.booleans()),
    "Delete": st.builds(pb.DeleteRequest, id=ids, urn=urns, type=types, properties=struct),
    "Invoke": st.builds(
        pb.InvokeRequest, tok=st.one_of(text, st.sampled_from(sorted(FUNCTIONS))), args=struct, preview=st.booleans()
    ),
    "List": st.builds(
        pb.ListRequest, token=types, query=struct, limit=numbers, page_size=numbers, continuation_token=text
    ),
}


class Aborted(Exception):
    def __init__(self, code: StatusCode, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code, self.details = code, details


class Context:
    """As much of a gRPC context as the service uses."""

    def __init__(self) -> None:
        self.written: list[Message] = []

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    async def abort(self, code: StatusCode, details: str) -> None:
        raise Aborted(code, details)

    async def write(self, message: Message) -> None:
        self.written.append(message)


@pytest.mark.parametrize("method", REQUESTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_answers_or_clean_statuses(method: str, data: st.DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay_provider.session.connect", Here)
    request = data.draw(REQUESTS[method])
    settled = data.draw(st.booleans(), "configured")

    async def ask() -> Any:
        service, context = Service(), Context()
        if settled:
            await service.Configure(pb.ConfigureRequest(), context)  # type: ignore[arg-type]
        answer = await getattr(service, method)(request, context)
        return context.written if method == "List" else answer

    try:
        answer = asyncio.run(ask())
    except Aborted as refused:
        assert refused.code in CLEAN, refused
        assert refused.details.endswith((".", "…")), refused.details
        assert "Traceback" not in refused.details
    else:
        for message in answer if isinstance(answer, list) else [answer]:
            type(message).FromString(message.SerializeToString())


def test_every_method_of_the_protocol_is_there() -> None:
    theirs = {"Parameterize", "Construct", "Call", "GetMapping", "GetMappings", "Cancel"}
    assert set(pb.DESCRIPTOR.services_by_name["ResourceProvider"].methods_by_name) - theirs == REQUESTS.keys()
