"""What the protocol's messages say of a resource: its name, what is wrong with it, and what changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from relay_provider.changes import Diff
from relay_provider.errors import InvalidInputs, Problem, Rejected, Unavailable
from relay_provider.plugin.codec import Properties, encode
from relay_provider.proto import provider_pb2 as pb

ROOM: Final = "relay:index:Room"
ROOM_SET: Final = "relay:index:RoomSet"


def named(news: dict[str, Any], olds: dict[str, Any], request: pb.CheckRequest) -> dict[str, Any]:
    """The inputs with a name: the declared one, else the one it has, else what `pulumi:autonaming` proposes, else
    the resource's own name, exactly. So a resource that is renamed in the program, with an alias, keeps its room."""
    if news.get("name") is not None:
        return news
    if isinstance(olds.get("name"), str):
        return {**news, "name": olds["name"]}
    if request.HasField("autonaming"):
        if request.autonaming.mode == pb.CheckRequest.AutonamingOptions.DISABLE:
            raise InvalidInputs(
                "The inputs are wrong",
                [Problem("name", "is required, because pulumi:autonaming is disabled for this resource")],
            )
        if request.autonaming.proposed_name:
            return {**news, "name": request.autonaming.proposed_name}
    return {**news, "name": request.name or request.urn.rpartition("::")[2]}


def failures(problems: Iterable[Problem]) -> list[pb.CheckFailure]:
    return [pb.CheckFailure(property=found.path, reason=found.message) for found in problems]


def check_response(
    inputs: Mapping[str, Any],
    problems: Iterable[Problem],
    secrets: frozenset[str] = frozenset(),
    given: Properties | None = None,
) -> pb.CheckResponse:
    return pb.CheckResponse(inputs=encode(inputs, secrets, given), failures=failures(problems))


def diff_response(found: Diff) -> pb.DiffResponse:
    kinds = {one.field: one.kind.upper() + ("_REPLACE" if one.replaces else "") for one in found.changes}
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if found.changes else pb.DiffResponse.DIFF_NONE,
        diffs=[*dict.fromkeys(field.partition("[")[0] for field in kinds)],
        replaces=found.replaces,
        detailedDiff={field: pb.PropertyDiff(kind=pb.PropertyDiff.Kind.Value(kind)) for field, kind in kinds.items()},
        hasDetailedDiff=True,
    )


def declared_twice(room: str, other: str) -> str:
    """What is wrong with a declaration of a room that `other` (a URN) declares too."""
    return (
        f'room "{room}" is declared by {other.rpartition("::")[2]} already; rooms are known by their names, so give '
        "one of them another name, or declare it once"
    )


def id_of(request: Any) -> str:
    """The ID that the request names."""
    if not request.id:
        raise Rejected("The request names no room: its ID is empty.")
    return str(request.id)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """The resource's `customTimeouts`; 0 is none."""
    try:
        async with asyncio.timeout(seconds if seconds > 0 else None):
            yield
    except TimeoutError:
        raise Unavailable(
            f"The operation was not done within the {seconds:g} s that the resource's customTimeouts give; "
            "run the same command again, which is safe."
        ) from None
