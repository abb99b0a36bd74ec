"""Addresses of servers: which may be used."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from relay_provider.allowed import HOSTS, refused
from relay_provider.errors import ConfigError

HTTP_OF: Final = {"ws": "http", "wss": "https"}
"""WebSocket schemes as those of the requests that go to the same place."""
PORTS: Final = {"http": 80, "https": 443}


def checked_url(
    setting: str, url: str, allow_http: bool, schemes: Collection[str] = ("http", "https", "ws", "wss")
) -> str:
    """`url` without a trailing slash, if it may be used: of these schemes, encrypted unless on loopback, allowed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or "%" in host or parts.scheme not in schemes or not url.isprintable() or set(url) & set(' \\<>"'):
        raise ConfigError(f"{setting} is not an address that can be used; it must look like https://host/v1.")
    if "@" in parts.netloc or set(url) & set("?#"):
        raise ConfigError(f"{setting} must be an address alone, without user, password, query or fragment.")
    if parts.scheme in ("http", "ws") and not (allow_http or is_loopback(host)):
        raise ConfigError(
            f"{setting} uses plain http to {host}, so the key would be sent in clear text; "
            "use https, or set allowHttp (RELAY_ALLOW_HTTP=true) on a private network."
        )
    where = f"{host}:{port or PORTS[HTTP_OF.get(parts.scheme, parts.scheme)]}"
    if why := refused(HOSTS, host, where):
        raise ConfigError(f"{setting} leads to {where}, {why}.")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Is the host this machine?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
