"""One scope as one script run sees it: read once, changed here, sent in one write.

Values are handed out as they are, lists and dicts included, and the app changes them in place. What
changed is found at the end by writing each value again and comparing the texts: no proxies, so
`isinstance`, JSON and pandas see the real thing, and nothing slips through at any depth.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from holdfast._client import Change, Client, Entry
from holdfast._delivery import deliver
from holdfast._errors import StateError, joined
from holdfast._link import Link
from holdfast._values import decode, encode

LARGEST_VALUE = 1024 * 1024
"""The gateway's own limit, asked here too, so that the line that is to blame raises the error."""

_NEVER_CHANGE_INSIDE = (type(None), bool, int, float, str, bytes)
_MOST_ROUNDS = 5


@dataclass(frozen=True)
class Conflict:
    """Somebody else wrote the same key first. A key that is absent has no version, and None as its value."""

    key: str
    mine: Any
    theirs: Any
    version: int | None


@dataclass
class _Cell:
    """A key: what is kept under it, and what this run makes of it. Without a text there is nothing."""

    kept: Entry | None
    text: str | None
    value: Any = None
    is_read: bool = False
    is_in_doubt: bool = False
    """Whether a write of it was sent whose answer was lost."""


class ScopeRun:
    """A scope within one run. Threads of the same run share it."""

    def __init__(self, client: Client, link: Link | None, name: str) -> None:
        self._client = client
        self._link = link
        self._name = name
        self._lock = threading.RLock()
        self._cells: dict[str, _Cell] | None = None

    def get(self, key: str) -> Any:
        """The value; `KeyError` if there is none."""
        with self._lock:
            cell = self._loaded().get(key)
            if cell is None or cell.text is None:
                raise KeyError(key)
            if not cell.is_read:
                cell.value = decode(cell.text)
                cell.is_read = True
            return cell.value

    def has(self, key: object) -> bool:
        """Whether there is a value, without reading it."""
        with self._lock:
            cell = self._loaded().get(key) if isinstance(key, str) else None
            return cell is not None and cell.text is not None

    def set(self, key: str, value: Any) -> None:
        """Sets a value, to be sent later; what cannot be kept is refused here."""
        text = text_of(key, value)
        with self._lock:
            cells = self._loaded()
            cell = cells.setdefault(key, _Cell(None, None))
            cell.text, cell.value, cell.is_read = text, value, True

    def delete(self, key: str) -> None:
        """Deletes a key, later; `KeyError` if it is absent."""
        with self._lock:
            cell = self._loaded().get(key)
            if cell is None or cell.text is None:
                raise KeyError(key)
            cell.text, cell.value, cell.is_read = None, None, False

    def names(self) -> list[str]:
        """The keys that have a value."""
        with self._lock:
            return [key for key, cell in self._loaded().items() if cell.text is not None]

    def version(self, key: str) -> int | None:
        """The version as it was read or last written; None for an absent key."""
        with self._lock:
            cell = self._loaded().get(key)
            return None if cell is None or cell.kept is None else cell.kept.version

    def is_stored(self, key: str) -> bool:
        """Whether the store is known to hold the key as this run set, read or deleted it."""
        with self._lock:
            cell = self._loaded().get(key)
            if cell is None:
                return True
            return not cell.is_in_doubt and cell.text == (None if cell.kept is None else cell.kept.text)

    def flush(self) -> None:
        """Sends what changed; it is kept once this returns.

        If it raises, all is kept that could be; the error's `keys` say what cannot, and nothing is lost here.
        """
        with self._lock:
            if self._cells is None:
                return
            changes, failures = self._changes()
            try:
                refused = deliver(changes, self._write, self._acknowledged)
                failures += [
                    StateError(reason.code, str(reason), keys=(key,)) for key, reason in refused.items()
                ]
            except StateError as reason:
                failures.append(reason)
        if failures:
            raise joined(failures)

    def write(
        self,
        values: Mapping[str, Any],
        expected: Mapping[str, int | None],
        on_conflict: Callable[[Conflict], Any] | None,
    ) -> None:
        """Writes at once; keys in `expected` only if their version is still that one."""
        changes = [
            Change(key, text_of(key, value), expected.get(key), is_guarded=key in expected)
            for key, value in values.items()
        ]
        with self._lock:
            for _ in range(_MOST_ROUNDS):
                try:
                    return self._send(changes)
                except StateError as reason:
                    if reason.code != "ERR_STATE_CONFLICT" or on_conflict is None:
                        raise
                    changes = self._settled(changes, reason.keys, on_conflict)
            raise StateError(
                "ERR_STATE_CONFLICT",
                f"others wrote {', '.join(values)} {_MOST_ROUNDS} times meanwhile",
                keys=tuple(values),
            )

    def forget(self) -> None:
        """Reads anew when next asked; what was not sent is given up."""
        with self._lock:
            self._cells = None

    def _loaded(self) -> dict[str, _Cell]:
        if self._cells is None:
            kept = self._client.read(self._link, self._name)
            self._cells = {key: _Cell(entry, entry.text) for key, entry in kept.items()}
        return self._cells

    def _changes(self) -> tuple[list[Change], list[Exception]]:
        changes: list[Change] = []
        failures: list[Exception] = []
        for key, cell in list(self._loaded().items()):
            if cell.is_read and cell.text is not None and type(cell.value) not in _NEVER_CHANGE_INSIDE:
                try:
                    cell.text = text_of(key, cell.value)
                except Exception as reason:
                    failures.append(reason)
                    continue
            if cell.is_in_doubt or cell.text != (None if cell.kept is None else cell.kept.text):
                changes.append(Change(key, cell.text))
        return changes, failures

    def _write(self, changes: list[Change]) -> dict[str, int]:
        try:
            return self._client.write(self._link, self._name, changes)
        except Exception as reason:
            if not isinstance(reason, StateError) or reason.code == "ERR_STATE_UNAVAILABLE":
                for change in changes:
                    self._loaded()[change.key].is_in_doubt = True
            raise

    def _send(self, changes: list[Change]) -> None:
        self._acknowledged(changes, self._client.write(self._link, self._name, changes))

    def _acknowledged(self, changes: list[Change], versions: dict[str, int]) -> None:
        if self._cells is None:
            return
        for change in changes:
            if change.text is None:
                self._cells.pop(change.key, None)
                continue
            cell = self._cells.setdefault(change.key, _Cell(None, None))
            if cell.text != change.text:
                cell.is_read = False
            cell.text, cell.kept = change.text, Entry(change.text, versions.get(change.key, 0))
            cell.is_in_doubt = False

    def _settled(
        self, changes: list[Change], keys: tuple[str, ...], on_conflict: Callable[[Conflict], Any]
    ) -> list[Change]:
        now = self._client.read(self._link, self._name, keys)
        settled = []
        for change in changes:
            if change.key not in keys or change.text is None:
                settled.append(change)
                continue
            entry = now.get(change.key)
            theirs, version = (None, None) if entry is None else (decode(entry.text), entry.version)
            value = on_conflict(Conflict(change.key, decode(change.text), theirs, version))
            settled.append(replace(change, text=text_of(change.key, value), expected=version))
        return settled


def text_of(key: str, value: Any) -> str:
    """The written form of a key's value; the error names the key."""
    if type(key) is not str:
        raise TypeError(f"keys of state are text, not {type(key).__name__}")
    try:
        encode(key)
        text = encode(value)
    except StateError as reason:
        raise StateError(reason.code, f"state[{key!r}]: {reason}", keys=(key,)) from None
    size = len(text.encode())
    if size > LARGEST_VALUE:
        raise StateError(
            "ERR_STATE_TOO_LARGE",
            f"state[{key!r}] has {size:,} bytes; {LARGEST_VALUE:,} are kept",
            keys=(key,),
        )
    return text
