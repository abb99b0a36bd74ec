"""Where something stands in a manifest, and everything that is wrong with manifests, told at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from relay_provider.errors import RelayError, quoted

At = tuple[int, int]
"""Line and column, both from 1. A plain tuple: a big file has many, and the garbage collector skips them."""


_BREAK: Final = re.compile(r"\r\n|\r|\n")


def position(text: str, index: int) -> At:
    """Line and column of a character of `text`, or of its end."""
    breaks = list(_BREAK.finditer(text, 0, index))
    return len(breaks) + 1, min(index, len(text)) - (breaks[-1].end() if breaks else 0) + 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file, as editors and compilers write it; `file` is the path as it was given."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class ManifestProblem:
    """One thing that is wrong, and where."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.message}"


class ManifestError(RelayError):
    """Manifests break a rule; holds every problem of every file, in the order of the files and of their lines."""

    def __init__(self, problems: Iterable[ManifestProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)) or "no manifest file was given")


class Broken(Exception):
    """A file that cannot be read any further."""

    def __init__(self, at: At, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


@dataclass(slots=True)
class Problems:
    """Gathers the problems of one file. What is said twice (through an alias) counts once."""

    file: str
    _said: dict[tuple[At, str], None] = field(default_factory=dict)

    def say(self, at: At, message: str) -> None:
        """Note a problem. What looks like a key is masked here, whoever quotes it."""
        self._said[at, quoted(message, limit=400).encode(errors="backslashreplace").decode()] = None

    def position(self, at: At) -> Position:
        """The place in this file."""
        return Position(self.file, *at)

    def found(self) -> list[ManifestProblem]:
        """Every problem, by position."""
        return [ManifestProblem(self.position(at), text) for at, text in sorted(self._said, key=lambda said: said[0])]
