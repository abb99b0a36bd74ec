"""How a project is reached, as a manifest says it: addresses, and references to keys, never keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from relay_provider import values
from relay_provider.address import checked_url
from relay_provider.allowed import KEYS as ALLOWED_KEYS
from relay_provider.allowed import refused
from relay_provider.backends.prefix import ALLOWED, is_project_id
from relay_provider.config import BACKENDS, WRITTEN, KeyRef, ProjectRef, load
from relay_provider.errors import ConfigError, key_like, redacted
from relay_provider.manifest.reader import WRONG, Reader, shown
from relay_provider.manifest.yamlpos import Map, Node, Pair, Scalar, resolve

KEYS: Final = ("apiKey", "baseUrl", "backend", "livekit")
LIVEKIT_KEYS: Final = ("url", "apiKey", "apiSecret", "projectId")

# Capitals, as is the custom, or all small. A mixture is more often a pasted key than a variable.
ENV_PATTERN: Final = r"^(?:[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*)$"
CONFIG_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?$"


def connection(label: str, entries: Mapping[str, Pair], reader: Reader) -> ProjectRef:
    """The project's reference from the entries of `KEYS`; what is wrong is noted and left out."""
    nodes = {key: node for key, (_, node) in entries.items()}
    if "livekit" in entries:
        livekit = reader.fields(nodes["livekit"], "livekit", LIVEKIT_KEYS)
        nodes |= {f"livekit.{key}": node for key, (_, node) in livekit.items()}
    found: dict[str, Any] = {
        field: _value(written, nodes[written], reader) for field, written in WRITTEN.items() if written in nodes
    }
    if "livekit" in entries:
        found.setdefault("backend", "livekit")
    _fitting(entries, found.get("backend"), reader)
    return ProjectRef(label, **found)


def backend_of(ref: ProjectRef) -> str:
    """Where the project's rooms live, as the manifest or else the environment says; "" where that is wrong."""
    try:
        return ref.without_keys(load()).backend
    except ConfigError:
        return ""


def written(ref: ProjectRef) -> dict[str, Any]:
    """The entries that `connection` makes this reference of."""
    entries: dict[str, Any] = {}
    for field, value in ref.as_state().items():
        if field in WRITTEN:
            *outer, key = WRITTEN[field].split(".")
            (entries.setdefault(outer[0], {}) if outer else entries)[key] = value or None
    return entries


def _value(name: str, node: Node, reader: Reader) -> KeyRef | str | None:
    if name.endswith(("apiKey", "apiSecret")):
        return _key_ref(name.removeprefix("livekit."), node, reader)
    if name == "backend":
        return _backend(node, reader)
    if name == "livekit.projectId" and _is_null(node):
        return ""
    text = reader.text(name, node)
    try:
        return None if text is None else _plain(name, text)
    except ConfigError as error:
        reader.problems.say(node.at, str(error).removesuffix("."))
        return None


def _plain(name: str, text: str) -> str:
    """What may stand in the file as it is, an ID or an address; ConfigError says why not."""
    if redacted(text) != text:
        raise ConfigError(f"{name} looks like a key, which must not stand in the file")
    if name == "livekit.projectId":
        if is_project_id(text):
            return text
        raise ConfigError(f"{name} may hold {ALLOWED}, and is {values.shown(text)}")
    url = checked_url(name, text, allow_http=True)  # whether plain http is allowed is known when it is used
    schemes = ("https", "http") if name == "baseUrl" else ("wss", "ws", "https", "http")
    if url.partition(":")[0].lower() in schemes:
        return url
    raise ConfigError(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")


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
        reader.problems.say(
            node.at, f"{name} is empty; {way}" if _is_null(node) else f"{name} must not stand in the file; {way}"
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


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.tag is None and resolve(node) is None


def _backend(node: Node, reader: Reader) -> str | None:
    value = reader.plain(node)
    if value is WRONG or value in BACKENDS:
        return str(value) if value is not WRONG else None
    reader.problems.say(node.at, f"backend must be relay or livekit, not {shown(node)}")
    return None
