"""What the keeper writes while the store is away, slow, or loses an answer, against the real state API."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from kept_session import new, plain, stored
from state_gateway import Gateway
from state_way import Way
from streamlit.testing.v1 import AppTest

from holdfast import _keeper
from holdfast._keeper import Keeper
from holdfast._kept import Kept, Snapshot, take
from holdfast._names import names
from holdfast._values import encode


def test_what_a_store_that_was_away_did_not_take_is_written_once_it_is_back(
    keeper: Keeper, way: Way, gateway: Gateway
) -> None:
    mine = new(gateway)
    way.refused.add(mine.link.capability)
    keeper.keep(mine, plain(cart_id="A-77", agreed=True, none=None, items=[1]))
    way.wait_for(mine.link.capability)
    way.go()
    assert keeper.drain(60)
    everything = {"s:cart_id": '"A-77"', "s:agreed": "true", "s:none": "null", "s:items": "[1]"}
    assert stored(gateway, mine.link) == everything
    keeper.keep(mine, plain(cart_id="A-77", agreed=True, none=None, items=[1]))
    assert keeper.drain(60)
    assert stored(gateway, mine.link) == everything


def page() -> None:
    import streamlit as st

    st.checkbox("agree", key="agree")
    st.slider("n", 0, 100, key="n")


def taken(app: AppTest, kept: Kept) -> Snapshot:
    state: Any = app.session_state
    while type(state).__name__ != "SessionState":
        state = state._state
    snapshot, refusals = take(names(), kept, state)
    assert refusals == {}
    return snapshot


def test_widgets_of_a_run_that_another_run_follows_before_they_are_written_are_kept(
    keeper: Keeper, way: Way, gateway: Gateway
) -> None:
    other, mine = new(gateway), new(gateway)
    app = AppTest.from_function(page, default_timeout=60).run()
    way.held.add(other.link.capability)
    keeper.keep(other, plain(x=1))
    way.wait_for(other.link.capability)
    app.checkbox[0].check()
    app.slider[0].set_value(42).run()
    keeper.keep(mine, taken(app, mine))
    app.run()
    keeper.keep(mine, taken(app, mine))
    way.go()
    assert keeper.drain(60)
    assert sorted(stored(gateway, mine.link).values()) == [
        '{"key":"agree","value":true}',
        '{"key":"n","value":42}',
    ]


def test_a_widget_that_is_put_back_while_its_other_value_is_on_its_way_is_kept_as_it_is_last(
    keeper: Keeper, way: Way, gateway: Gateway
) -> None:
    mine = new(gateway)
    app = AppTest.from_function(page, default_timeout=60).run()
    keeper.keep(mine, taken(app, mine))
    assert keeper.drain(60)
    way.held.add(mine.link.capability)
    app.checkbox[0].check().run()
    keeper.keep(mine, taken(app, mine))
    way.wait_for(mine.link.capability, 2)
    app.checkbox[0].uncheck().run()
    keeper.keep(mine, taken(app, mine))
    way.go()
    assert keeper.drain(60)
    assert '{"key":"agree","value":false}' in stored(gateway, mine.link).values()


@pytest.mark.parametrize("is_on_its_way", [False, True])
def test_what_a_later_run_leaves_alone_is_kept_as_the_run_before_made_it(
    is_on_its_way: bool, keeper: Keeper, way: Way, gateway: Gateway
) -> None:
    other, mine = new(gateway), new(gateway)
    first = mine if is_on_its_way else other
    for one in (way.held, way.refused):
        one.add(first.link.capability)
    if not is_on_its_way:
        keeper.keep(other, plain(x=1))
        way.wait_for(other.link.capability)
    keeper.keep(mine, Snapshot({"w:$$ID-days": "[1]"}, {}, frozenset(), {"w:$$ID-agree": ("agree", True)}))
    if is_on_its_way:
        way.wait_for(mine.link.capability)
    keeper.keep(mine, Snapshot({}, {}, frozenset({"w:$$ID-days", "w:$$ID-agree"})))
    way.release()
    way.wait_for(first.link.capability, 2)
    way.go()
    assert keeper.drain(60)
    assert stored(gateway, mine.link) == {
        "w:$$ID-days": "[1]",
        "w:$$ID-agree": '{"key":"agree","value":true}',
    }


def test_a_write_whose_answer_was_lost_is_not_taken_for_one_that_did_not_happen(
    keeper: Keeper, way: Way, gateway: Gateway
) -> None:
    mine = new(gateway)
    keeper.keep(mine, plain(theme="light", gone=1))
    assert keeper.drain(60)
    way.lost.add(mine.link.capability)
    keeper.keep(mine, plain(theme="dark", late=2))
    # One on the connection that lay idle, one on a new one, and the first of the next try.
    way.wait_for(mine.link.capability, 4)
    assert stored(gateway, mine.link) == {"s:theme": '"dark"', "s:late": "2"}
    keeper.keep(mine, plain(theme="light", gone=1))
    way.go()
    assert keeper.drain(60)
    assert stored(gateway, mine.link) == {"s:theme": '"light"', "s:gone": "1"}


class Mutating(dt.tzinfo):
    """A time zone that adds to a dict, the first time that its name is asked for."""

    def __init__(self, others: dict[str, Any]) -> None:
        self._others = others

    @property
    def key(self) -> str:
        self._others["added"] = 1
        return "Europe/Berlin"

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(hours=1)

    def dst(self, when: dt.datetime | None) -> None:
        return None

    def tzname(self, when: dt.datetime | None) -> None:
        return None


def test_a_value_that_changes_while_it_is_read_is_kept_as_it_becomes_and_the_others_do_not_wait(
    keeper: Keeper, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keeper, "_SHORTEST_PAUSE", 3600.0)
    monkeypatch.setattr(_keeper, "_LONGEST_PAUSE", 3600.0)
    mine = new(gateway)
    moving: dict[str, Any] = {}
    moving["when"] = dt.datetime(2026, 5, 1, tzinfo=Mutating(moving))
    keeper.keep(mine, plain(moving=moving, cart_id="A-77", items=[1]))
    while "s:items" not in stored(gateway, mine.link):
        pass
    assert stored(gateway, mine.link) == {"s:cart_id": '"A-77"', "s:items": "[1]"}
    assert keeper.drain(60)
    assert '"added":1' in stored(gateway, mine.link)["s:moving"]


def test_a_session_that_cannot_be_written_holds_up_no_other_and_is_tried_at_once_at_the_end(
    keeper: Keeper, way: Way, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keeper, "_SHORTEST_PAUSE", 3600.0)
    monkeypatch.setattr(_keeper, "_LONGEST_PAUSE", 3600.0)
    failing, well = new(gateway), new(gateway)
    way.refused.add(failing.link.capability)
    keeper.keep(failing, plain(a=1))
    way.wait_for(failing.link.capability)
    keeper.keep(well, plain(b=2))
    way.wait_for(well.link.capability)
    while not stored(gateway, well.link):
        pass
    keeper.keep(failing, plain(a=1, c=3))
    assert way.seen == [failing.link.capability, well.link.capability], "it waits for its own hour"
    way.go()
    assert keeper.drain(60)
    assert stored(gateway, failing.link) == {"s:a": "1", "s:c": "3"}


def test_no_session_waits_longer_than_five_seconds_for_another_try(keeper: Keeper, gateway: Gateway) -> None:
    kept, turn = new(gateway), _keeper._Turn(plain())
    pauses = []
    for _ in range(10):
        keeper._again(kept, turn)
        pauses.append(turn.pause)
    assert pauses == [0.5, 1, 2, 4, 5, 5, 5, 5, 5, 5]


def test_those_that_fail_and_those_that_do_not_take_turns_and_at_the_end_those_that_do_not_go_first(
    keeper: Keeper, gateway: Gateway
) -> None:
    failing, well = new(gateway), new(gateway)
    keeper._waiting = {failing: _keeper._Turn(plain(), pause=5.0, at=100.0), well: _keeper._Turn(plain())}
    keeper._others_until = 110.0
    assert [keeper._chosen(now) for now in (99.0, 109.0, 111.0)] == [well, well, failing]
    keeper._hurries = 1
    assert keeper._chosen(111.0) is well
    del keeper._waiting[well]
    assert [keeper._chosen(now) for now in (99.0, 109.0)] == [None, failing]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_fails_and_whenever_runs_end_the_store_holds_in_the_end_what_each_session_held_last(
    seed: int, keeper: Keeper, way: Way, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keeper, "_SHORTEST_PAUSE", 0.001)
    monkeypatch.setattr(_keeper, "_LONGEST_PAUSE", 0.004)
    dice = random.Random(seed)
    sessions = [new(gateway) for _ in range(3)]
    held: dict[Kept, dict[str, Any]] = {one: {} for one in sessions}

    def change(values: dict[str, Any], key: str) -> Any:
        # Few values, so that they often come back: as a checkbox does.
        values[key] = dice.choice([True, False, None, "a", [1], [2]])
        return values[key]

    for _ in range(120):
        one = dice.choice(sessions)
        capability, values = one.link.capability, held[one]
        changed = {key: change(values, key) for key in dice.sample(["s:a", "s:b", "w:c", "w:d", "w:e"], 2)}
        if dice.random() < 0.2:
            values.pop("s:a", None)
        drawn = {key for key in values if key.startswith("w:") and (key in changed or dice.random() < 0.5)}
        lists = {key: encode(values[key]) for key in drawn if isinstance(values[key], list)}
        keeper.keep(
            one,
            Snapshot(
                lists,
                {key: value for key, value in values.items() if key.startswith("s:")},
                frozenset(key for key in values if key.startswith("w:") and key not in drawn),
                {key: (None, values[key]) for key in drawn - lists.keys()},
            ),
        )
        mood = dice.choice([way.refused, way.lost, way.held, None, None])
        if mood is not None:
            mood.add(capability)
        elif dice.random() < 0.3:
            way.release()
        else:
            way.go()
    way.go()
    assert keeper.drain(60)
    for one, values in held.items():
        assert stored(gateway, one.link) == {
            key: f'{{"key":null,"value":{encode(value)}}}'
            if key.startswith("w:") and not isinstance(value, list)
            else encode(value)
            for key, value in values.items()
        }
