"""Every method, given anything that the wire can carry, answers or tells what is wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgpack
import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay_provider.config import OPTIONS
from relay_provider.model import FIELDS
from relay_provider.terraform.data import SOURCES
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.service import METHODS, Service
from tests.plugin.backend import Here

pytestmark = pytest.mark.unit

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
types = st.sampled_from(
    [
        '"string"',
        '"number"',
        '"bool"',
        '"dynamic"',
        '["list","string"]',
        '["tuple",["number"]]',
        '["object",{"a":"bool"}]',
        "[",
    ]
).map(str.encode)
scalar = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1) | st.integers(0, 5000),
    st.floats(),
    text | st.sampled_from(["standup", "0.5", "1e999", "-"]),
    st.binary(max_size=4),
    st.builds(msgpack.ExtType, st.integers(0, 20), st.binary(max_size=3)),
)
value = st.recursive(
    scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(types, inner).map(list), st.dictionaries(text, inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(
    [*FIELDS, "sid", "creation_time", *(one.field for one in OPTIONS), "name_pattern", "room", "identity", "other"]
)
good = st.fixed_dictionaries(
    {"name": st.sampled_from(["standup", "lobby"])},
    optional={"max_participants": st.integers(0, 3), "metadata": st.just([b'"string"', "x"]), "sid": st.just("RM_0")},
)
messages = st.one_of(
    st.just(b""),
    st.binary(max_size=20),
    st.dictionaries(names, value, max_size=5).map(msgpack.packb),
    good.map(msgpack.packb),
    value.map(msgpack.packb),
    st.just(msgpack.packb(None)),
)
dynamic = messages.map(lambda data: pb.DynamicValue(msgpack=data))
identity = st.none() | dynamic.map(lambda one: pb.ResourceIdentityData(identity_data=one))
private = st.one_of(
    st.just(b""), st.binary(max_size=10), st.just(b'{"by":"x","place":"relay"}'), st.just(b'{"by":1,"kept":[]}')
)
state = st.one_of(
    st.binary(max_size=20),
    st.dictionaries(names, st.one_of(st.none(), st.integers(), text, st.dictionaries(text, text)), max_size=5).map(
        lambda found: json.dumps(found).encode()
    ),
    st.just(json.dumps({"name": "a", "metadata": {"type": ["list", "string"], "value": [1]}}).encode()),
).map(lambda data: pb.RawState(json=data))
kinds = st.sampled_from(["relay_room", "relay_room", "relay_room", "relay_broom", ""])
tokens = st.sampled_from(["relay_join_token", "relay_join_token", "other"])
sources = st.sampled_from([*SOURCES, "relay_other"])

REQUESTS: dict[str, st.SearchStrategy[Message]] = {
    "GetMetadata": st.builds(pb.GetMetadata.Request),
    "GetProviderSchema": st.builds(pb.GetProviderSchema.Request),
    "GetResourceIdentitySchemas": st.builds(pb.GetResourceIdentitySchemas.Request),
    "GetFunctions": st.builds(pb.GetFunctions.Request),
    "StopProvider": st.builds(pb.StopProvider.Request),
    "ValidateProviderConfig": st.builds(pb.ValidateProviderConfig.Request, config=dynamic),
    "ConfigureProvider": st.builds(pb.ConfigureProvider.Request, config=dynamic),
    "ValidateResourceConfig": st.builds(pb.ValidateResourceConfig.Request, type_name=kinds, config=dynamic),
    "ValidateDataResourceConfig": st.builds(pb.ValidateDataResourceConfig.Request, type_name=sources, config=dynamic),
    "ReadDataSource": st.builds(pb.ReadDataSource.Request, type_name=sources, config=dynamic),
    "CallFunction": st.builds(
        pb.CallFunction.Request, name=st.sampled_from(["manifest", "other"]), arguments=st.lists(dynamic, max_size=2)
    ),
    "UpgradeResourceState": st.builds(pb.UpgradeResourceState.Request, type_name=kinds, raw_state=state),
    "UpgradeResourceIdentity": st.builds(pb.UpgradeResourceIdentity.Request, type_name=kinds, raw_identity=state),
    "ReadResource": st.builds(pb.ReadResource.Request, type_name=kinds, current_state=dynamic, private=private),
    "PlanResourceChange": st.builds(
        pb.PlanResourceChange.Request,
        type_name=kinds,
        prior_state=dynamic,
        proposed_new_state=dynamic,
        config=dynamic,
        prior_private=private,
    ),
    "ApplyResourceChange": st.builds(
        pb.ApplyResourceChange.Request,
        type_name=kinds,
        prior_state=dynamic,
        planned_state=dynamic,
        config=dynamic,
        planned_private=private,
    ),
    "ValidateEphemeralResourceConfig": st.builds(
        pb.ValidateEphemeralResourceConfig.Request, type_name=tokens, config=dynamic
    ),
    "OpenEphemeralResource": st.builds(pb.OpenEphemeralResource.Request, type_name=tokens, config=dynamic),
    "RenewEphemeralResource": st.builds(pb.RenewEphemeralResource.Request, type_name=tokens),
    "CloseEphemeralResource": st.builds(pb.CloseEphemeralResource.Request, type_name=tokens),
    "ImportResourceState": st.builds(
        pb.ImportResourceState.Request, type_name=kinds, id=text | st.just("standup"), identity=identity
    ),
}


@pytest.mark.parametrize("method", REQUESTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_answers_or_diagnostics(method: str, data: st.DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay_provider.session.connect", Here)
    monkeypatch.setattr("relay_provider.terraform.plan.QUIET", 0)
    request = data.draw(REQUESTS[method])

    async def ask() -> Any:
        service = Service()
        await service.provider.rooms.backend.create(_room())
        return await service.answer(method, request)

    answer = asyncio.run(ask())
    type(answer).FromString(answer.SerializeToString())
    told = list(getattr(answer, "diagnostics", [])) if method != "CallFunction" else []
    for one in told:
        assert one.summary
        assert one.detail
        assert "defect" not in one.detail, one.detail
    if method == "CallFunction":
        assert answer.WhichOneof is not None
        assert answer.HasField("error") != answer.HasField("result")
        assert "defect" not in answer.error.text


def test_every_method_is_asked() -> None:
    assert REQUESTS.keys() == METHODS


def _room() -> Any:
    from relay_provider.model import RoomInputs

    return RoomInputs(name="standup")
