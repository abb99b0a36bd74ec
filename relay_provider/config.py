"""The settings of a connection: where rooms live and with which key.

They come from Pulumi config (`relay:…`) first and the environment second. A project of a manifest refers to
its keys (`{env: NAME}` or `{config: NAME}`) and never holds them; `ProjectRef` is that reference, safe to store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, get_type_hints

from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from relay_provider.allowed import KEYS, refused
from relay_provider.errors import ConfigError, quoted

DEFAULT_BASE_URL: Final = "https://api.relay.welbuiltai.tech/v1"
BACKENDS: Final = ("relay", "livekit")
WRITTEN: Final = {
    "backend": "backend",
    "base_url": "baseUrl",
    "api_key": "apiKey",
    "livekit_url": "livekit.url",
    "livekit_api_key": "livekit.apiKey",
    "livekit_api_secret": "livekit.apiSecret",
    "project_id": "livekit.projectId",
}
"""Where a manifest's project says what a `ProjectRef` holds."""


@dataclass(frozen=True, slots=True)
class Env:
    """A setting's environment variable, and what it is for: stands beside its type in `Connection`."""

    name: str
    description: str


@dataclass(frozen=True)
class Connection:
    """A whole connection. Hashable: equal settings share one client. Its `repr` shows no secret."""

    api_key: Annotated[SecretStr | None, Env("RELAY_API_KEY", "The secret key (sk_live_…) of the Relay project.")] = (
        None
    )
    base_url: Annotated[str, Env("RELAY_BASE_URL", "The address of the Rooms API.")] = DEFAULT_BASE_URL
    backend: Annotated[str, Env("RELAY_BACKEND", "Where rooms live: relay or livekit.")] = "relay"
    livekit_url: Annotated[
        str | None, Env("LIVEKIT_URL", "The address of the LiveKit server (wss://… or https://…).")
    ] = None
    livekit_api_key: Annotated[str | None, Env("LIVEKIT_API_KEY", "The LiveKit API key.")] = None
    livekit_api_secret: Annotated[SecretStr | None, Env("LIVEKIT_API_SECRET", "The LiveKit API secret.")] = None
    project_id: Annotated[
        str | None,
        Env("RELAY_PROJECT_ID", "Prefixes the rooms' names on LiveKit. Absent: names are as on the server."),
    ] = None
    sayna_url: Annotated[str | None, Env("SAYNA_URL", "The address of the Sayna API.")] = None
    sayna_token: Annotated[SecretStr | None, Env("SAYNA_TOKEN", "The token (JWT) for the Sayna API.")] = None
    request_timeout: Annotated[float, Env("RELAY_REQUEST_TIMEOUT", "Seconds that one request may take.")] = 10.0
    max_retries: Annotated[int, Env("RELAY_MAX_RETRIES", "How often a failed request is repeated, 0 to 20.")] = 4
    allow_http: Annotated[
        bool, Env("RELAY_ALLOW_HTTP", "Whether plain http is allowed to other machines than this one.")
    ] = False
    label: str = field(default="", compare=False)
    """The manifest's project whose connection it is: for messages, and no part of what it is."""
    said: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields that this project says itself."""

    def called(self, *fields: str) -> str:
        """What messages call these settings: as the manifest writes them, or by name and environment variable."""
        names = [
            WRITTEN[one.field] if one.field in self.said else f"{one.name} ({one.env})"
            for one in OPTIONS
            if one.field in fields
        ]
        return " and ".join(names) + (f" of project {self.label}" if self.label else "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value in these settings, for redaction."""
        return tuple(value.get_secret_value() for value in vars(self).values() if isinstance(value, SecretStr))


Kind = Literal["string", "number", "integer", "boolean"]
_KINDS: Final[dict[type, Kind]] = {float: "number", int: "integer", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its name in Pulumi config, its field of `Connection`, its environment variable, what it is for."""

    name: str
    field: str
    env: str
    description: str
    secret: bool
    kind: Kind
    default: str | float | bool | None


def _option(field: str, hint: Any) -> Option:
    env, default = hint.__metadata__[0], getattr(Connection, field)
    secret, kind = hint.__origin__ == SecretStr | None, _KINDS.get(type(default), "string")
    return Option(to_camel(field), field, env.name, env.description, secret, kind, default)


OPTIONS: Final = tuple(
    _option(name, hint)
    for name, hint in get_type_hints(Connection, include_extras=True).items()
    if hasattr(hint, "__metadata__")
)


def load(config: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Connection:
    """The connection from Pulumi config (names without `relay:`) and then the environment.

    Raises ConfigError naming every wrong setting at once. A missing key is not an error here: only what a backend
    needs is required, when it is used.
    """
    config, environ = config or {}, os.environ if environ is None else environ
    values: dict[str, Any] = {}
    problems: list[str] = []
    for setting in OPTIONS:
        value, source = config.get(setting.name), f"relay:{setting.name}"
        if value is None or not str(value).strip():
            value, source = environ.get(setting.env, ""), setting.env
        try:
            if str(value).strip():
                values[setting.field] = _coerced(setting, value)
        except ValueError as error:
            problems.append(f"{source} {error}")
    settings = Connection(**values)
    problems += _out_of_range(settings)
    if problems:
        raise ConfigError("The settings are wrong: " + "; ".join(problems) + ".")
    return settings


def _coerced(setting: Option, value: object) -> object:
    """Config arrives as strings, numbers or booleans, depending on who asks; make it what the setting is."""
    if setting.secret:
        return SecretStr(str(value).strip())
    match setting.kind:
        case "string":
            return str(value).strip()
        case "boolean":
            text = str(value).strip().lower()
            if text not in ("true", "false", "1", "0"):
                raise ValueError("must be true or false")
            return text in ("true", "1")
        case kind:
            try:
                number = float(str(value))
            except ValueError:
                raise ValueError("must be a number") from None
            if kind == "integer" and not number.is_integer():
                raise ValueError("must be a whole number")
            return int(number) if kind == "integer" else number


def _out_of_range(settings: Connection) -> list[str]:
    problems = []
    if settings.backend not in BACKENDS:
        problems.append(f'backend must be relay or livekit, not "{quoted(settings.backend, limit=40)}"')
    if not 0 < settings.request_timeout <= 600:
        problems.append("requestTimeout must be more than 0 and at most 600 seconds")
    if not 0 <= settings.max_retries <= 20:
        problems.append("maxRetries must be from 0 to 20")
    return problems


def required(settings: Connection, field: str) -> str:
    """The value of this field, or a ConfigError that says the two ways to set it."""
    value = getattr(settings, field)
    if text := value.get_secret_value() if isinstance(value, SecretStr) else value:
        return str(text)
    setting = next(setting for setting in OPTIONS if setting.field == field)
    if settings.label and field in WRITTEN:
        *outer, key = WRITTEN[field].split(".")
        entry = f"{key}: {'wss://…' if key == 'url' else '{env: NAME}'}"
        way = f"{outer[0]}: {{{entry}}}" if outer else entry
        raise ConfigError(
            f"Project {settings.label}: {WRITTEN[field]} is not set; write {way} in its manifest, or set {setting.env}."
        )
    name, secret = setting.name, "--secret " if setting.secret else ""
    raise ConfigError(f"{name} is not set; set {setting.env}, or run `pulumi config set {secret}relay:{name} …`.")


@dataclass(frozen=True, slots=True)
class KeyRef:
    """Where a value is to be found: `KeyRef("env", NAME)`, an environment variable, or `KeyRef("config", NAME)`, a key
    of the stack's Pulumi config (`pulumi config set --secret NAME …`). Holds the name, never the value."""

    source: Literal["env", "config"]
    key: str

    def __str__(self) -> str:
        return f"{{{self.source}: {self.key}}}"


Lookup = Callable[[str], str | None]
"""Finds a key of the stack's Pulumi config; None when it is not set."""


@dataclass(frozen=True)
class ProjectRef:
    """A project of rooms by label, and where its connection is found, for `Room(…, project=…)`. Holds no secret.

    Keys are a `KeyRef` each. Whatever it leaves out is taken from the process's own settings: Pulumi config, then the
    environment.
    """

    label: str
    backend: Literal["relay", "livekit"] | None = None
    base_url: str | None = None
    api_key: KeyRef | None = None
    livekit_url: str | None = None
    livekit_api_key: KeyRef | None = None
    livekit_api_secret: KeyRef | None = None
    project_id: str | None = None
    """An empty one is none, whatever the process's own settings say."""

    def settings(self, base: Connection, lookup: Lookup, environ: Mapping[str, str] | None = None) -> Connection:
        """The connection's settings, with its references looked up. Raises ConfigError for all that are not set."""
        environ = os.environ if environ is None else environ
        changes: dict[str, Any] = {}
        missing: list[str] = []
        for name, ref in vars(self).items():
            if isinstance(ref, KeyRef):
                try:
                    value = self._found(name, ref, lookup, environ)
                    changes[name] = value if name == "livekit_api_key" else SecretStr(value)
                except ConfigError as error:
                    missing.append(str(error))
        if missing:
            raise ConfigError("\n".join(missing))
        return replace(self.without_keys(base), **changes)

    def without_keys(self, base: Connection) -> Connection:
        """The connection's settings but its keys: enough to say where it leads."""
        changes: dict[str, Any] = {
            name: plain
            for name, plain in vars(self).items()
            if name != "label" and plain is not None and not isinstance(plain, KeyRef)
        }
        if self.backend is None and self.api_key is not None:
            changes["backend"] = "relay"
        said = frozenset(name for name in WRITTEN if getattr(self, name) is not None)
        return replace(base, **changes, label=self.label, said=said)

    def _found(self, name: str, ref: KeyRef, lookup: Lookup, environ: Mapping[str, str]) -> str:
        if why := refused(KEYS, ref.key):
            raise ConfigError(f"Project {self.label} names {ref}, {why}.")
        value = environ.get(ref.key) if ref.source == "env" else lookup(ref.key)
        if value and value.strip():
            return value.strip()
        ways = {"env": "set the environment variable {}", "config": "run `pulumi config set --secret {} …`"}
        way = ways[ref.source].format(ref.key)
        raise ConfigError(f"Project {self.label} has no {WRITTEN[name]}: {ref} is not set; {way}.")

    def as_state(self) -> dict[str, Any]:
        """JSON for the state: what is set, references as `{env: …}`."""
        return {
            key: {value.source: value.key} if isinstance(value, KeyRef) else value
            for key, value in vars(self).items()
            if value is not None
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ProjectRef:
        """The reference that `as_state` wrote."""
        values: dict[str, Any] = {
            key: KeyRef(*next(iter(value.items()))) if isinstance(value, Mapping) else value
            for key, value in state.items()
        }
        return cls(**values)
