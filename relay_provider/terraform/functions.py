"""The provider's functions: a manifest's rooms as a map."""

from __future__ import annotations

from typing import Any, Final

from relay_provider.errors import RelayError
from relay_provider.model import FIELDS, RoomInputs
from relay_provider.terraform import codec, schema
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.words import in_hcl

FUNCTIONS: Final = ("manifest",)
SHOWN_AS: Final = "rooms.yaml"
"""How a text, of which no file is known, is called in messages."""


def described() -> dict[str, pb.Function]:
    """Every function by its name."""
    return {
        "manifest": pb.Function(
            summary="The rooms of a manifest, as a map.",
            description="Each room that the text of a manifest (`rooms.yaml`) declares, with every default filled in, "
            "by `PROJECT/ROOM`: for `for_each`. The manifest is checked as `relay-rooms validate` does.",
            parameters=[pb.Function.Parameter(name="text", type=b'"string"', description="The manifest's text.")],
            **{"return": pb.Function.Return(type=schema.as_json(_type()))},  # type: ignore[arg-type]
        )
    }


def called(request: pb.CallFunction.Request) -> pb.CallFunction.Response:
    """What a function answers, or what is wrong with its arguments."""
    if request.name not in FUNCTIONS:
        return _failed(f'The relay provider has no function "{request.name}"; it has {", ".join(FUNCTIONS)}.')
    from relay_provider.manifest import ManifestError, from_text

    try:
        (argument,) = request.arguments
        text = codec.read(codec.unpacked(argument.msgpack), "string", "text")
        if not isinstance(text, str):
            return _failed("The manifest's text must be a string.", 0)
        manifest = from_text(text, SHOWN_AS)
    except ValueError:
        return _failed(f"manifest takes 1 argument, the manifest's text, not {len(request.arguments)}.")
    except ManifestError as error:
        return _failed(str(error), 0)
    except RelayError as error:
        return _failed(in_hcl(str(error)), 0)
    rooms = {
        f"{one.ref.label}/{room.name}": _declared(one.ref.label, room)
        for one in manifest.projects
        for room in one.rooms
    }
    return pb.CallFunction.Response(result=pb.DynamicValue(msgpack=codec.packed(codec.written(rooms, _type()))))


def _declared(label: str, room: RoomInputs) -> dict[str, Any]:
    raw = {one.name: one.written(room.props().get(one.key)) for one in schema.declared_room() if one.name in FIELDS}
    return {"project": label, **raw}


def _type() -> codec.Type:
    return ["map", schema.object_type(schema.declared_room())]


def _failed(text: str, argument: int | None = None) -> pb.CallFunction.Response:
    return pb.CallFunction.Response(error=pb.FunctionError(text=text, function_argument=argument))
