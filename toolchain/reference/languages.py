"""How Pulumi's generators name things in each language."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Language:
    title: str
    page: str
    fence: str
    """How examples in the schema are marked."""
    using: str
    property: Callable[[str], str]
    function: Callable[[str], str]
    """Of a function's token, both forms."""
    kinds: dict[str, str]
    """The schema's primitive types."""
    a_list: str
    a_map: str
    tried: bool = True


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def same(name: str) -> str:
    return name


def in_go(name: str) -> str:
    """A `get` of what is a resource, too, is called Lookup there."""
    base = "LookupRoom" if name == "getRoom" else pascal(name)
    return f"`relay.{base}`, `relay.{base}Output`"


TYPESCRIPT = Language(
    "TypeScript",
    "typescript.md",
    "typescript",
    'import * as relay from "pulumi-relay";',
    same,
    lambda name: f"`relay.{name}`, `relay.{name}Output`",
    {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "any": "any"},
    "{}[]",
    "map of {}",
)
PYTHON = Language(
    "Python",
    "python-sdk.md",
    "python",
    "import pulumi_relay as relay",
    snake,
    lambda name: f"`relay.{snake(name)}`, `relay.{snake(name)}_output`",
    {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "any": "Any"},
    "list of {}",
    "dict of {}",
)
GO = Language(
    "Go",
    "go.md",
    "go",
    'import "example.com/pulumi-relay/sdk/go/relay"',
    pascal,
    in_go,
    {"string": "String", "integer": "Int", "number": "Float64", "boolean": "Bool", "any": "Any"},
    "{} array",
    "{} map",
)
YAML = Language(
    "Pulumi YAML",
    "yaml.md",
    "yaml",
    "",
    same,
    lambda name: f"`fn::invoke` of `relay:{name}`",
    {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "any": "anything"},
    "list of {}",
    "map of {}",
)
CSHARP = Language(
    "C#",
    "csharp.md",
    "csharp",
    "using Pulumi.Relay;",
    pascal,
    lambda name: f"`{pascal(name)}.InvokeAsync`, `{pascal(name)}.Invoke`",
    {"string": "string", "integer": "int", "number": "double", "boolean": "bool", "any": "object"},
    "list of {}",
    "map of {}",
    tried=False,
)
JAVA = Language(
    "Java",
    "java.md",
    "java",
    "",
    same,
    lambda name: f"`RelayFunctions.{name}`, `RelayFunctions.{name}Plain`",
    {"string": "String", "integer": "Integer", "number": "Double", "boolean": "Boolean", "any": "Object"},
    "list of {}",
    "map of {}",
    tried=False,
)
LANGUAGES = (TYPESCRIPT, PYTHON, GO, YAML, CSHARP, JAVA)
