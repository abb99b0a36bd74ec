"""What the engine keeps of a resource beside its state, and hands from a plan to what is done by it."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, fields
from typing import Final

from relay_provider.terraform import codec

_FLAGS: Final = ("foretold", "force", "kept")


@dataclass(frozen=True, slots=True)
class Private:
    """`by` and `place` stay with the resource, the rest is of one plan."""

    by: str
    """The resource, for as long as it is: the protocol tells no addresses."""
    place: str = ""
    """Where the room lives, as a state keeps it."""
    had: str = ""
    """The name of the room that the resource has, when this plans a replacement of it."""
    foretold: bool = False
    """Were people told whom that disconnects?"""
    force: bool | None = None
    """The consent to end an occupied room, as declared now."""
    kept: bool = False
    """Is the room that the resource has another's, too, so that the engine's delete must end nothing?"""

    @classmethod
    def read(cls, data: bytes) -> Private:
        """What was kept; a new resource when nothing was."""
        found = codec.json_object(data, "what is kept beside the state is not this provider's")
        known = {one.name: found[one.name] for one in fields(cls) if one.name in found}
        if not all(isinstance(value, bool if name in _FLAGS else str) for name, value in known.items()):
            raise codec.Malformed("", "what is kept beside the state is not this provider's")
        return cls(**{"by": uuid.uuid4().hex, **known})

    def written(self) -> bytes:
        shown = {one: value for one, value in asdict(self).items() if value or (one == "force" and value is not None)}
        return json.dumps(shown, separators=(",", ":")).encode()

    def of_state(self, place: str) -> bytes:
        """What stays when a plan was carried out."""
        return Private(self.by, place).written()

    def is_elsewhere(self, place: str) -> bool:
        """Is the room of another place than this?"""
        return self.place not in ("", place)
