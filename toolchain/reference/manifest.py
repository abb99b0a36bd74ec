"""The manifest's keys, from the JSON Schema that editors get (which is made from the model)."""

from typing import Any

from relay_provider.manifest.json_schema import manifest_schema
from toolchain.reference.markdown import code, fence, page, table

INTRODUCTION = """
Every key that a manifest may have. [Start in five minutes](../start.md) shows one at work; what a change of a
setting does, and to whom: [what a change does](../changes.md).
"""
EXAMPLE = """
version: 1
name: rooms-of-acme
defaults: {emptyTimeout: 86400}
projects:
  webinars:
    apiKey: {env: WEBINARS_RELAY_KEY}
    defaults: {maxParticipants: 100}
    rooms:
      all-hands: {maxParticipants: 500, metadata: {topic: All hands}}
      lobby:
"""
RULES = """
- A room's own setting beats the project's defaults, and these beat the file's. `null` takes a default away.
- Several files make one manifest. A room of one project in two places is an error that names both.
- An unknown key, one that is there twice, a wrong type, a secret written out (`apiKey: sk_live_…`) and a file of more
  than 1 MiB are errors, at their line and column; `relay-rooms validate` shows all of them at once.
- Top-level keys that begin with `x-` are ignored: a place for YAML anchors.

Editors check and complete a manifest with its JSON Schema: `relay-rooms schema manifest > rooms.schema.json`, and
`# yaml-language-server: $schema=./rooms.schema.json` as the manifest's first line.
"""


def made() -> str:
    schema = manifest_schema()
    definitions = schema["$defs"]
    settings = definitions["settings"]["properties"]
    livekit = of(settings["livekit"])["properties"]
    sections = [
        ("The file", schema["properties"], schema["required"]),
        ("A project", definitions["project"]["properties"], ()),
        ("`livekit` of a project", definitions["livekit"]["properties"], ()),
        ("A key: `apiKey`, `apiSecret`", keys(definitions["key"]), ()),
        ("A room, and `defaults`", settings, ()),
        ("`livekit` of a room", livekit, ()),
        ("`agents` of a room's `livekit`", of(of(livekit["agents"])["items"])["properties"], ("agentName",)),
    ]
    blocks = [block for title, properties, required in sections for block in section(title, properties, required)]
    return page("The manifest: every key", INTRODUCTION, fence("yaml", EXAMPLE), RULES, *blocks)


def keys(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: one for way in schema["oneOf"] for name, one in way["properties"].items()}


def section(title: str, properties: dict[str, Any], required: tuple[str, ...] | list[str]) -> tuple[str, str]:
    rows = [
        (code(name), kind(one), f"{'Required. ' if name in required else ''}{one.get('description', '')}")
        for name, one in properties.items()
    ]
    return f"## {title}", table(("key", "is", ""), rows)


def of(schema: dict[str, Any]) -> dict[str, Any]:
    """What it is when it is not null."""
    ways = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    plain = {name: one for name, one in schema.items() if name != "anyOf"}
    return plain | ways[0] if len(ways) == 1 else schema


def kind(schema: dict[str, Any]) -> str:
    """In a few words, with the limits."""
    schema = of(schema)
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    if "$ref" in schema:
        return {"key": "a key", "settings": "a room's settings"}.get(schema["$ref"].rpartition("/")[2], "a map")
    if "anyOf" in schema:
        named = [{"array": "a list", "object": "a map"}.get(one["type"], "text") for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(one for one in named if one != "null"))
    plain = [one for one in as_list(schema.get("type")) if one != "null"]
    name = {"integer": "a whole number", "string": "text", "boolean": "true or false", "array": "a list"}
    limits = [schema[limit] for limit in ("minimum", "maximum") if limit in schema]
    return f"{name.get(plain[0], 'a map')}{', {} to {}'.format(*limits) if len(limits) == 2 else ''}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
