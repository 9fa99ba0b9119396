"""The switches of URL sessions, and the name of their parameter."""

from __future__ import annotations

import os

DEFAULT_PARAMETER = "holdfast_sid"
"""The gateway keeps the value of this name out of its logs."""


def is_off() -> bool:
    """Whether the helpers do nothing: switched off, or in tests that did not ask for them."""
    if _is_on("HOLDFAST_DISABLE_URL_SESSION"):
        return True
    return _is_on("HOLDFAST_TESTS") and not _is_on("HOLDFAST_FORCE_URL_SESSION_IN_TESTS")


def parameter(given: str | None) -> str:
    """The query parameter that carries the token."""
    return given or os.environ.get("HOLDFAST_URL_SESSION_QUERY_PARAM", "").strip() or DEFAULT_PARAMETER


def checked_ttl(seconds: float | None) -> float | None:
    """A time to live; `ValueError` for 0 and less, which have meant both "for ever" and "already over"."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
        raise ValueError(f"ttl_seconds must be more than 0, not {seconds!r}; leave it out for the default")
    return float(seconds)


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")
