"""What becomes of the rest when the store takes one key or value of a session and not another."""

from __future__ import annotations

from typing import Any

from kept_session import new, plain, stored
from state_gateway import Gateway

from holdfast._keeper import Keeper
from holdfast._kept import Snapshot


def test_a_key_or_a_value_that_is_refused_keeps_no_other_from_being_written(
    keeper: Keeper, gateway: Gateway
) -> None:
    mine = new(gateway)
    widgets: dict[str, tuple[str | None, Any]] = {
        "w:$$ID-fine": (None, "x"),
        "w:$$ID-large": (None, "y" * 2**20),
        f"w:$$ID-{'long' * 300}": (None, 1),
    }
    values = {"s:fine": "x", "s:\ud800": 1, f"s:{'ä' * 600}": 2, "s:model": print, "s:half": "\udfff"}
    keeper.keep(mine, Snapshot({"w:$$ID-wide": f'"{"z" * 2**20}"'}, values, frozenset(), widgets))
    assert keeper.drain(60)
    assert stored(gateway, mine.link) == {"w:$$ID-fine": '{"key":null,"value":"x"}', "s:fine": '"x"'}


def test_in_a_session_that_is_full_the_largest_are_left_out_and_what_goes_makes_room(
    keeper: Keeper, gateway: Gateway
) -> None:
    mine = new(gateway)
    full = {f"{at}": "x" * 1_000_000 for at in range(20)}
    keeper.keep(mine, plain(**full, small=1))
    assert keeper.drain(60)
    there = stored(gateway, mine.link)
    assert there.get("s:small") == "1"
    assert len(there) == 9, "eight of them are what a scope holds"
    left_out = {key: text for key, text in full.items() if f"s:{key}" not in there}
    keeper.keep(mine, plain(**dict(list(left_out.items())[:7]), small=2))
    assert keeper.drain(60)
    assert sorted(stored(gateway, mine.link)) == sorted([*[f"s:{key}" for key in left_out][:7], "s:small"])
