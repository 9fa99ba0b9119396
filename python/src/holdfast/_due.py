"""What has to be written so that the store holds a snapshot, and what it is known to hold afterwards.

Noted as held is only what the store has acknowledged. A write whose answer was lost leaves its keys in
doubt: the next look writes them again, whatever they hold by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from holdfast._client import Change
from holdfast._errors import StateError
from holdfast._kept import ATOMS, Kept, Snapshot, digest
from holdfast._scope_run import LARGEST_VALUE
from holdfast._values import encode
from holdfast._values_write import to_text

_LONGEST_KEY = 1000
_IN_DOUBT = b""


@dataclass(frozen=True)
class Due:
    """What one snapshot asks of the store."""

    changes: list[Change] = field(default_factory=list)
    """What has to be written; what is deleted comes first, and makes room for the rest."""

    atoms: dict[str, Any] = field(default_factory=dict)
    """The values that the changes were written from, where those cannot change inside."""

    refusals: dict[str, str] = field(default_factory=dict)
    """Why which keys cannot be kept."""

    moving: set[str] = field(default_factory=set)
    """Keys whose values changed while they were read, and have to be looked at again."""


def due(kept: Kept, snapshot: Snapshot) -> Due:
    """Compares a snapshot with what the store is known to hold."""
    found = Due()
    there = set(snapshot.untouched)
    for key, text in snapshot.texts.items():
        _look(kept, found, there, key, kept, partial(_checked, key, text))
    for key, (user_key, value) in snapshot.widgets.items():
        _look(kept, found, there, key, value, partial(_widget, key, user_key, value))
    for key, value in snapshot.plain.items():
        _look(kept, found, there, key, value, partial(_plain, key, value))
    found.changes[:0] = [Change(key, None) for key in kept.stored if key not in there]
    return found


def _look(kept: Kept, found: Due, there: set[str], key: str, value: object, write: Callable[[], str]) -> None:
    is_atom = type(value) in ATOMS
    if is_atom and kept.atoms.get(key, kept) is value:
        there.add(key)
        return
    try:
        text = write()
    except Exception as reason:
        if isinstance(reason, RuntimeError) and not isinstance(reason, RecursionError):
            # Somebody changes it at this moment: what the store holds of it stays for now.
            found.moving.add(key)
            there.add(key)
        else:
            # Whatever one value does to whoever reads it: the others are kept.
            found.refusals[key[2:]] = str(reason) or repr(reason)
        return
    there.add(key)
    if kept.stored.get(key) != digest(text):
        found.changes.append(Change(key, text))
        if is_atom:
            found.atoms[key] = value
    elif is_atom:
        kept.atoms[key] = value


def written(kept: Kept, changes: Iterable[Change], atoms: dict[str, Any]) -> None:
    """Takes note of what the store has acknowledged."""
    for change in changes:
        if change.text is None:
            kept.stored.pop(change.key, None)
        else:
            kept.stored[change.key] = digest(change.text)
        if change.text is not None and change.key in atoms:
            kept.atoms[change.key] = atoms[change.key]
        else:
            kept.atoms.pop(change.key, None)


def doubted(kept: Kept, changes: Iterable[Change]) -> None:
    """Takes note that the store may hold these changes, or what it held before."""
    for change in changes:
        kept.stored[change.key] = _IN_DOUBT
        kept.atoms.pop(change.key, None)


def _widget(key: str, user_key: str | None, value: Any) -> str:
    return _checked(key, f'{{"key":{to_text(user_key)},"value":{encode(value)}}}')


def _plain(key: str, value: Any) -> str:
    # Asked before the work of writing it: a table of a gigabyte is no reason to stop everything.
    size = getattr(value, "nbytes", 0)
    if isinstance(size, int) and size > LARGEST_VALUE:
        raise StateError("ERR_STATE_TOO_LARGE", f"it has {size:,} bytes; {LARGEST_VALUE:,} are kept")
    usage = getattr(value, "memory_usage", None)
    if callable(usage) and _total(usage) > 4 * LARGEST_VALUE:
        raise StateError(
            "ERR_STATE_TOO_LARGE", f"it is larger than the {LARGEST_VALUE:,} bytes that are kept"
        )
    return _checked(key, encode(value))


def _checked(key: str, text: str) -> str:
    """The text, if the gateway takes it under this key: one that it refuses costs the others a round."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise StateError("ERR_STATE_KEY", "its key holds half a surrogate pair") from None
    if length > _LONGEST_KEY:
        raise StateError("ERR_STATE_KEY", "its key is too long")
    if len(text) > LARGEST_VALUE or len(text.encode()) > LARGEST_VALUE:
        raise StateError("ERR_STATE_TOO_LARGE", f"it has {len(text):,} bytes; {LARGEST_VALUE:,} are kept")
    return text


def _total(usage: Any) -> int:
    try:
        used = usage(index=True)
        return int(used.sum()) if hasattr(used, "sum") else int(used)
    except Exception:
        return 0
