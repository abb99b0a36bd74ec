"""An answer's body as one of the model's nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class Unreadable(Exception):
    """A body that is not what the document says; `garbled` when it is in another format altogether."""

    def __init__(self, why: str, *, garbled: bool = False) -> None:
        super().__init__(why)
        self.garbled = garbled


def as_json(model: type[M]) -> Callable[[bytes], M]:
    """Reads a body as `model`; Unreadable says the first thing that is wrong."""

    def read(body: bytes) -> M:
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            if first["type"] == "json_invalid":
                raise Unreadable("no JSON", garbled=True) from None
            where = ".".join(str(part) for part in first["loc"])
            raise Unreadable(f"{where}: {first['msg']}" if where else first["msg"]) from None

    return read
