"""Metadata as a program declares it: canonical while its numbers are still exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import Output
from pydantic_core import PydanticCustomError

from relay_provider.dynamic.functions import in_sentences
from relay_provider.errors import InvalidInputs, Problem
from relay_provider.values import canonical_metadata


def as_declared(resource: str, metadata: Any) -> Any:
    """Metadata as its canonical string while numbers are still exact; what holds outputs, when they are known."""

    def canonical(value: Any) -> Any:
        if not isinstance(value, Mapping | list | tuple):
            return value
        with in_sentences():
            try:
                return canonical_metadata(value)
            except PydanticCustomError as error:
                problem = Problem("metadata", error.message())
                raise InvalidInputs(f'Room "{resource}" cannot be declared', [problem]) from None

    if isinstance(metadata, str):
        return metadata
    return Output.from_input(metadata).apply(canonical) if holds_output(metadata) else canonical(metadata)


def holds_output(value: Any, *, deep: bool = True) -> bool:
    """Is the value an output, or, `deep`, any part of it?"""
    if deep and isinstance(value, Mapping):
        return any(holds_output(item) for item in value.values())
    if deep and isinstance(value, list | tuple):
        return any(holds_output(item) for item in value)
    return isinstance(value, Output) or hasattr(value, "__await__")
