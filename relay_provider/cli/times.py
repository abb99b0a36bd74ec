"""Moments, for people."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(seconds: int) -> str:
    """Seconds since 1970 as date and time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
