"""An answer's body as one of the model's nouns."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from relay_provider.backends.http import Http

M = TypeVar("M", bound=BaseModel)


def read(http: Http, response: httpx.Response, model: type[M]) -> M:
    """The body as `model`. Raises UnexpectedAnswer, naming the request and the first thing that is wrong."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        kind = "no JSON" if first["type"] == "json_invalid" else f"{where}: {first['msg']}" if where else first["msg"]
        raise http.unexpected(response, http.quoted(kind)) from None
