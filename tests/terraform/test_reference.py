"""docs/terraform/: the pages of a registry are what the schema says, and their examples are valid."""

from __future__ import annotations

import asyncio

import pytest

from relay_provider.terraform.provider import Provider
from tests.conftest import ROOT
from tests.served import Served
from tests.terraform.engine import Workspace
from toolchain.registry_docs import PAGES, REFERENCE, in_hcl, pages


@pytest.mark.unit
def test_the_committed_pages_are_not_stale() -> None:
    there = {str(file.relative_to(PAGES)): file.read_text() for file in PAGES.rglob("*") if file.is_file()}
    assert there == pages(), "run `make schemas`"


@pytest.mark.unit
def test_everything_that_the_provider_has_is_on_a_page() -> None:
    told = asyncio.run(Provider().get_provider_schema(None))
    schemas = (told.resource_schemas, told.data_source_schemas, told.ephemeral_resource_schemas, told.functions)
    names = ["index", *(name.removeprefix("relay_") for one in schemas for name in one)]
    assert sorted(page.rpartition("/")[2] for page in pages()) == sorted(f"{name}.md" for name in names)
    text = pages()["resources/room.md"]
    assert all(f"- `{one.name}` (" in text for one in told.resource_schemas["relay_room"].block.attributes)


@pytest.mark.unit
def test_a_type_as_hcl_writes_it() -> None:
    assert in_hcl(["map", ["object", {"a": "bool", "b": ["list", "string"]}]]) == (
        "map(object({\n  a = bool\n  b = list(string)\n}))"
    )


@pytest.mark.e2e
def test_the_examples_are_valid(tf: Workspace, api: Served) -> None:
    for number, file in enumerate(sorted(REFERENCE.rglob("*.tf"))):
        (tf.folder / f"{number}.tf").write_text(file.read_text().replace('"declared"', f'"declared_{number}"'))
    (tf.folder / "rooms.yaml").write_text((ROOT / "examples" / "terraform" / "rooms" / "rooms.yaml").read_text())
    tf.run("validate")
