"""Manifest files that may change on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_Look = tuple[int, int, int] | None


class Files:
    """Tells whether files were changed, replaced or taken away since it was asked last."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._last = self._look()

    def changed(self) -> bool:
        """Did any of them change? What changes after this answer is told by the next one."""
        before, self._last = self._last, self._look()
        return before != self._last

    def _look(self) -> tuple[_Look, ...]:
        return tuple(map(_of, self._paths))


def _of(path: Path) -> _Look:
    try:
        found = path.stat()  # through links, which is how a mounted ConfigMap is exchanged
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
