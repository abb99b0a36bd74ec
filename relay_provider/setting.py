"""What a setting of a room is: what stands beside an input's type in the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BeforeValidator

EVERYWHERE: Final = frozenset({"relay", "livekit"})
LIVEKIT: Final = frozenset({"livekit"})


@dataclass(frozen=True, slots=True)
class Setting:
    """How a live room has a setting."""

    absent: object
    """What a live room shows when the input is absent; None where the server chooses, so that nothing is compared."""
    limits: str
    when_absent: str
    in_place_on: frozenset[str] = frozenset()
    """The backends that change it while the room goes on; elsewhere a change replaces the room."""
    unreported_by: frozenset[str] = frozenset()
    """The backends that do not tell how a live room has it."""
    meaning: Callable[[Any], object] = lambda value: value
    """What a value means: two values of one meaning are equal."""
    only_on: frozenset[str] = EVERYWHERE
    """The backends that know it."""
    falls_to: str = ""
    """The setting that says it where it is absent."""
    field: str = ""
    """Its name in Python, of inputs and live rooms; filled in by the model's table."""


def optional(known: Callable[[object], Any]) -> BeforeValidator:
    """Null is absent; anything else is checked."""
    return BeforeValidator(lambda value: None if value is None else known(value))
