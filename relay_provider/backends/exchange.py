"""One request and its whole answer, over aiohttp: connections, certificates, proxies, time, and a bound on the size."""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from relay_provider.address import is_loopback
from relay_provider.backends import answers
from relay_provider.backends.answers import Answer, Broken, Lost


class Exchange:
    """A pool of connections to one server. For one event loop; connects when first asked."""

    def __init__(self, base_url: str, timeout: float, connections: int) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._connections = connections

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """The whole answer; redirects are answers like others. Raises TimeoutError, Lost or Broken."""
        url = URL(self._base_url + path, encoded=True)
        options = {"headers": headers, "data": body, "allow_redirects": False, **self._proxy}
        found = bytearray()
        try:
            async with self._session.request(method, url, **options) as response:
                async for part in response.content.iter_any():
                    found += part
                    if len(found) > answers.LARGEST:
                        response.close()
                        break
        except TimeoutError:  # aiohttp's own are among them
            raise
        except (aiohttp.ClientError, ValueError) as error:
            raise _failure(error) from None
        return Answer(response.status, response.headers, bytes(found))

    async def aclose(self) -> None:
        if "_session" in vars(self):
            await self._session.close()

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        # Certificates take long to load, and plain http needs none.
        secure = urlsplit(self._base_url).scheme == "https"
        context = _certificates() if secure else True
        return aiohttp.ClientSession(
            headers=None if secure else self._proxy.get("proxy_headers"),  # aiohttp sends them to tunnels alone
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
        )

    @cached_property
    def _proxy(self) -> dict[str, Any]:
        """How aiohttp is told of the proxy (HTTPS_PROXY, NO_PROXY); left to itself it would take .netrc's keys, too."""
        server = urlsplit(self._base_url)
        host = server.hostname or ""
        # A proxy is for other machines: it cannot reach this one, and would see the key.
        address = None if is_loopback(host) or proxy_bypass(host) else getproxies().get(server.scheme)
        if not address:
            return {}
        proxy = URL(address if "://" in address else f"http://{address}")
        if proxy.user is None:
            return {"proxy": proxy}
        login = base64.b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode()
        return {"proxy": proxy.with_user(None), "proxy_headers": {"Proxy-Authorization": f"Basic {login}"}}


def _failure(error: Exception) -> Lost | Broken:
    if isinstance(error, aiohttp.ClientConnectorError):
        return Lost(_no_connection(error))
    lost = aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | aiohttp.ClientHttpProxyError
    network = isinstance(error, lost) and not isinstance(error.__cause__, ContentEncodingError)
    return Lost(str(error)) if network else Broken(str(error))


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    """Why there is no connection, in the system's words or TLS's, without the client's around them."""
    cause = getattr(error, "certificate_error", None) or error.os_error
    if isinstance(cause, ConnectionError) and cause.errno:
        return os.strerror(cause.errno)
    return getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or str(cause)


def _certificates() -> ssl.SSLContext:
    """Whom to trust: what SSL_CERT_FILE or SSL_CERT_DIR name, else the authorities that certifi brings."""
    import certifi

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    return ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder)
