"""Speaks to the gateway's state API: a listener for this app alone, on the loopback or between containers."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from holdfast._errors import StateError
from holdfast._link import Link

# The gateway answers within a second, also that its store is away: who gives up as soon learns nothing.
_PATIENCE = 2.0
# Longer than the gateway gives whoever checks a password, and than it makes those wait who guess.
_PATIENCE_FOR_PASSWORDS = 45.0
_LARGEST_ANSWER = 64 * 1024 * 1024
_MOST_IDLE = 4
# Well below the listener's own limit, so that a connection is not taken up as it is being closed.
_LONGEST_IDLE = 30.0


@dataclass(frozen=True)
class Entry:
    """One value as it is kept."""

    text: str
    version: int


@dataclass(frozen=True)
class Change:
    """One key's new value, or None to delete it; with `expected`, only if its version is still this one."""

    key: str
    text: str | None
    expected: int | None = None
    is_guarded: bool = False

    def tree(self) -> dict[str, Any]:
        change: dict[str, Any] = {"key": self.key}
        change.update({"delete": True} if self.text is None else {"value": self.text})
        if self.is_guarded:
            change["ifVersion"] = self.expected
        return change


class Client:
    """The state API, from any thread: each call takes two seconds at most, and says what went wrong."""

    def __init__(self, url: str, key: str, *, patience: float = _PATIENCE) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise StateError("ERR_STATE_UNAVAILABLE", "HOLDFAST_URL is no http address")
        self._kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._host, self._port = address.hostname, address.port
        self._key = key
        self._patience = patience
        self._lock = threading.Lock()
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._process = os.getpid()

    def read(
        self,
        link: Link | None,
        scope: str,
        keys: Sequence[str] | None = None,
        *,
        patience: float | None = None,
    ) -> dict[str, Entry]:
        """What is kept under `keys`, or under all."""
        asked: dict[str, Any] = {"scope": scope} if keys is None else {"scope": scope, "keys": list(keys)}
        return _entries(self._ask("/state/read", asked, link, again=True, patience=patience))

    def write(self, link: Link | None, scope: str, changes: Sequence[Change]) -> dict[str, int]:
        """Makes all changes, or none; the new versions. It is kept once this returns."""
        asked = {"scope": scope, "changes": [change.tree() for change in changes]}
        # A guarded write that was done, and whose answer was lost, would be refused the second time.
        again = not any(change.is_guarded for change in changes)
        return _versions(self._ask("/state/write", asked, link, again=again))

    def ensure_url_session(self, link: Link | None, token: str | None, idle: float | None) -> str:
        """The token of a URL session: the one given, if it may be used here; else a new one."""
        asked: dict[str, Any] = {} if token is None else {"token": token}
        if idle is not None:
            asked["idle"] = round(idle)
        answer = self._ask("/url-session/ensure", asked, link, again=False)
        if not isinstance(answer.get("token"), str):
            raise _nonsense()
        return str(answer["token"])

    def read_url_session(self, link: Link | None, token: str) -> dict[str, Entry] | None:
        """What is kept of a URL session; None if there is none that may be used here."""
        try:
            return _entries(self._ask("/url-session/read", {"token": token}, link, again=True))
        except StateError as reason:
            if reason.code in _NO_URL_SESSION:
                return None
            raise

    def write_url_session(self, link: Link | None, token: str, changes: Sequence[Change]) -> None:
        """Makes all changes to a URL session, or none."""
        asked = {"token": token, "changes": [change.tree() for change in changes]}
        self._ask("/url-session/write", asked, link, again=True)

    def end_url_session(self, link: Link | None, token: str) -> None:
        """Ends a URL session, with all it holds."""
        self._ask("/url-session/end", {"token": token}, link, again=True)

    def people(self, link: Link, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What came of a form of the app's. Passwords are slow to check, and are never asked about twice."""
        headers = link.page_headers()
        return self._ask(path, asked, headers, again=False, patience=_PATIENCE_FOR_PASSWORDS)

    def close(self) -> None:
        """Closes what lies idle; the client may still be used."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _ask(
        self,
        path: str,
        asked: Mapping[str, Any],
        whose: Link | Mapping[str, str] | None,
        *,
        again: bool,
        patience: float | None = None,
    ) -> dict[str, Any]:
        body = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        headers.update(whose.headers() if isinstance(whose, Link) else whose or {})
        until = time.monotonic() + (patience or self._patience)
        # What must not be asked twice takes no connection that may have been closed while it lay idle.
        connection = self._reusable() if again and patience is None else None
        try:
            if connection is not None:
                try:
                    return self._exchange(connection, path, body, headers, until)
                except (ConnectionError, HTTPException):
                    # It may have been closed while it lay idle; only a new one tells.
                    if not again:
                        raise
            fresh = self._kind(self._host, self._port, timeout=self._left(until))
            return self._exchange(fresh, path, body, headers, until)
        except (OSError, HTTPException, ValueError) as reason:
            raise StateError(
                "ERR_STATE_UNAVAILABLE",
                f"the state API at {self._host}:{self._port} did not answer: {reason!r}",
            ) from None

    def _exchange(
        self, connection: HTTPConnection, path: str, body: bytes, headers: Mapping[str, str], until: float
    ) -> dict[str, Any]:
        try:
            connection.timeout = self._left(until)
            if connection.sock is not None:
                connection.sock.settimeout(connection.timeout)
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            parts: list[bytes] = []
            size = 0
            while part := answer.read(1 << 20):
                size += len(part)
                if size > _LARGEST_ANSWER:
                    raise ValueError("the answer is too long")
                if connection.sock is not None:
                    connection.sock.settimeout(self._left(until))
                parts.append(part)
            status, closes = answer.status, answer.will_close
            content = b"".join(parts)
            tree = json.loads(content) if content else {}
        except BaseException:
            connection.close()
            raise
        if closes:
            connection.close()
        else:
            self._give_back(connection)
        if not isinstance(tree, dict):
            raise _nonsense()
        if status != 200:
            raise _refusal(status, tree)
        return tree

    def _left(self, until: float) -> float:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("not in time")
        return left

    def _reusable(self) -> HTTPConnection | None:
        with self._lock:
            if self._process != os.getpid():
                # After a fork the sockets belong to the parent's conversation.
                self._idle, self._process = [], os.getpid()
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < _LONGEST_IDLE:
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()


_NO_URL_SESSION = {"ERR_URL_SESSION_UNKNOWN", "ERR_NOT_FOUND", "ERR_SESSION_ENDED"}


def client() -> Client:
    """The gateway that this app was started by, or was told of; `StateError` if there is none."""
    url, key = os.environ.get("HOLDFAST_URL"), os.environ.get("HOLDFAST_STATE_KEY")
    if not url or not key:
        raise StateError(
            "ERR_STATE_UNAVAILABLE",
            "no gateway keeps state here: start the app with `holdfast run`, or give it HOLDFAST_URL and "
            "HOLDFAST_STATE_KEY as `holdfast env streamlit` prints them",
        )
    return _client_of(url, key)


@lru_cache(maxsize=8)
def _client_of(url: str, key: str) -> Client:
    return Client(url, key)


def _refusal(status: int, problem: Mapping[str, Any]) -> StateError:
    code, keys = problem.get("code"), problem.get("keys")
    detail = problem.get("detail") or problem.get("title") or f"the state API answered with {status}"
    named = tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()
    if isinstance(problem.get("key"), str):
        named = (problem["key"],)
    if status == 404:
        return StateError("ERR_URL_SESSION_UNKNOWN", str(detail))
    if status >= 500 or not isinstance(code, str):
        return StateError("ERR_STATE_UNAVAILABLE", str(detail))
    return StateError(code, str(detail), keys=named, excess=_excess(problem))


def _excess(problem: Mapping[str, Any]) -> int | None:
    size, limit = problem.get("bytes"), problem.get("limit")
    if problem.get("of") != "scope" or type(size) is not int or type(limit) is not int:
        return None
    return size - limit


def _entries(tree: Mapping[str, Any]) -> dict[str, Entry]:
    entries = tree.get("entries")
    if not isinstance(entries, dict):
        raise _nonsense()
    try:
        return {key: Entry(str(one["value"]), int(one["version"])) for key, one in entries.items()}
    except (TypeError, KeyError, ValueError):
        raise _nonsense() from None


def _versions(tree: Mapping[str, Any]) -> dict[str, int]:
    versions = tree.get("versions")
    if not isinstance(versions, dict):
        raise _nonsense()
    return {key: version for key, version in versions.items() if isinstance(version, int)}


def _nonsense() -> StateError:
    return StateError(
        "ERR_STATE_UNAVAILABLE", "the state API gave an answer that is none; are both of one version?"
    )
