"""A room's properties as a state has them: what a program registers, and what a look at the live room makes of them.

Knows nothing of Pulumi, so that a state can be read where the engine is not started.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from relay_provider.changes import diff, inputs_as_live, outputs
from relay_provider.config import Connection, ProjectRef
from relay_provider.model import FIELDS, LiveRoom
from relay_provider.place import Place, place_of

Props = Mapping[str, Any]

PROVIDER_KEY: Final = "__provider"
PROVIDER: Final = "gASVNwAAAAAAAACMH3JlbGF5X3Byb3ZpZGVyLmR5bmFtaWMucHJvdmlkZXKUjAxSb29tUHJvdmlkZXKUk5QpgZQu"
"""The dynamic provider as state holds it: the pickle of a reference to its class, which keeps its name."""

_OURS: Final = ("project", "place", "resource")
"""What a room's properties hold beside its own: the reference to its project, where that led, and the resource's name
where the room's does not say it."""


def own(props: Props) -> dict[str, Any]:
    """A room's inputs among the properties."""
    return {key: props[key] for key in FIELDS.values() if props.get(key) is not None}


def ours(props: Props) -> dict[str, Any]:
    """What stands beside them."""
    return {key: props[key] for key in _OURS if props.get(key)}


def kept(props: Props) -> dict[str, Any]:
    """All of them but the provider."""
    return {key: value for key, value in props.items() if key != PROVIDER_KEY}


def place(props: Props, base: Connection) -> Place:
    """Where the room lives: as the state says, or as its project's reference leads there now."""
    if stated := props.get("place"):
        return Place.from_state(stated)
    ref = props.get("project")
    return place_of(ProjectRef.from_state(ref).without_keys(base) if ref else base)


def registered(inputs: Props, news: Props, base: Connection) -> dict[str, Any]:
    """What the state has of a room that a program declares: checked `inputs`, and what stands beside them in `news`."""
    return {**inputs, **ours(news), "place": place({"project": news.get("project")}, base).as_state()}


def read(props: Props, live: LiveRoom) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The properties after a look at the live room, and the inputs where those are no longer as they were."""
    now = outputs(props, live, props)
    # Inputs that come back otherwise than the program spells them make every `up` write them, once per room.
    as_declared = not diff(props, now, ()).changes
    inputs = None if as_declared else {**inputs_as_live(own(props), live), **ours(props)}
    return {**now, **ours(props)}, inputs
