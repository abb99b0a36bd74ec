"""Rooms by a dynamic provider as Pulumi's documentation teaches it, in the program; `bench/ways.py` has it run."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

FIELDS = {"max_participants": "maxParticipants", "empty_timeout": "emptyTimeout", "metadata": "metadata"}


def call(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {os.environ['RELAY_API_KEY']}"}
    return httpx.request(method, os.environ["RELAY_BASE_URL"] + path, json=body, headers=headers)


class RoomProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        body = {"name": props["name"], **{alias: props[field] for field, alias in FIELDS.items()}}
        body |= {"maxParticipants": int(body["maxParticipants"]), "emptyTimeout": int(body["emptyTimeout"])}
        response = call("POST", "/rooms", body)
        response.raise_for_status()
        return CreateResult(id_=props["name"], outs={**props, "sid": response.json()["sid"]})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        response = call("GET", f"/rooms/{id_}")
        if response.status_code == 404:
            return ReadResult("", {})
        response.raise_for_status()
        live = response.json()
        return ReadResult(id_, {**props, "max_participants": live["maxParticipants"], "metadata": live["metadata"]})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [field for field in ("name", *FIELDS) if _olds.get(field) != _news.get(field)]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=True)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        call("DELETE", f"/rooms/{_id}").raise_for_status()


class Room(Resource):
    def __init__(self, name: str, props: dict[str, Any]) -> None:
        super().__init__(RoomProvider(), name, {"sid": None, **props})


for room in json.loads(Path("rooms.json").read_text()):
    Room(room["name"], room)
