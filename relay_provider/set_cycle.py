"""The life cycle of a set of rooms: that of a single room, many at once.

The state of a set is exact: when some of its rooms fail, the others stand, and the failure says what does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final

import anyio

from relay_provider import changes
from relay_provider.backends.base import CONCURRENCY
from relay_provider.changes import outputs
from relay_provider.errors import ConfigError, NotFound, RateLimited, RelayError, Unauthorized, Unavailable
from relay_provider.lifecycle import Outlook, Rooms
from relay_provider.model import LiveRoom, RoomInputs
from relay_provider.room_set import Props, Set, by, nameless, path
from relay_provider.run import Room, Run
from relay_provider.values import Unknown

Told = Callable[[str], Awaitable[None]]
"""Hears, now and then, how far it is."""

LISTED: Final = 10
"""How many rooms a message names one by one."""
QUIET: Final = 1.0
"""Seconds without a new declaration before rooms that left a set are ended: they may be on their way to another
resource of the program, of which the engine tells a moment later."""
STILL: Final = 5.0
"""Seconds in which nothing happens, and a set no longer waits for the resource that a room of it is on its way to."""
_POLL: Final = 0.1
_OFTEN: Final = 0.5
"""Seconds between two words on how far it is."""
_EVERYWHERE: Final = (ConfigError, Unauthorized, Unavailable, RateLimited)
"""Failures that the next room will meet, too."""
_PATIENCE: Final = 10
"""So many of them, and the rest of the set is not tried."""


class SetFailed(RelayError):
    """Some rooms of a set could not be made as declared; `stands` is what the set has now."""

    def __init__(self, failures: Mapping[str, RelayError], untried: int, of: int, stands: Set, doing: str) -> None:
        self.stands = stands
        listed = [f"{path(name)}: {error}" for name, error in sorted(failures.items())[:LISTED]]
        more = len(failures) - len(listed)
        rest = [f"And {more:,} more like these."] if more > 0 else []
        rest += [f"{untried:,} were not tried any more."] if untried else []
        many = f"{len(failures) + untried:,} of {of:,} rooms could not be {doing}; the others stand."
        super().__init__("\n".join([many, *listed, *rest, "What is done is in the state: run the same command again."]))


class SetCycle:
    """What one run does with a set of one project. `resource` is what the run knows it by, `secret` as in
    `Rooms.create`."""

    def __init__(
        self, rooms: Rooms, run: Run, resource: str, secret: Collection[str] = (), told: Told | None = None
    ) -> None:
        self._rooms, self._run, self._resource, self._secret, self._told = rooms, run, resource, secret, told

    async def apply(self, old: Set, new: Set) -> dict[str, Props]:
        """Make the set as declared: what stands then. `old` is what the state has.

        Rooms that left the set are ended last. One that another resource declares stays in the set's state until that
        one has it, and all do in a run that fails before it was told of everything. Raises SetFailed when a room could
        not be made, or ended.
        """
        stands: dict[str, Props] = dict(old)
        self.know(old)

        async def make(name: str) -> None:
            stands[name] = await self._made(name, old.get(name), new[name])

        async def end(name: str) -> None:
            if not (self._run.cut_short(own) or self._run.awaits(self._room(name))):
                await self._ended(name, old[name])
                del stands[name]

        own, leaving = {self._room(name) for name in new}, [name for name in old if name not in new]
        work = [(name, make) for name in new if name not in old or changes.diff(old[name], new[name], ()).changes]
        crew = _Crew(self._run, len(work) + len(leaving), self._told)
        try:
            try:
                await crew.do(work)
            finally:
                for name, _ in work:
                    if stands.get(name) is old.get(name):  # also one that was not tried
                        self._run.failed(self._room(name))
            if leaving and not crew.hopeless():
                await self._quiet(leaving)
                await crew.do([(name, end) for name in leaving])
        except anyio.get_cancelled_exc_class():
            pass  # the engine ends; what was made is not forgotten
        crew.check(stands, "made as declared", len({*old, *new}))
        return stands

    async def end(self, old: Set) -> None:
        """End every room of the set but those that the run declares. Raises SetFailed when some could not be ended."""
        crew, stands = _Crew(self._run, len(old), self._told), dict(old)

        async def one(name: str) -> None:
            await self._ended(name, old[name])
            del stands[name]

        await crew.do([(name, one) for name in old])
        crew.check(stands, "ended", len(old))

    async def read(self, state: Set) -> dict[str, LiveRoom]:
        """The set's rooms that are live; from one list."""
        found = {name: await self._rooms.read(name, self._run, props) for name, props in state.items()}
        return {name: live for name, live in found.items() if live is not None}

    async def found(self, chosen: str) -> dict[str, LiveRoom]:
        """The live rooms that an import names: all (`*`), those of a prefix (`class-*`), or a list (`math,physics`).

        Raises NotFound for one of a list that is not live.
        """
        live = {room.name: room for room in await self._rooms.with_agents(await self._rooms.list())}
        if chosen.endswith("*"):
            return {name: room for name, room in live.items() if name.startswith(chosen[:-1])}
        names = [name.strip() for name in chosen.split(",")]
        if missing := [name for name in names if name not in live]:
            raise NotFound(
                f"Not live at {self._rooms.backend.address}: {', '.join(missing[:LISTED])}. An import names the rooms "
                "of a set as a list (`math,physics`), a prefix (`class-*`), or all of them (`*`)."
            )
        return {name: live[name] for name in names}

    async def outlooks(self, old: Set, new: Set) -> list[tuple[str, Outlook]]:
        """The rooms that `apply` would end with people in them, and who they are."""
        found = []
        for name, before in old.items():
            after = new.get(name)
            if after is None:
                stays = self._run.declares(self._room(name))
            else:
                stays = isinstance(after, Unknown) or not self._rooms.diff(before, after).replaces
            if stays:
                continue
            force = (before if after is None else after).get("forceDestroy") is True
            if outlook := await self._rooms.outlook(name, force=force):
                found.append((name, outlook))
        return found

    def know(self, state: Set) -> None:
        """Tell the run what the state has."""
        self._run.know_all([(self._room(name), props, by(self._resource, name)) for name, props in state.items()])

    def _room(self, name: str) -> Room:
        return self._rooms.project, name

    async def _made(self, name: str, before: Props | None, props: Props) -> Props:
        wanted = RoomInputs.model_validate({**props, "name": name}, by_alias=True, by_name=False)
        if before is None or self._rooms.diff(before, props).replaces:
            live = await self._rooms.create(wanted, self._run, self._secret, anew=before is not None)
            return nameless(outputs(props, live))
        changed = await self._rooms.update(before, wanted, self._run, self._secret)
        return (
            {**before, "forceDestroy": wanted.force_destroy} if changed is None else nameless(outputs(props, changed))
        )

    async def _ended(self, name: str, before: Props) -> None:
        force, sid = before.get("forceDestroy") is True, before.get("sid")
        await self._rooms.delete(name, self._run, force=force, sid=sid, by=by(self._resource, name))

    async def _quiet(self, leaving: Collection[str]) -> None:
        """Wait until nothing more is declared, and these rooms are where they are declared now."""
        while (left := self._left(leaving)) > 0:  # noqa: ASYNC110 - nothing tells of what is not declared
            await anyio.sleep(min(left, _POLL))

    def _left(self, leaving: Collection[str]) -> float:
        awaited = any(self._run.awaits(self._room(name)) for name in leaving)
        return max(QUIET - self._run.quiet_for(), STILL - self._run.still_for() if awaited else 0)


class _Crew:
    """Works on the rooms of one set, so many at once, and gathers what fails."""

    def __init__(self, run: Run, total: int, told: Told | None) -> None:
        self._run = run
        self._total, self._done, self._told = total, 0, told
        self._failures: dict[str, RelayError] = {}
        self._last = time.monotonic()

    async def do(self, work: Iterable[tuple[str, Callable[[str], Awaitable[None]]]]) -> None:
        left = iter(work)

        async def worker() -> None:
            for name, one in left:
                if self._run.stopping or self.hopeless():
                    return
                try:
                    await one(name)
                except RelayError as error:
                    self._failures[name] = error
                self._done += 1
                await self._tell()

        async with anyio.create_task_group() as group:
            for _ in range(CONCURRENCY):
                group.start_soon(worker)

    async def _tell(self) -> None:
        if self._told and (now := time.monotonic()) - self._last > _OFTEN:
            self._last = now
            await self._told(f"{self._done:,} of {self._total:,} rooms")

    def hopeless(self) -> bool:
        return sum(isinstance(error, _EVERYWHERE) for error in self._failures.values()) >= _PATIENCE

    def check(self, stands: Set, doing: str, rooms: int) -> None:
        """Raise for what has failed, or was not done, of a set of so many rooms."""
        untried = self._total - self._done
        if self._failures or untried:
            raise SetFailed(self._failures, untried, rooms, stands, doing)
