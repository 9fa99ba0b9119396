"""Where the state of URL sessions lies: with the gateway, in this process, or in a store of the app's own."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from holdfast._client import Change, client
from holdfast._delivery import deliver
from holdfast._errors import StateError, joined
from holdfast._link import current_link
from holdfast._scope_run import LARGEST_VALUE
from holdfast._url_settings import checked_ttl
from holdfast._user import user
from holdfast._values import decode, encode

_TOKEN_BYTES = 32


def new_session_id() -> str:
    """An id that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


@runtime_checkable
class SessionStore(Protocol):
    """What an app's own store has to do."""

    def get(self, session_id: str) -> dict[str, Any] | None:
        """All that is kept under an id; None if it is unknown or over."""

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        """Keeps all of `data`, plain JSON, in place of what was there."""

    def delete(self, session_id: str) -> None:
        """Forgets an id."""


class OwnStore(Protocol):
    """What our stores can do beyond it: hand out ids, and change single keys in one step."""

    def ensure(self, token: str | None, ttl_seconds: float | None) -> tuple[str, bool]: ...
    def texts(self, token: str) -> dict[str, str] | None: ...
    def apply(self, token: str, changes: Mapping[str, str | None]) -> dict[str, StateError] | None: ...


@dataclass
class _Kept:
    texts: dict[str, str]
    owner: str | None
    ttl: float | None
    until: float


@dataclass
class _Table:
    """The sessions of one process, by id."""

    lock: threading.RLock
    kept: dict[str, _Kept]


class InMemorySessionStore:
    """Keeps URL sessions in this process: for development, and for apps of one process.

    All stores with the same limits are one, so that a store made anew after F5, inside
    `st.session_state`, still finds what the one before was given.
    """

    holdfast_unkept = True
    _tables: ClassVar[dict[tuple[int, float | None], _Table]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, *, max_entries: int = 5000, default_ttl_seconds: float | None = 86400.0) -> None:
        if type(max_entries) is not int or max_entries < 1:
            raise ValueError(f"max_entries must be a whole number from 1 on, not {max_entries!r}")
        self._most = max_entries
        self._ttl = checked_ttl(default_ttl_seconds)
        with self._making:
            key = (self._most, self._ttl)
            self._table = self._tables.setdefault(key, _Table(threading.RLock(), {}))

    def get(self, session_id: str) -> dict[str, Any] | None:
        """All that is kept under an id, for whom it belongs to."""
        texts = self.texts(session_id)
        return None if texts is None else {key: decode(text) for key, text in texts.items()}

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        """Keeps all of `data` in place of what was there."""
        ttl = checked_ttl(ttl_seconds)
        texts = {key: encode(value) for key, value in data.items()}
        with self._table.lock:
            self._put(session_id, texts, ttl if ttl is not None else self._ttl)

    def delete(self, session_id: str) -> None:
        """Forgets an id."""
        with self._table.lock:
            self._table.kept.pop(session_id, None)

    def ensure(self, token: str | None, ttl_seconds: float | None) -> tuple[str, bool]:
        """The id, if it may be used here; else a new one."""
        with self._table.lock:
            kept = None if token is None else self._live(token)
            if token is not None and kept is not None:
                kept.until = _deadline(kept.ttl)
                return token, False
            made = new_session_id()
            self._put(made, {}, self._ttl if ttl_seconds is None else ttl_seconds)
            return made, True

    def texts(self, token: str) -> dict[str, str] | None:
        """What is kept, as it is written."""
        with self._table.lock:
            kept = self._live(token)
            return None if kept is None else dict(kept.texts)

    def apply(self, token: str, changes: Mapping[str, str | None]) -> dict[str, StateError] | None:
        """Changes single keys, None deleting them. What was refused; None if the session has ended."""
        with self._table.lock:
            kept = self._live(token)
            if kept is None:
                return None
            for key, text in changes.items():
                if text is None:
                    kept.texts.pop(key, None)
                else:
                    kept.texts[key] = text
            kept.until = _deadline(kept.ttl)
            return {}

    def _live(self, token: str) -> _Kept | None:
        kept = self._table.kept.get(token)
        if kept is None:
            return None
        if kept.until <= time.monotonic():
            del self._table.kept[token]
            return None
        # Made by one person, it is nobody else's; made by nobody, it is no signed-in person's.
        return kept if kept.owner == _owner() else None

    def _put(self, token: str, texts: dict[str, str], ttl: float | None) -> None:
        self._table.kept[token] = _Kept(texts, _owner(), ttl, _deadline(ttl))
        while len(self._table.kept) > self._most:
            del self._table.kept[next(iter(self._table.kept))]


class GatewaySessionStore:
    """Keeps URL sessions with the gateway: sealed, through restarts, on every replica."""

    holdfast_unkept = True

    def get(self, session_id: str) -> dict[str, Any] | None:
        """All that is kept under a token, for whom it belongs to."""
        texts = self.texts(session_id)
        return None if texts is None else {key: decode(text) for key, text in texts.items()}

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        """Keeps all of `data` in place of what was there, under a token that the gateway gave."""
        checked_ttl(ttl_seconds)
        wanted = {key: encode(value) for key, value in data.items()}
        there = self.texts(session_id)
        if there is None:
            raise StateError(
                "ERR_URL_SESSION_UNKNOWN", "the gateway gave no such token; ensure_url_session gets one"
            )
        refused = self.apply(session_id, {**dict.fromkeys(there), **wanted})
        if refused:
            raise joined(list(refused.values()))

    def delete(self, session_id: str) -> None:
        """Ends the session, with all it holds."""
        client().end_url_session(current_link(), session_id)

    def ensure(self, token: str | None, ttl_seconds: float | None) -> tuple[str, bool]:
        """The token, if it may be used here; else a new one."""
        idle = None if ttl_seconds is None else ttl_seconds * 1000
        made = client().ensure_url_session(current_link(), token, idle)
        return made, made != token

    def texts(self, token: str) -> dict[str, str] | None:
        """What is kept, as it is written."""
        entries = client().read_url_session(current_link(), token)
        return None if entries is None else {key: entry.text for key, entry in entries.items()}

    def apply(self, token: str, changes: Mapping[str, str | None]) -> dict[str, StateError] | None:
        """Changes single keys, None deleting them. What was refused; None if the session has ended."""
        link = current_link()
        refused: dict[str, StateError] = {}
        wanted: list[Change] = []
        for key, text in changes.items():
            size = 0 if text is None else len(text.encode())
            if size > LARGEST_VALUE:
                reason = f"it has {size:,} bytes; {LARGEST_VALUE:,} are kept"
                refused[key] = StateError("ERR_STATE_TOO_LARGE", reason, keys=(key,))
            else:
                wanted.append(Change(key, text))

        def write(part: list[Change]) -> dict[str, int]:
            client().write_url_session(link, token, part)
            return {}

        try:
            found = deliver(wanted, write, lambda part, versions: None)
        except StateError as reason:
            if reason.code in ("ERR_URL_SESSION_UNKNOWN", "ERR_SESSION_ENDED"):
                return None
            raise
        return {
            **refused,
            **{key: StateError(reason.code, str(reason), keys=(key,)) for key, reason in found.items()},
        }


def default_store() -> GatewaySessionStore | InMemorySessionStore:
    """The gateway where there is one, else this process."""
    if os.environ.get("HOLDFAST_URL") and os.environ.get("HOLDFAST_STATE_KEY"):
        return GatewaySessionStore()
    return InMemorySessionStore()


def _deadline(ttl: float | None) -> float:
    return float("inf") if ttl is None else time.monotonic() + ttl


def _owner() -> str | None:
    try:
        person = user()
    except (ImportError, AttributeError, RuntimeError):
        return None
    return None if person is None else person.id
