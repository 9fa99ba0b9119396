"""Which changes are written when some are refused, and in how many tries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast._client import Change
from holdfast._delivery import deliver
from holdfast._errors import StateError

Write = Callable[[list[Change]], dict[str, int]]


def outcome(changes: list[Change], write: Write) -> tuple[set[str], set[str], int]:
    """What was written, what was refused, and how often it was tried."""
    written: set[str] = set()
    tries: list[int] = []

    def counted(part: list[Change]) -> dict[str, int]:
        tries.append(len(part))
        return write(part)

    refused = deliver(changes, counted, lambda part, _: written.update(change.key for change in part))
    return written, set(refused), len(tries)


CHANGES = [Change(f"key {at}", "x" * (at % 97 + 1)) for at in range(1000)]
EVERY_KEY = {change.key for change in CHANGES}


def test_one_that_is_refused_without_being_named_is_found_and_the_others_are_written() -> None:
    def write(part: list[Change]) -> dict[str, int]:
        if any(change.key == "key 700" for change in part):
            raise StateError("ERR_STATE_KEY", "cannot be used")
        return {}

    written, refused, tries = outcome(CHANGES, write)
    assert (written, refused) == (EVERY_KEY - {"key 700"}, {"key 700"})
    assert tries < 25


def test_in_a_full_scope_that_takes_none_of_a_thousand_it_is_found_out_soon() -> None:
    def write(part: list[Change]) -> dict[str, int]:
        raise StateError("ERR_STATE_TOO_LARGE", "full", keys=("key 96",), excess=1)

    written, refused, tries = outcome(CHANGES, write)
    assert (written, refused) == (set(), EVERY_KEY)
    assert tries < 15


@pytest.mark.parametrize("room", [0, 1, 1000, 20_000, 48_000, 100_000])
def test_in_a_full_scope_what_has_room_is_written_and_the_largest_are_left_out(room: int) -> None:
    def write(part: list[Change]) -> dict[str, int]:
        size = sum(len(change.text or "") for change in part)
        if size > room:
            raise StateError("ERR_STATE_TOO_LARGE", "full", excess=size - room)
        return {}

    written, refused, tries = outcome(CHANGES, write)
    assert written | refused == EVERY_KEY
    assert not written & refused
    sizes = {change.key: len(change.text or "") for change in CHANGES}
    assert max((sizes[key] for key in written), default=0) <= min((sizes[key] for key in refused), default=97)
    assert room - 97 < sum(sizes[key] for key in written) or not refused
    assert tries <= 2


def test_what_keeps_being_refused_for_no_reason_that_is_known_is_given_up_after_some_tries() -> None:
    def write(part: list[Change]) -> dict[str, int]:
        raise StateError("ERR_STATE_REQUEST", "no such scope")

    written, refused, tries = outcome(CHANGES, write)
    assert (written, refused) == (set(), EVERY_KEY)
    assert tries < 60


def test_what_is_about_no_change_is_raised_and_what_was_written_before_stays_so() -> None:
    written: list[str] = []

    def write(part: list[Change]) -> dict[str, int]:
        if written:
            raise StateError("ERR_SESSION_ENDED", "over")
        if len(part) > 1:
            raise StateError("ERR_VALUE_TYPE", "no value")
        return {}

    with pytest.raises(StateError, match="over"):
        deliver(CHANGES, write, lambda part, _: written.extend(change.key for change in part))
    assert written == ["key 0"]
