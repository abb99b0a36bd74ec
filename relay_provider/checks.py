"""Checking inputs: every wrong one at once, with its path, and the others in their one spelling."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic.alias_generators import to_camel
from pydantic_core import ValidationError

from relay_provider.backends.prefix import elsewhere
from relay_provider.errors import Problem
from relay_provider.livekit_room import Agent, LiveKit
from relay_provider.model import FIELDS, OWN, RoomInputs, settings_of
from relay_provider.place import Place
from relay_provider.values import UNKNOWN, holds_unknown, unknown_key


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: the inputs in their one spelling (unknowns kept), and every problem."""

    inputs: dict[str, Any]
    problems: tuple[Problem, ...]


def check(raw: Mapping[str, Any], place: Place | None = None) -> Checked:
    """Check inputs (schema names) field by field; reports every wrong one at once, lets `UNKNOWN` pass.

    With `place`, what cannot be declared there is wrong, too.
    """
    own = raw.get("livekit")
    known, later = raw, {}
    if isinstance(own, Mapping):
        later = {key: UNKNOWN for key, value in own.items() if holds_unknown(value)}
        known = {**raw, "livekit": {key: value for key, value in own.items() if key not in later}}
    unknown = {key: UNKNOWN for key, value in known.items() if key in FIELDS.values() and holds_unknown(value)}
    known = {key: value for key, value in known.items() if key not in unknown and value is not None}
    if "name" in unknown:
        known["name"] = "unknown"
    foreign = _out_of_place(raw, place) if place else ()
    try:
        inputs = RoomInputs.model_validate(known, by_alias=True, by_name=False).props()
    except ValidationError as error:
        return Checked({**raw, **unknown}, (*problems_of(error), *foreign))
    if later:
        inputs["livekit"] = {**inputs.get("livekit", {}), **later}
    return Checked({**inputs, **unknown}, foreign)


def _out_of_place(raw: Mapping[str, Any], place: Place) -> tuple[Problem, ...]:
    found = []
    if raw.get("livekit") and not any(name.startswith(OWN) for name in settings_of(place.backend)):
        found.append(Problem("livekit", _ELSEWHERE))
    if isinstance(name := raw.get("name"), str) and (why := elsewhere(place, name)):
        found.append(Problem("name", why))
    return tuple(found)


_ELSEWHERE: Final = "holds settings of LiveKit, and this room lives on Relay: take it out, or use the backend livekit"
_KEYS: Final[Mapping[int, Collection[str]]] = {
    1: tuple(FIELDS.values()),
    2: tuple(map(to_camel, LiveKit.model_fields)),
    4: tuple(map(to_camel, Agent.model_fields)),
}
"""What there is to mean by an unknown key, by how deep it stands."""


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """A pydantic failure as problems, with a "did you mean" for keys that do not exist."""
    return tuple(
        Problem(
            path_of(found["loc"]) or "(root)",
            unknown_key(str(found["loc"][-1]), _KEYS.get(len(found["loc"]), ()))
            if found["type"] == "extra_forbidden"
            else "is required"
            if found["type"] == "missing"
            else found["msg"],
        )
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    )


def path_of(loc: Iterable[str | int]) -> str:
    """Where something stands, as a property path: `livekit.agents[1].agentName`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
