from __future__ import annotations

import sys

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments here are pytest's: a provider must not take one for its engine's address, and share a journal."""
    monkeypatch.setattr(sys, "argv", sys.argv[:1])
