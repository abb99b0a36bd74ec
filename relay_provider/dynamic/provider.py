"""The dynamic provider: Pulumi's protocol on one side, the life cycle on the other.

It is pickled by reference, so that a room's state holds 100 characters of it and old state stays readable after an
upgrade: this module and class keep their names. It holds no credentials; those come from the stack's config or the
environment, in the process that needs them.
"""

from __future__ import annotations

import base64
import pickle
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.dynamic.dynamic import PROVIDER_KEY
from pulumi.output import Unknown
from pulumi.runtime import rpc

from relay_provider import session
from relay_provider.config import SETTINGS, Lookup, ProjectRef, Settings, load
from relay_provider.errors import RelayError
from relay_provider.lifecycle import Rooms, inputs_as_live, outputs
from relay_provider.model import FIELDS, UNKNOWN, RoomInputs, check

Props = Mapping[str, Any]

_REPLACING_IN_PROJECT: Final = ("backend", "base_url", "livekit_url", "project_id")


class RoomProvider(ResourceProvider):
    """Translates between Pulumi's dynamic provider protocol and the life cycle."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        _show_sentences()
        self._declared: set[tuple[Settings, str]] = set()
        self._lookup: Lookup = req.config.get
        self._settings = load({setting.name: req.config.get(f"relay:{setting.name}") for setting in SETTINGS})

    def check(self, _olds: Props, news: Props) -> CheckResult:
        found = check(_inputs(news))
        inputs = {key: rpc.UNKNOWN if value is UNKNOWN else value for key, value in found.inputs.items()}
        return CheckResult(
            {**inputs, **_project(news)}, [CheckFailure(problem.path, problem.message) for problem in found.problems]
        )

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        async def compared(rooms: Rooms) -> Any:
            return rooms.diff(_inputs(olds), _inputs(news))

        found = self._run(news, compared)
        before, after = olds.get("project") or {}, news.get("project") or {}
        moved = any(before.get(key) != after.get(key) for key in _REPLACING_IN_PROJECT)
        return DiffResult(
            changes=bool(found.changes) or before != after,
            replaces=[*found.replaces, *(["project"] if moved else [])],
            delete_before_replace=True,
        )

    def create(self, props: Props) -> CreateResult:
        wanted = RoomInputs.model_validate(_inputs(props))
        live = self._run(props, lambda rooms: rooms.create(wanted))
        self._declared.add((self._settings_of(props), live.name))
        return CreateResult(live.name, {**outputs(props, live), **_project(props)})

    def read(self, id_: str, props: Props) -> ReadResult:
        live = self._run(props, lambda rooms: rooms.read(id_))
        if live is None:
            return ReadResult("", {})
        project = _project(props)
        return ReadResult(id_, {**outputs(props, live), **project}, {**inputs_as_live(_inputs(props), live), **project})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        wanted = RoomInputs.model_validate(_inputs(news))
        live = self._run(news, lambda rooms: rooms.update(olds, wanted))
        kept = {key: value for key, value in olds.items() if key not in (PROVIDER_KEY, "project")}
        changed = {"forceDestroy": wanted.force_destroy} if live is None else outputs(news, live)
        return UpdateResult({**kept, **changed, **_project(news)})

    def delete(self, id_: str, props: Props) -> None:
        # This process serves one run of the engine. What the run has declared anew it does not end: the old resource
        # was renamed, or is replaced by one that was made first.
        if (self._settings_of(props), id_) in self._declared:
            return
        force = props.get("forceDestroy") is True
        self._run(props, lambda rooms: rooms.delete(id_, force=force, sid=props.get("sid")))

    def _run(self, props: Props, work: Callable[[Rooms], Any]) -> Any:
        return session.run(self._settings_of(props), work)

    def _settings_of(self, props: Props) -> Settings:
        ref = props.get("project")
        return ProjectRef.from_state(ref).settings(self._settings, self._lookup) if ref else self._settings


def _inputs(props: Props) -> dict[str, Any]:
    """A room's inputs among the properties, with unknowns as the model has them."""
    return {key: _known(props[key]) for key in FIELDS.values() if props.get(key) is not None}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return UNKNOWN if isinstance(value, Unknown) or value == rpc.UNKNOWN else value


def _project(props: Props) -> dict[str, Any]:
    return {"project": props["project"]} if props.get("project") else {}


def _show_sentences() -> None:
    """Let the provider process report our errors as sentences: as it is, it sends `traceback.format_exc()`."""
    host = sys.modules["__main__"]
    if getattr(host, "_abort_with_traceback", None) is None:
        return

    def format_exc() -> str:
        error = sys.exception()
        return str(error) if isinstance(error, RelayError) else traceback.format_exc()

    host.traceback = SimpleNamespace(format_exc=format_exc)  # type: ignore[attr-defined]


@cache
def pickled_provider() -> str:
    """The provider as state holds it, a reference to this class."""
    # Once per process, and not with the SDK's own function: that one fails near 310 resources in one program.
    return base64.b64encode(pickle.dumps(RoomProvider(), protocol=4)).decode()
