"""How a process of this package's own starts quickly. Imports nothing of it."""

from __future__ import annotations

import gc
import os


def start() -> None:
    """To be called before anything else is imported."""
    # What is imported stays, and looking through it for garbage takes a tenth of a start.
    gc.set_threshold(100_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look through every installed package
