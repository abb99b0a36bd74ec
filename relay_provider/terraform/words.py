"""What the protocol's messages say of a failure: this door's words, and where in the configuration it is.

The life cycle speaks of schema names and of what Pulumi's users type; here those are attributes and `tofu`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pydantic.alias_generators import to_camel, to_snake

from relay_provider import errors
from relay_provider.config import OPTIONS
from relay_provider.errors import ConfigError, InvalidInputs, Problem, RelayError, redacted
from relay_provider.livekit_room import Agent, LiveKit
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.terraform.protocol import tfplugin6_pb2 as pb

_PHRASES: Final = (
    ("Defaults to the resource's own name. ", ""),
    ("forceDestroy: true", "force_destroy = true"),
    ("on the room and bring that up; then try again", "on the room and apply that; then try again"),
    (
        "If this stack has made it under another resource, a run that refreshes first knows that.",
        "A room that only moves to another address needs a `moved` block; with create_before_destroy a room cannot be "
        "replaced under its own name.",
    ),
)
_CONFIG_SET: Final = re.compile(r"run `pulumi config set (?:--secret )?(?:relay:)?(\w+) …`")
_FIELDS: Final = {field for model in (RoomInputs, LiveKit, Agent, LiveRoom) for field in model.model_fields}
_NAMES: Final = sorted({*map(to_camel, _FIELDS), *(one.name for one in OPTIONS)}, key=len, reverse=True)
# What is quoted is somebody's value, and stays.
_NAME: Final = re.compile(rf'"(?:[^"\\]|\\.)*"|(?:\brelay:)?\b({"|".join(_NAMES)})\b')

_SUMMARIES: Final[tuple[tuple[type[RelayError], str], ...]] = (
    (errors.ConfigError, "The provider's settings are not right"),
    (errors.Unauthorized, "The key is not accepted"),
    (errors.NotFound, "There is no such room"),
    (errors.RateLimited, "The server asks to slow down"),
    (errors.Unavailable, "The server cannot be reached"),
    (errors.UnexpectedAnswer, "The server's answer cannot be used"),
    (errors.Rejected, "The server refuses this"),
    (errors.RoomDiffers, "The room is live with other settings"),
    (errors.RoomOccupied, "People are in the room"),
    (errors.RoomUnsure, "It is not sure that the room is empty"),
    (errors.RoomKept, "The room is kept"),
    (errors.ReplacementFailed, "The room could not be recreated"),
)


def in_hcl(text: str) -> str:
    """A sentence of the life cycle in this door's words."""
    for theirs, ours in _PHRASES:
        text = text.replace(theirs, ours)
    text = _CONFIG_SET.sub(lambda found: f"write {found[1]} into the provider's block", text)
    return _NAME.sub(lambda found: to_snake(found[1]) if found[1] else found[0], text)


def path(steps: str) -> pb.AttributePath:
    """The attribute of a property's path, such as `livekit.agents[0].metadata`."""
    return pb.AttributePath(
        steps=[
            pb.AttributePath.Step(element_key_int=int(step))
            if step.isdecimal()
            else pb.AttributePath.Step(attribute_name=to_snake(step))
            for step in re.findall(r"[^.\[\]]+", steps)
        ]
    )


def error(summary: str, detail: str, at: str = "") -> pb.Diagnostic:
    """A failure; `at` is the property's path."""
    return _diagnostic(pb.Diagnostic.ERROR, summary, detail, at)


def warning(summary: str, detail: str, at: str = "") -> pb.Diagnostic:
    """What people should know of before they agree."""
    return _diagnostic(pb.Diagnostic.WARNING, summary, detail, at)


def _diagnostic(severity: pb.Diagnostic.Severity, summary: str, detail: str, at: str) -> pb.Diagnostic:
    attribute = path(at) if at and at != "(root)" else None
    return pb.Diagnostic(severity=severity, summary=summary, detail=detail, attribute=attribute)


def wrong(problems: Iterable[Problem], secrets: Iterable[str] = ()) -> list[pb.Diagnostic]:
    """Each wrong attribute as a failure of its own."""
    secrets = tuple(secrets)
    return [
        error(
            f"{to_snake(found.path.partition('.')[0])} is wrong" if found.path != "(root)" else "The values are wrong",
            redacted(in_hcl(f"{found.path} {found.message}."), secrets),
            found.path,
        )
        for found in problems
    ]


def failures(failure: RelayError, secrets: Iterable[str] = (), at: str = "") -> list[pb.Diagnostic]:
    """A failure of the family, without any of `secrets`."""
    if isinstance(failure, InvalidInputs):
        return wrong(failure.problems, secrets)
    summary = next((text for kind, text in _SUMMARIES if isinstance(failure, kind)), "This could not be done")
    return [error(summary, redacted(in_hcl(str(failure)), secrets), at)]


def not_known(names: Iterable[str]) -> ConfigError:
    """Settings of the provider that another resource of the same run will tell."""
    shown = ", ".join(names)
    return ConfigError(
        f"The provider's {shown} will be known only when what it comes from has been applied, and no other place is "
        "taken instead. Apply that first (-target), or write the value down."
    )
