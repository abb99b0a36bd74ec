"""The provider's pages in the format of Terraform's registries, from the schema that engines get: `make schemas`.

`python -m toolchain.registry_docs` writes docs/terraform/. Beside the schema a page has an example, the file of
its name in examples/terraform/reference/, and what is in a `.md` there, if there is one.
"""

import asyncio
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from relay_provider.terraform.protocol import tfplugin6_pb2 as pb
from relay_provider.terraform.provider import Provider
from toolchain.programs import ROOT

PAGES = ROOT / "docs" / "terraform"
REFERENCE = ROOT / "examples" / "terraform" / "reference"
KINDS = {
    "resources": ("Resource", "resource_schemas"),
    "data-sources": ("Data Source", "data_source_schemas"),
    "ephemeral-resources": ("Ephemeral Resource", "ephemeral_resource_schemas"),
}
"""By their folders: what they are called, and where the provider tells of them."""
PREFIX = "relay_"
SECTIONS = ("Required", "Optional", "Read-Only")
WORDS = {"string": "String", "number": "Number", "bool": "Boolean", "dynamic": "Dynamic"}


def pages() -> dict[str, str]:
    """Every page by its path in the folder."""
    told = asyncio.run(Provider().get_provider_schema(None))
    found = {"index": of_block("index", "relay Provider", told.provider)}
    for folder, (kind, field) in KINDS.items():
        for name, schema in getattr(told, field).items():
            page = f"{folder}/{name.removeprefix(PREFIX)}"
            found[page] = of_block(page, f"{name} ({kind})", schema)
    for name, function in told.functions.items():
        found[f"functions/{name}"] = of_function(f"functions/{name}", name, function)
    return {f"{page}.md": text for page, text in found.items()}


def of_block(page: str, title: str, schema: pb.Schema) -> str:
    about = schema.block.description
    return whole(page, title, about, ["## Schema", *shown(schema.block.attributes, ())])


def of_function(page: str, name: str, function: pb.Function) -> str:
    taken = ", ".join(f"{one.name} {in_hcl(json.loads(one.type))}" for one in function.parameters)
    given = in_hcl(json.loads(getattr(function, "return").type))
    arguments = [f"1. `{one.name}` ({WORDS[json.loads(one.type)]}) {one.description}" for one in function.parameters]
    about = function.description or function.summary
    schema = ["## Signature", block("text", f"{name}({taken}) {given}"), "## Arguments", "\n".join(arguments)]
    return whole(page, f"{name} (Function)", about, schema)


def whole(page: str, title: str, about: str, schema: list[str]) -> str:
    example, more = REFERENCE / f"{page}.tf", REFERENCE / f"{page}.md"
    if not example.exists():
        sys.exit(f"{page} has no example: write {example.relative_to(ROOT)}.")
    front = f'---\npage_title: "{title}"\ndescription: |-\n{textwrap.indent(about, "  ")}\n---'
    usage = ["## Example Usage", block("terraform", example.read_text().strip())]
    rest = [more.read_text().strip()] if more.exists() else []
    note = "<!-- `make schemas` writes this page. -->"
    return "\n\n".join([front, note, f"# {title}", about, *usage, *schema, *rest]) + "\n"


def shown(attributes: Iterable[pb.Schema.Attribute], path: tuple[str, ...]) -> Iterator[str]:
    """Attributes by whether they are required, and then what is in those that are objects."""
    attributes = sorted(attributes, key=lambda one: one.name)
    for section in SECTIONS:
        if lines := [line(one, path) for one in attributes if section == section_of(one)]:
            yield f"### {section}" if not path else f"{section}:"
            yield "\n".join(lines)
    for one in attributes:
        if one.HasField("nested_type"):
            inner = (*path, one.name)
            yield f'<a id="{anchor(inner)}"></a>\n### Nested Schema for `{".".join(inner)}`'
            yield from shown(one.nested_type.attributes, inner)


def section_of(one: pb.Schema.Attribute) -> str:
    return "Required" if one.required else "Optional" if one.optional else "Read-Only"


def line(one: pb.Schema.Attribute, path: tuple[str, ...]) -> str:
    kind, below = type_of(one), ""
    if one.HasField("nested_type"):
        below = f" (see [below](#{anchor((*path, one.name))}))"
    secret = ", Sensitive" if one.sensitive else ""
    return f"- `{one.name}` ({kind}{secret}) {one.description}{below}"


def anchor(path: tuple[str, ...]) -> str:
    return "--".join(("nestedatt", *path))


def type_of(one: pb.Schema.Attribute) -> str:
    if one.HasField("nested_type"):
        return "Attributes List" if one.nested_type.nesting == pb.Schema.Object.LIST else "Attributes"
    kind = json.loads(one.type)
    return WORDS[kind] if isinstance(kind, str) else f"{kind[0].title()} of {WORDS[kind[1]]}"


def in_hcl(kind: object, indent: str = "") -> str:
    """A type as HCL writes it."""
    match kind:
        case ["object", dict() as fields]:
            inner = indent + "  "
            lines = [f"{inner}{name} = {in_hcl(one, inner)}" for name, one in fields.items()]
            return "\n".join(["object({", *lines, f"{indent}}})"])
        case [str() as outer, one]:
            return f"{outer}({in_hcl(one, indent)})"
    return str(kind)


def block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def write(folder: Path) -> None:
    for page, text in pages().items():
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(text)


if __name__ == "__main__":
    write(PAGES)
