"""Values: JSON data in its one spelling, values that are not known yet, and what to call a value in a message."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic_core import PydanticCustomError

from relay_provider.errors import escaped, redacted

MAX_METADATA: Final = 4096


class Unknown:
    """Stands for a value that a preview does not know yet; passes every check, equals nothing but itself."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def wrong(message: str) -> PydanticCustomError:
    """A validation failure with exactly this message (braces and all)."""
    return PydanticCustomError("relay", "{message}", {"message": message})


def kind_of(value: object) -> str:
    """A value's type in the words of YAML and JSON, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
    return f"a {type(value).__name__}"


def counted(number: int, noun: str) -> str:
    """`1 room`, `2 rooms`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: object) -> str:
    """A value for a message: without secrets, and short."""
    match value:
        case str():
            text = redacted(value)
            return escaped(json.dumps(text if len(text) <= 40 else text[:39] + "…", ensure_ascii=False))
        case int() if not isinstance(value, bool):
            return str(value) if abs(value) < 10**21 else "a number of more than 20 digits"
        case float():
            return str(value)
    return kind_of(value)


def whole_number(value: object, low: int, high: int) -> int:
    """`value` as an integer within limits. Pulumi's numbers are floats, so 50.0 is 50; true is no number."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, bool) or not isinstance(whole, int) or not low <= whole <= high:
        raise wrong(f"must be a whole number from {low} to {high}, not {shown(value)}")
    return whole


_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """JSON data in its one spelling: whole floats as integers; nothing JSON cannot say."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            if not math.isfinite(value):
                raise wrong("must not hold NaN or Infinity, which JSON cannot say")
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case dict() | Mapping():
            for key in value:
                if not isinstance(key, str):
                    raise wrong(f"must have strings as keys, not {kind_of(key)} ({shown(key)})")
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    raise wrong(f"must hold JSON data only, not {kind_of(value)}")


def canonical_json(value: object) -> str:
    """The one spelling of JSON data: sorted keys, no spaces, UTF-8 kept, 50.0 as 50."""
    try:
        return _ENCODER.encode(_plain(value))
    except RecursionError:
        raise wrong("is nested too deeply") from None
    except PydanticCustomError:
        raise
    except ValueError:  # Python writes no integer of more than 4300 digits
        raise wrong("must not hold a number of thousands of digits") from None


def canonical_metadata(value: object, most: int = MAX_METADATA) -> str:
    """Metadata as the string that is stored: a string as it is, an object or array as canonical JSON."""
    if isinstance(value, Mapping | list | tuple):
        text = canonical_json(value)
    elif isinstance(value, str):
        text = value
    else:
        raise wrong(f"must be a string, or an object or list that becomes JSON, not {kind_of(value)}")
    if len(text) > most:
        raise wrong(f"must have at most {most} characters, not {len(text)}")
    return valid_text(text)


def valid_text(text: str) -> str:
    """`text` if it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise wrong("must be valid Unicode: it holds half of a surrogate pair") from None
    return text


def metadata_meaning(text: object) -> object:
    """What a metadata string means, for comparison: two spellings of one JSON object or array are equal."""
    if not isinstance(text, str):
        return text  # not known yet
    if text[:1] not in "{[" and text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return text


def holds_unknown(value: object) -> bool:
    """Is the value unknown, or any part of it?"""
    try:
        match value:
            case Unknown():
                return True
            case dict() | Mapping():
                return any(holds_unknown(item) for item in value.values())
            case list() | tuple():
                return any(holds_unknown(item) for item in value)
    except RecursionError:
        pass  # whoever uses the value will say that it is too deep
    return False


def did_you_mean(word: str, known: Collection[str], otherwise: str = "") -> str:
    """A question after what most likely was meant by a word that is not among those `known`, or else `otherwise`."""
    meant = next(iter(get_close_matches(word, known, n=1)), None) or respelled(word, known)
    return f"; did you mean {meant}?" if meant else otherwise


def respelled(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs from this one in capitals, `-` and `_` alone."""
    plain = word.lower().replace("_", "").replace("-", "")
    return next((name for name in known if name.lower() == plain), None)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key that does not exist."""
    known = list(known)
    return "is not a known key" + did_you_mean(key, known, f"; known are {', '.join(known)}" if known else "")


def boolean(value: object) -> bool:
    """`value` if it is true or false."""
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {shown(value)}")
    return value
