"""How a project is reached, as a manifest says it: addresses, and references to keys, never keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from relay_provider.allowed import KEYS as ALLOWED_KEYS
from relay_provider.allowed import refused
from relay_provider.backends.prefix import ALLOWED, is_project_id
from relay_provider.config import BACKENDS, KeyRef, ProjectRef, checked_url
from relay_provider.errors import ConfigError, redacted
from relay_provider.manifest.reader import WRONG, Reader, key_like, kind, shown
from relay_provider.manifest.yamlpos import Map, Node, Pair, Scalar, resolve

KEYS: Final = ("apiKey", "baseUrl", "backend", "livekit")
LIVEKIT_KEYS: Final = ("url", "apiKey", "apiSecret", "projectId")

# Capitals, as is the custom, or all small. A mixture is more often a pasted key than a variable.
ENV_PATTERN: Final = r"^(?:[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*)$"
CONFIG_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?$"


def connection(label: str, entries: Mapping[str, Pair], reader: Reader) -> ProjectRef:
    """The project's reference from the entries of `KEYS`; what is wrong is noted and left out."""
    nodes = {key: node for key, (_, node) in entries.items() if key in KEYS}
    values: dict[str, Any] = {}
    if "apiKey" in nodes:
        values["api_key"] = _key_ref("apiKey", nodes["apiKey"], reader)
    if "baseUrl" in nodes:
        values["base_url"] = _url("baseUrl", nodes["baseUrl"], ("https", "http"), reader)
    if "backend" in nodes:
        values["backend"] = _backend(nodes["backend"], reader)
    if "livekit" in nodes:
        values |= _livekit(nodes["livekit"], reader)
        values.setdefault("backend", "livekit")
    _fitting(entries, values.get("backend"), reader)
    return ProjectRef(label, **values)


def _livekit(node: Node, reader: Reader) -> dict[str, Any]:
    entries = reader.fields(node, "livekit", LIVEKIT_KEYS)
    values: dict[str, Any] = {}
    for key, (_, value) in entries.items():
        match key:
            case "url":
                values["livekit_url"] = _url("livekit.url", value, ("wss", "ws", "https", "http"), reader)
            case "projectId":
                values["project_id"] = _project_id(value, reader)
            case "apiKey":
                values["livekit_api_key"] = _key_ref(key, value, reader)
            case _:
                values["livekit_api_secret"] = _key_ref(key, value, reader)
    return values


def _fitting(entries: Mapping[str, Pair], backend: str | None, reader: Reader) -> None:
    """Settings of the one backend say nothing to the other: most likely a project is not what its author thinks."""
    if backend == "relay" and "livekit" in entries:
        reader.problems.say(entries["livekit"][0].at, "livekit does not go with backend: relay; take one of them out")
    for key in ("apiKey", "baseUrl"):
        if backend == "livekit" and key in entries:
            way = "livekit: {apiKey: …, apiSecret: …}" if key == "apiKey" else "livekit: {url: …}"
            reader.problems.say(entries[key][0].at, f"{key} is for backend relay; with livekit write {way}")


def _key_ref(name: str, node: Node, reader: Reader) -> KeyRef | None:
    """Nothing that stands here is ever quoted: it may be the key itself."""
    way = f"write {name}: {{env: NAME}} with the environment variable that holds it"
    if isinstance(node, Scalar):
        empty = node.tag is None and resolve(node) is None
        reader.problems.say(
            node.at, f"{name} is empty; {way}" if empty else f"{name} must not stand in the file; {way}"
        )
        return None
    pair = node.pairs[0] if isinstance(node, Map) and len(node.pairs) == 1 and node.tag is None else None
    match pair:
        case (Scalar(text="env", tag=None), Scalar() as value):
            pattern, what = ENV_PATTERN, "an environment variable, such as RELAY_API_KEY"
        case (Scalar(text="config", tag=None), Scalar() as value):
            pattern, what = CONFIG_PATTERN, "a Pulumi config key, such as relayKey"
        case _:
            reader.problems.say(node.at, f"{name} must be {{env: NAME}} or {{config: NAME}}; {way}")
            return None
    key = resolve(value)
    if value.tag is not None or not isinstance(key, str) or not re.fullmatch(pattern, key) or key_like(key):
        reader.problems.say(value.at, f"{pair[0].text} must be the name of {what}, and never the key itself")
        return None
    if why := refused(ALLOWED_KEYS, key):
        reader.problems.say(value.at, f"{name} names {key}, {why}")
    return KeyRef("env" if pair[0].text == "env" else "config", key)


def _project_id(node: Node, reader: Reader) -> str | None:
    found = _text("livekit.projectId", node, reader)
    if found is None or is_project_id(found):
        return found
    reader.problems.say(node.at, f"livekit.projectId may hold {ALLOWED}, and is {shown(node)}")
    return None


def _text(name: str, node: Node, reader: Reader) -> str | None:
    value = reader.plain(node)
    if value is WRONG:
        return None
    if not isinstance(value, str):
        quotes = "; put it in quotes" if isinstance(node, Scalar) and value is not None else ""
        reader.problems.say(node.at, f"{name} must be a string, not {kind(node)}{quotes}")
    elif redacted(value) != value:
        reader.problems.say(node.at, f"{name} looks like a key, which must not stand in the file")
    else:
        return value
    return None


def _url(name: str, node: Node, schemes: tuple[str, ...], reader: Reader) -> str | None:
    """An address of the right form. Plain http passes: whether it is allowed is known when it is used."""
    url = _text(name, node, reader)
    if url is None:
        return None
    try:
        url = checked_url(name, url, allow_http=True)
    except ConfigError as error:
        reader.problems.say(node.at, str(error).removesuffix("."))
        return None
    if url.partition(":")[0].lower() not in schemes:
        reader.problems.say(node.at, f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return None
    return url


def _backend(node: Node, reader: Reader) -> str | None:
    value = reader.plain(node)
    if value is WRONG or value in BACKENDS:
        return str(value) if value is not WRONG else None
    reader.problems.say(node.at, f"backend must be relay or livekit, not {shown(node)}")
    return None
