"""Markdown that a forge and the site read alike."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- `make schemas` writes this page. -->"


def page(title: str, *blocks: str) -> str:
    return "\n\n".join([NOTE, f"# {title}", *(block.strip("\n") for block in blocks if block)]) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell(one) for one in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def fence(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def code(text: str) -> str:
    return f"`{text}`"
