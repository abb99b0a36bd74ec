"""What commands print, held against the committed schemas: no key less, and none that they do not tell of."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parent.parent.parent


def conforms(name: str, data: object) -> None:
    """Is this what `schemas/NAME.json` says, and nothing beside it?"""
    _validator(name).validate(data)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(_strict(json.loads((ROOT / "schemas" / f"{name}.json").read_text())))


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(one) for key, one in schema.items()}
    return {"additionalProperties": False, **found} if isinstance(found.get("required"), list) else found
