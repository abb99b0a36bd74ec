"""The pictures of terminals show what the commands print."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT

pytest.importorskip("pyte", reason="pictures are made with what `make docs` installs")
pytestmark = pytest.mark.e2e


def test_the_pictures_are_what_the_commands_print() -> None:
    from toolchain.pictures import PICTURES, read, screens

    for name, lines in screens().items():
        told = [line.plain.rstrip() for line in lines if line.plain.strip()]
        # Rooms are made at the same time, and told of as they come.
        assert sorted(read((PICTURES / f"{name}.svg").read_text())) == sorted(told), "run `make pictures`"


@pytest.mark.unit
def test_the_readme_and_the_start_page_show_all_of_them() -> None:
    pictures = sorted(file.name for file in (ROOT / "docs" / "pictures").iterdir())
    for page, prefix in (("README.md", "docs/"), ("docs/index.md", "")):
        text = (ROOT / page).read_text()
        assert all(f"]({prefix}pictures/{name})" in text for name in pictures), page
