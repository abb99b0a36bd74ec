"""What is wrong and what changes, as the protocol says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from relay_provider.changes import Diff
from relay_provider.errors import Problem
from relay_provider.plugin.codec import encode
from relay_provider.plugin.proto import provider_pb2 as pb

_KINDS: Final = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}


def failures(problems: Iterable[Problem]) -> list[pb.CheckFailure]:
    return [pb.CheckFailure(property=found.path, reason=found.message) for found in problems]


def check_response(
    inputs: Mapping[str, Any], problems: Iterable[Problem], secrets: frozenset[str] = frozenset()
) -> pb.CheckResponse:
    return pb.CheckResponse(inputs=encode(inputs, secrets), failures=failures(problems))


def diff_response(found: Diff) -> pb.DiffResponse:
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if found.changes else pb.DiffResponse.DIFF_NONE,
        diffs=[change.field for change in found.changes],
        replaces=found.replaces,
        detailedDiff={
            change.field: pb.PropertyDiff(kind=_KINDS[change.kind, change.replaces]) for change in found.changes
        },
        hasDetailedDiff=True,
    )
