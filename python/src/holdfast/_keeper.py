"""Writes what sessions hold to the store, on a thread of its own: no run waits for it.

Of several snapshots of one session only the last is written. A store that cannot tell is asked again,
later and later; what was refused is named once.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator

from holdfast._client import Change, Client
from holdfast._errors import StateError
from holdfast._kept import Kept, Snapshot, changes_of, written
from holdfast._notice import notice

_LARGEST_WRITE = 4 * 1024 * 1024
_MOST_CHANGES = 2000
_LAST_MOMENTS = 3.0
_LONGEST_PAUSE = 30.0
_MOST_NAMED = 100


class Keeper:
    """The thread, and what waits for it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ready = threading.Condition()
        self._waiting: dict[Kept, Snapshot] = {}
        self._busy = False
        self._thread: threading.Thread | None = None
        self._pause = 0.0

    def keep(self, kept: Kept, snapshot: Snapshot) -> None:
        """Writes the snapshot soon, in place of one of the same session that still waits."""
        with self._ready:
            self._waiting[kept] = snapshot
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="holdfast-keeper", daemon=True)
                self._thread.start()
                atexit.register(self.drain, _LAST_MOMENTS)
            self._ready.notify_all()

    def drain(self, patience: float) -> bool:
        """Waits until all is written; False if that took longer than `patience` seconds."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._waiting and not self._busy, patience)

    def _work(self) -> None:
        while True:
            with self._ready:
                self._busy = False
                self._ready.notify_all()
                self._ready.wait_for(lambda: bool(self._waiting))
                kept = next(iter(self._waiting))
                snapshot = self._waiting.pop(kept)
                self._busy = True
            try:
                self._write(kept, snapshot)
                self._pause = 0.0
            except StateError as reason:
                self._failed(kept, snapshot, reason)
            except RuntimeError:
                # A value changed while it was read: the run that changes it ends with another snapshot.
                continue
            except Exception as reason:
                notice(f"a session could not be kept: {reason!r}")

    def _write(self, kept: Kept, snapshot: Snapshot) -> None:
        if kept.ended:
            return
        changes, refusals = changes_of(kept, snapshot)
        name_refusals(kept, refusals)
        for part in _parts(changes):
            try:
                self._client.write(kept.link, "page", part)
            except StateError as reason:
                if reason.code != "ERR_STATE_TOO_LARGE":
                    raise
                name_refusals(kept, {key[2:]: str(reason) for key in reason.keys} or {"": str(reason)})
                part = [change for change in part if change.key not in reason.keys]
                self._client.write(kept.link, "page", part)
            written(kept, part)

    def _failed(self, kept: Kept, snapshot: Snapshot, reason: StateError) -> None:
        if reason.code in ("ERR_SESSION_ENDED", "ERR_STATE_SESSION"):
            kept.ended = True
            return
        if reason.code != "ERR_STATE_UNAVAILABLE":
            notice(f"a session could not be kept: {reason}")
            return
        if self._pause == 0.0:
            notice(f"sessions cannot be kept now, and will be later: {reason}")
        self._pause = min(_LONGEST_PAUSE, max(0.5, self._pause * 2))
        with self._ready:
            self._waiting.setdefault(kept, snapshot)
        time.sleep(self._pause)


def name_refusals(kept: Kept, refusals: dict[str, str]) -> None:
    """Says once per key what cannot be kept."""
    for key, reason in refusals.items():
        if key not in kept.refused and len(kept.refused) < _MOST_NAMED:
            kept.refused.add(key)
            if key not in _named and len(_named) < _MOST_NAMED:
                _named.add(key)
                notice(f"st.session_state[{key!r}] will not outlive this server: {reason}")


# Per process, not per session: a model in the session of each of a thousand people is one thing to say.
_named: set[str] = set()


def _parts(changes: list[Change]) -> Iterator[list[Change]]:
    part: list[Change] = []
    size = 0
    for change in changes:
        length = len(change.text or "") + len(change.key)
        if part and (size + length > _LARGEST_WRITE or len(part) == _MOST_CHANGES):
            yield part
            part, size = [], 0
        part.append(change)
        size += length
    if part:
        yield part
