"""The plugin's resources and functions in each of Pulumi's languages, from the package's schema."""

import re
from collections.abc import Iterator
from typing import Any

from relay_provider.plugin.package_schema import package_schema
from toolchain.reference.languages import LANGUAGES, Language
from toolchain.reference.markdown import code, fence, page, table

INTRODUCTION = """
The resources, functions and settings of the plugin as {} has them. How it is installed:
[installation and configuration](../installation-configuration.md); what to know of rooms:
[any Pulumi language](../plugin.md).
"""
UNTRIED = """
**Not tested here.** Pulumi generates the SDK for {} from the same schema, and the names below follow its rules. The
tests of this repository run programs in TypeScript, Python, Go and YAML, and none in {}.
"""
EXAMPLE = re.compile(r"\{\{% example %\}\}\n### (.*?)\n(.*?)\{\{% /example %\}\}", re.DOTALL)
SHORTCODES = re.compile(r"\{\{% examples %\}\}.*?\{\{% /examples %\}\}", re.DOTALL)


def pages() -> dict[str, str]:
    schema = package_schema()
    return {language.page: made(schema, language) for language in LANGUAGES}


def made(schema: dict[str, Any], language: Language) -> str:
    title = language.title
    blocks = [INTRODUCTION.format(title), "" if language.tried else UNTRIED.format(title, title)]
    if language.using:
        blocks.append(fence(language.fence, language.using))
    blocks += resources(schema, language)
    blocks.append("## Functions")
    blocks += functions(schema, language)
    blocks += ["## Provider", schema["provider"]["description"]]
    blocks.append(rows(schema["provider"]["inputProperties"], language, ("setting", "type", "")))
    blocks.append("## Types")
    for token, one in schema["types"].items():
        blocks += [f"### {named(token)}", one["description"]]
        if "properties" in one:
            blocks.append(rows(one["properties"], language, ("field", "type", ""), one.get("required", ())))
        else:
            blocks.append(", ".join(f"`{choice['value']}`" for choice in one["enum"]) + ".")
    return page(f"The plugin's API in {title}", *blocks)


def resources(schema: dict[str, Any], language: Language) -> Iterator[str]:
    for token, one in schema["resources"].items():
        yield f"## {named(token)}"
        yield from about(one["description"], language)
        yield "### Inputs of " + named(token)
        yield rows(one["inputProperties"], language, ("input", "type", ""), one.get("requiredInputs", ()))
        yield "### Outputs of " + named(token)
        yield rows(one["properties"], language, ("output", "type", ""))


def functions(schema: dict[str, Any], language: Language) -> Iterator[str]:
    for token, one in schema["functions"].items():
        name = token.rpartition(":")[2]
        yield f"### {name}"
        yield f"{language.function(name)}"
        yield from about(one["description"], language)
        if given := one.get("inputs", {}).get("properties"):
            yield rows(given, language, ("argument", "type", ""), one["inputs"].get("required", ()))
        yield rows(one["outputs"]["properties"], language, ("result", "type", ""))


def about(description: str, language: Language) -> Iterator[str]:
    """The text, and of the examples those in this language, without the registry's markup."""
    before, *after = SHORTCODES.split(description)
    yield before
    for title, blocks in EXAMPLE.findall(description):
        if found := re.search(rf"```{language.fence}\n(.*?)```", blocks, re.DOTALL):
            yield f"**{title.strip()}**"
            yield fence(language.fence, found[1])
    yield from (re.sub(r"^## (.*)$", r"**\1**", one, flags=re.MULTILINE) for one in after)


def rows(properties: dict[str, Any], language: Language, heads: tuple[str, ...], required: Any = ()) -> str:
    lines = [
        (code(language.property(name)), kind(one, language), said(one, name in required))
        for name, one in properties.items()
    ]
    return table(heads, lines)


def said(one: dict[str, Any], required: bool) -> str:
    return f"{'Required. ' * required}{one.get('description', '')}{' Secret.' * bool(one.get('secret'))}"


def kind(one: dict[str, Any], language: Language) -> str:
    if reference := one.get("$ref"):
        return language.kinds["any"] if reference.endswith("#/Any") else named(reference)
    if one["type"] == "array":
        return language.a_list.format(kind(one["items"], language))
    if one["type"] == "object":
        return language.a_map.format(kind(one["additionalProperties"], language))
    return language.kinds[one["type"]]


def named(token: str) -> str:
    return token.rpartition(":")[2]
