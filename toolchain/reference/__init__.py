"""The reference pages that are made from the code: `make schemas` writes docs/reference/.

They are committed, so that a forge shows them and links to them lead somewhere; a test compares them with the code.
"""

from toolchain.programs import ROOT

PAGES = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    from toolchain.reference import commands, manifest, plugin, python_api

    made = {"manifest.md": manifest.made(), "commands.md": commands.made(), "python.md": python_api.made()}
    return made | plugin.pages()


def write() -> None:
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text)
