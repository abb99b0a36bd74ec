"""A real agent worker: it registers under names, takes each job, and joins the room as an agent; a JSON line for each.

In a process of its own, as `tests/livekit/clients.py` is, with the worker protocol of LiveKit's own agents.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys

import aiohttp
from livekit import api, rtc
from livekit.protocol import agent as wire


class Worker:
    """Serves one agent's name."""

    def __init__(self, url: str, token: str, name: str) -> None:
        self._url, self._token, self._name = url, token, name
        self._rooms: dict[str, rtc.Room] = {}

    async def serve(self, http: aiohttp.ClientSession) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with http.ws_connect(f"{self._url}/agent?protocol=1", headers=headers) as socket:
            register = wire.RegisterWorkerRequest(
                type=wire.JT_ROOM, agent_name=self._name, version="1.0", allowed_permissions={"hidden": False}
            )
            await socket.send_bytes(wire.WorkerMessage(register=register).SerializeToString())
            async for message in socket:
                if answer := await self._answer(wire.ServerMessage.FromString(message.data)):
                    await socket.send_bytes(answer.SerializeToString())

    async def _answer(self, said: wire.ServerMessage) -> wire.WorkerMessage | None:
        match said.WhichOneof("message"):
            case "register":
                tell("ready", agent=self._name)
            case "availability":
                job = said.availability.job
                about = {"participant_identity": f"agent-{job.id}", "participant_name": self._name}
                return wire.WorkerMessage(
                    availability=wire.AvailabilityResponse(job_id=job.id, available=True, **about)
                )
            case "assignment":
                job = said.assignment.job
                room = self._rooms[job.id] = rtc.Room()
                await room.connect(self._url, said.assignment.token, rtc.RoomOptions(auto_subscribe=False))
                tell("joined", agent=self._name, room=job.room.name, metadata=job.metadata)
                return wire.WorkerMessage(update_job=wire.UpdateJobStatus(job_id=job.id, status=wire.JS_RUNNING))
            case "termination":
                if room := self._rooms.pop(said.termination.job_id, None):  # a server may say it twice
                    await room.disconnect()
                    tell("left", agent=self._name)
        return None


def tell(what: str, **about: str) -> None:
    sys.stdout.write(json.dumps({"what": what, **about}) + "\n")
    sys.stdout.flush()


async def main(url: str, key: str, secret: str, *names: str) -> None:
    token = api.AccessToken(key, secret).with_grants(api.VideoGrants(agent=True)).to_jwt()
    async with aiohttp.ClientSession() as http:
        work = [asyncio.create_task(Worker(url.replace("http", "ws", 1), token, name).serve(http)) for name in names]
        await asyncio.to_thread(sys.stdin.read)  # until whoever started this is done
        for one in work:
            one.cancel()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(main(*sys.argv[1:]))
    finally:
        # The native threads are not fit for the interpreter's own end.
        os._exit(0)
