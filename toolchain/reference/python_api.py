"""What `import relay_provider` has, from signatures and docstrings."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import relay_provider
from toolchain.reference.markdown import fence, page

INTRODUCTION = """
Everything that `import relay_provider as relay` has, as `help()` says it. How it goes together:
[Python programs](../python.md).
"""
GROUPS = {
    "Resources": ("Room", "RoomSet", "RoomSettings", "declare_rooms", "LiveKit", "Agent"),
    "Connections": ("ProjectRef", "KeyRef"),
    "Functions": ("get_room", "list_rooms", "get_sayna_room", "join_token", "remove_participant"),
    "Answers": ("LiveRoom", "RoomDetail", "Participant", "Removal", "SaynaRoom", "SaynaParticipant"),
    "Errors": (
        "RelayError",
        "ConfigError",
        "NotFound",
        "RateLimited",
        "Rejected",
        "Unauthorized",
        "Unavailable",
        "UnexpectedAnswer",
    ),
}


def made() -> str:
    blocks = [
        block
        for title, names in GROUPS.items()
        for block in (f"## {title}", *(part for name in names for part in shown(name, title)))
    ]
    return page("Python API", INTRODUCTION, *blocks)


def shown(name: str, group: str) -> Iterator[str]:
    thing = getattr(relay_provider, name)
    yield f"### {name}"
    if group in ("Resources", "Connections", "Functions"):
        yield fence("python", signature(name, thing))
    yield inspect.getdoc(thing) or ""
    if group == "Answers":
        yield "\n".join(fields(thing))


def signature(name: str, thing: Any) -> str:
    """A parameter a line."""
    if thing is relay_provider.RoomSettings:
        return "\n".join([f"class {name}(TypedDict, total=False):", *(f"    {one}" for one in typed(thing))])
    called = inspect.signature(thing)
    lines = [f"    {plain(str(one))}," for one in called.parameters.values()]
    kinds = [one.kind for one in called.parameters.values()]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        lines.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "    *,")
    gives = "" if inspect.isclass(thing) else f" -> {plain(inspect.formatannotation(called.return_annotation))}"
    return "\n".join([f"{name}(", *lines, f"){gives}"])


def plain(annotated: str) -> str:
    return annotated.replace("'", "")


def typed(thing: Any) -> list[str]:
    return [
        f"{name}: {plain(getattr(kind, '__forward_arg__', str(kind)))}" for name, kind in thing.__annotations__.items()
    ]


def fields(model: Any) -> list[str]:
    """Each with what it is called in Python, and what it says."""
    return [
        f"- `{name}` ({kind_of(one.annotation)}){': ' + one.description if one.description else ''}"
        for name, one in model.model_fields.items()
    ]


def kind_of(annotation: Any) -> str:
    return re.sub(r"\b(?:typing|relay_provider\.\w+)\.", "", inspect.formatannotation(annotation))
