"""Writes changes, and what is refused of them does not keep the rest from being written."""

from __future__ import annotations

from collections.abc import Callable

from holdfast._client import Change
from holdfast._errors import StateError

_MOST_TRIES = 32
_REFUSALS = frozenset({"ERR_STATE_TOO_LARGE", "ERR_STATE_KEY", "ERR_STATE_REQUEST"})


def deliver(
    changes: list[Change],
    write: Callable[[list[Change]], dict[str, int]],
    acknowledged: Callable[[list[Change], dict[str, int]], None],
) -> dict[str, StateError]:
    """Writes all changes at once; if some are refused, the others. Why which keys were refused.

    `acknowledged` is told of each write that was done. What is about no change (there is no store now, the
    session has ended) is raised, and what was acknowledged before stays so.
    """
    refused: dict[str, StateError] = {}
    waiting = [changes]
    fewest, tries = 1, 0
    while waiting:
        part = waiting.pop()
        if not part:
            continue
        tries += 1
        try:
            versions = write(part)
        except StateError as reason:
            if reason.code not in _REFUSALS and not reason.code.startswith("ERR_VALUE_"):
                raise
            out = {change.key for change in part if change.key in reason.keys}
            if reason.excess is not None:
                # All of them together are too much. In a full scope each of a thousand small ones would be
                # refused by itself: twice as many go each time.
                out |= _largest(part, fewest, reason.excess)
                fewest *= 2
            if not out and (len(part) == 1 or tries >= _MOST_TRIES):
                out = {change.key for change in part}
            if not out:
                # It is not said which: the half with it is refused again.
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
                continue
            refused.update((key, reason) for key in out)
            waiting.append([change for change in part if change.key not in out])
        else:
            acknowledged(part, versions)
    return refused


def _largest(part: list[Change], fewest: int, bytes_: int) -> set[str]:
    """The keys of the largest changes: at least so many, and so many bytes of them."""
    out: set[str] = set()
    for change in sorted(part, key=lambda one: len(one.text or ""), reverse=True):
        if change.text is None or (len(out) >= fewest and bytes_ <= 0):
            break
        out.add(change.key)
        bytes_ -= len(change.text)
    return out
