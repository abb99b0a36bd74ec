"""Sayna's room detail: the second document's one operation."""

from __future__ import annotations

from relay_provider.address import checked_url
from relay_provider.backends.answers import Answer
from relay_provider.backends.http import Http, as_json, segment
from relay_provider.config import Connection, required
from relay_provider.errors import NotFound, Unauthorized, Unavailable
from relay_provider.sayna import SaynaRoom

_URL = "saynaUrl (SAYNA_URL)"
_TOKEN = "saynaToken (SAYNA_TOKEN)"  # noqa: S105 — its name


class Sayna:
    """One Sayna server. The token may be absent: the document has an open mode."""

    def __init__(self, settings: Connection) -> None:
        url = required(settings, "sayna_url")
        token = settings.sayna_token.get_secret_value() if settings.sayna_token else None
        self._http = _Http(
            checked_url(_URL, url, settings.allow_http, schemes=("http", "https")),
            settings,
            token=token,
            key_setting=_TOKEN,
            url_setting=_URL,
        )

    async def get(self, name: str) -> SaynaRoom:
        """The room of exactly this name on the server. NotFound concludes nothing: the room may be another's."""
        return await self._http.request("GET", f"/livekit/rooms/{segment(name, 'Room')}", as_json(SaynaRoom, name))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()


class _Http(Http):
    """What Sayna's failures mean. Their bodies are not documented, so they are told apart by status alone."""

    def _raise_for(self, answer: Answer, what: str) -> None:
        match answer.status:
            case 404:
                raise NotFound(
                    f"{what} found nothing (404): the room is not there, or not yours: Sayna answers the same "
                    f"for both. Check the name (on the server it may begin with p_<projectId>__), {_URL} and {_TOKEN}."
                )
            case 401 | 403 as status if not self._secrets:
                raise Unauthorized(f"{what} was refused ({status}): this Sayna wants a token; set {_TOKEN}.")
            case 401 | 403 as status:
                raise Unauthorized(
                    f"{what} was refused, the token is not accepted or has expired ({status}); "
                    f"get a new one and set {_TOKEN}."
                )
            case 500:
                raise Unavailable(
                    f"{what} failed on the server's side (500): LiveKit is not configured there, or did not answer it; "
                    "try again later."
                )
        super()._raise_for(answer, what)
