"""Everything that runs while rooms are kept: a loop for each project, the watch on the manifest, and what is served."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial

from relay_provider.backends import connect
from relay_provider.backends.prefix import others
from relay_provider.config import Connection
from relay_provider.errors import RelayError, quoted
from relay_provider.keep.counted import Counted
from relay_provider.keep.files import Files
from relay_provider.keep.log import Event
from relay_provider.keep.notify import notify, watchdog
from relay_provider.keep.project import Keeper, Manner
from relay_provider.keep.state import ProjectState, State
from relay_provider.manifest import Project
from relay_provider.place import Home, Place, home_of, place_of
from relay_provider.session import Session
from relay_provider.values import counted

Declared = Sequence[tuple[Project, Connection]]
"""What a manifest declares, and how it is reached."""


@dataclass(slots=True)
class _Kept:
    settings: Connection
    keeper: Keeper
    task: asyncio.Task[None] | None = None


class Service:
    """Keeps the rooms of a manifest. `read` reads it anew; `files` are those that it reads."""

    def __init__(self, state: State, manner: Manner, read: Callable[[], Declared], files: Files) -> None:
        self.state = state
        self._manner = manner
        self._read = read
        self._files = files
        self._session = Session(lambda settings: Counted(connect(settings), state.requests))
        self._kept: dict[str, _Kept] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self, declared: Declared, served: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
        """Keep what is `declared`, and what the manifest says later, until SIGINT or SIGTERM; `served` runs beside."""
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        async with self._session:
            self._arrange(declared)
            with contextlib.suppress(asyncio.CancelledError):
                try:
                    await self._all(served)
                except BaseExceptionGroup as failures:
                    raise failures.exceptions[0] from None
        notify("STOPPING=1")

    async def _all(self, served: Callable[[], Coroutine[None, None, None]] | None) -> None:
        async with asyncio.TaskGroup() as self._group:
            for kept in self._kept.values():
                self._start(kept)
            self._group.create_task(self._watch_files())
            self._group.create_task(watchdog(lambda: not self.state.stuck()))
            if served:
                self._group.create_task(served())
            said = self._said()
            self.state.tell(Event("started", f"{said}."))
            notify("READY=1", f"STATUS={said}")

    def connections(self) -> list[Connection]:
        """How the projects are reached."""
        return [kept.settings for kept in self._kept.values()]

    def keepers(self, fits: Callable[[Connection], bool]) -> list[Keeper]:
        """Those of the projects whose connection fits."""
        return [kept.keeper for kept in self._kept.values() if fits(kept.settings)]

    def look_now(self) -> None:
        """Look at every project, without waiting for its time."""
        for kept in self._kept.values():
            kept.keeper.hint()

    def _arrange(self, declared: Declared) -> None:
        """Keep this and nothing else: a project whose connection is the same goes on as it is."""
        # All connections before any loop ends: a wrong one changes nothing.
        opened = {project.ref.label: self._session.rooms(settings) for project, settings in declared}
        wanted = {project.ref.label: settings for project, settings in declared}
        for label, kept in list(self._kept.items()):
            if wanted.get(label) != kept.settings:
                del self._kept[label]
                del self.state.projects[label]
                if kept.task:
                    kept.task.cancel()
        for project, settings in declared:
            label = project.ref.label
            if label not in self._kept:
                known = ProjectState(label, opened[label].backend.address, {})
                home = home_of(settings)
                keeper = Keeper(
                    known,
                    opened[label],
                    self._manner,
                    self.state,
                    sharing=partial(self._sharing, home),
                    others=partial(self._others, home[0]),
                    timeout=settings.request_timeout,
                )
                self.state.projects[label] = known
                self._kept[label] = _Kept(settings, keeper)
                if self._group:
                    self._start(self._kept[label])
        for project, _ in declared:
            keeper = self._kept[project.ref.label].keeper
            keeper.declare(project.rooms)
            keeper.hint()
        self.state.touch()

    def _sharing(self, home: Home) -> dict[str, Collection[str]]:
        """The labels that lead to this project, with the rooms that each declares."""
        same = {label: kept.keeper for label, kept in self._kept.items() if home_of(kept.settings) == home}
        return {label: keeper.project.declared.keys() for label, keeper in same.items()}

    def _others(self, place: Place) -> Collection[str]:
        return others(place, (place_of(kept.settings) for kept in self._kept.values()))

    def _start(self, kept: _Kept) -> None:
        assert self._group is not None
        kept.task = self._group.create_task(kept.keeper.run())

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(min(self._manner.interval, 2.0))
            if self._files.changed():
                await self._reload()

    async def _reload(self) -> None:
        """Read the manifest anew; what is wrong with it is told, and the old one stays in force."""
        try:
            self._arrange(await asyncio.to_thread(self._read))
        except Exception as error:  # whatever it is, it is no reason to keep no rooms
            why = str(error) if isinstance(error, RelayError) else quoted(f"{type(error).__name__}: {error}")
            self.state.reload_problem = why
            self.state.tell(Event("manifest_broken", f"the manifest was changed and is not in force: {why}", "error"))
            return
        self.state.reload_problem = ""
        said = self._said()
        self.state.tell(Event("reloaded", f"The manifest was changed and is in force. {said}."))
        notify(f"STATUS={said}")

    def _said(self) -> str:
        rooms = sum(len(kept.keeper.project.declared) for kept in self._kept.values())
        return f"Keeping {counted(rooms, 'room')} of {counted(len(self._kept), 'project')}"
