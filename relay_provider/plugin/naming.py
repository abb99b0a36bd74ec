"""What a room is called when its declaration does not say."""

from __future__ import annotations

from typing import Any, Protocol

from relay_provider.errors import InvalidInputs, Problem
from relay_provider.plugin.proto import provider_pb2 as pb


class _OfResource(Protocol):
    type: str
    urn: str


def type_of(request: _OfResource) -> str:
    """The resource's type token; old engines send it in the URN only."""
    return request.type or request.urn.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]


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
