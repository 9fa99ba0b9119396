"""Writes what sessions hold to the store, on a thread of its own: no run waits for it.

Of several snapshots of one session only the last is written, with what it leaves alone as those before it
have it. A session whose store cannot tell is asked about again, later and later, and the others go on
meanwhile. What was refused is named once.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast._client import Change, Client
from holdfast._delivery import deliver
from holdfast._due import Due, doubted, due, written
from holdfast._errors import StateError
from holdfast._kept import Kept, Snapshot
from holdfast._notice import notice

_LARGEST_WRITE = 4 * 1024 * 1024
_MOST_CHANGES = 2000
_LAST_MOMENTS = 3.0
_SHORTEST_PAUSE = 0.5
# A store that is back finds what it missed within seconds.
_LONGEST_PAUSE = 5.0
_PAUSE_AT_THE_END = 0.1
_MOST_NAMED = 100


@dataclass
class _Turn:
    """A session that waits: what of, and since when it fails."""

    snapshot: Snapshot
    pause: float = 0.0
    """How long it waits after a failure; 0 while it has had none."""

    at: float = 0.0
    """When it is tried again."""

    is_away: bool = False
    """Whether the store could not tell, and that was said."""


class Keeper:
    """The thread, and what waits for it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ready = threading.Condition()
        self._waiting: dict[Kept, _Turn] = {}
        self._busy = False
        self._thread: threading.Thread | None = None
        self._hurries = 0
        self._others_until = 0.0
        """Until when sessions that have not failed go first."""

    def keep(self, kept: Kept, snapshot: Snapshot) -> None:
        """Writes the snapshot soon, in place of one of the same session that still waits."""
        with self._ready:
            turn = self._waiting.get(kept)
            if turn is None:
                self._waiting[kept] = _Turn(snapshot)
            else:
                turn.snapshot = snapshot.over(turn.snapshot)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="holdfast-keeper", daemon=True)
                self._thread.start()
                atexit.register(self.drain, _LAST_MOMENTS)
            self._ready.notify_all()

    def drain(self, patience: float) -> bool:
        """Waits until all is written, without any pauses; False if that took more than `patience` seconds."""
        with self._ready:
            self._hurries += 1
            for turn in self._waiting.values():
                turn.at = 0.0
            self._ready.notify_all()
            try:
                return self._ready.wait_for(lambda: not self._waiting and not self._busy, patience)
            finally:
                self._hurries -= 1

    def _work(self) -> None:
        while True:
            kept, turn = self._next()
            began, has_failed = time.monotonic(), turn.pause > 0.0
            try:
                self._write(kept, turn.snapshot)
            except _Moving:
                turn.is_away = False
                self._again(kept, turn)
            except StateError as reason:
                self._failed(kept, turn, reason)
            except Exception as reason:
                notice(f"a session could not be kept: {reason!r}")
            if has_failed:
                # Those that fail take half of the time at most: each may take seconds to do so.
                now = time.monotonic()
                self._others_until = now + (now - began)

    def _next(self) -> tuple[Kept, _Turn]:
        with self._ready:
            self._busy = False
            self._ready.notify_all()
            while True:
                now = time.monotonic()
                kept = self._chosen(now)
                if kept is not None:
                    self._busy = True
                    return kept, self._waiting.pop(kept)
                first = min((turn.at for turn in self._waiting.values()), default=None)
                self._ready.wait(None if first is None else first - now)

    def _chosen(self, now: float) -> Kept | None:
        fresh = next((kept for kept, turn in self._waiting.items() if turn.pause == 0.0), None)
        if fresh is not None and (self._hurries > 0 or now < self._others_until):
            return fresh
        failed = [kept for kept, turn in self._waiting.items() if turn.pause > 0.0 and turn.at <= now]
        return min(failed, key=lambda kept: self._waiting[kept].at, default=fresh)

    def _write(self, kept: Kept, snapshot: Snapshot) -> None:
        if kept.ended:
            return
        wanted = due(kept, snapshot)
        name_refusals(kept, wanted.refusals)
        for part in _parts(wanted.changes):
            self._deliver(kept, wanted, part)
        if wanted.moving:
            raise _Moving

    def _deliver(self, kept: Kept, wanted: Due, part: list[Change]) -> None:
        def write(changes: list[Change]) -> dict[str, int]:
            try:
                return self._client.write(kept.link, "page", changes)
            except Exception as reason:
                if not isinstance(reason, StateError) or reason.code == "ERR_STATE_UNAVAILABLE":
                    doubted(kept, changes)
                raise

        def acknowledged(changes: list[Change], versions: dict[str, int]) -> None:
            written(kept, changes, wanted.atoms)

        refused = deliver(part, write, acknowledged)
        name_refusals(kept, {key[2:]: str(reason) for key, reason in refused.items()})

    def _failed(self, kept: Kept, turn: _Turn, reason: StateError) -> None:
        if reason.code in ("ERR_SESSION_ENDED", "ERR_STATE_SESSION"):
            kept.ended = True
            return
        if reason.code != "ERR_STATE_UNAVAILABLE":
            notice(f"a session could not be kept: {reason}")
            return
        with self._ready:
            is_said = turn.is_away or any(one.is_away for one in self._waiting.values())
        turn.is_away = True
        if not is_said:
            notice(f"sessions cannot be kept now, and will be later: {reason}")
        self._again(kept, turn)

    def _again(self, kept: Kept, turn: _Turn) -> None:
        """Has the session wait for another try, with what has come since."""
        with self._ready:
            newer = self._waiting.get(kept)
            if newer is not None:
                turn.snapshot = newer.snapshot.over(turn.snapshot)
            turn.pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, turn.pause * 2))
            turn.at = time.monotonic() + (_PAUSE_AT_THE_END if self._hurries > 0 else turn.pause)
            self._waiting[kept] = turn


class _Moving(Exception):
    """A value changed while it was read; all others are written."""


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
