from __future__ import annotations

import json

import pytest

from relay_provider.manifest import manifest_schema
from relay_provider.plugin.package_schema import package_schema
from tests.cli.conftest import Run

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("which", "schema"), [("manifest", manifest_schema), ("pulumi", package_schema)])
def test_the_bytes_of_the_committed_file(run: Run, which: str, schema: object) -> None:
    assert callable(schema)
    result = run("schema", which)
    assert result.exit_code == 0
    assert result.stdout_bytes.decode() == json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
