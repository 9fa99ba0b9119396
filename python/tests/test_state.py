"""`holdfast.state` outside of Streamlit, against the real state API."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from state_gateway import Gateway

from holdfast import StateError, state


def test_the_same_key_has_a_winner_and_who_asks_is_told_of_the_conflict(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as one, state.of(headers) as two:
        one.session.write({"n": 1})
        version = two.session.version("n")
        two.session.write({"n": 2}, if_version={"n": version})
        with pytest.raises(StateError) as caught:
            one.session.write({"n": 3, "other": 1}, if_version={"n": version})
        assert (caught.value.code, caught.value.keys) == ("ERR_STATE_CONFLICT", ("n",))
        met: list[state.Conflict] = []

        def both(conflict: state.Conflict) -> list[object]:
            met.append(conflict)
            return [conflict.mine, conflict.theirs]

        one.session.write({"n": 3}, if_version={"n": version}, on_conflict=both)
        assert [(one_.mine, one_.theirs) for one_ in met] == [(3, 2)]
        with pytest.raises(StateError):
            two.session.write({"n": 4}, if_version={"n": None})
    with state.of(headers) as after:
        assert dict(after.session) == {"n": [3, 2]}


def test_outside_of_streamlit_a_block_is_what_a_run_is(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as mine:
        mine.session["items"] = [1]
        mine.session["items"].append(2)
    with pytest.raises(ZeroDivisionError), state.of(headers) as mine:
        mine.session["items"].append(1 // 0)
    with state.of(list(headers.items())) as mine:
        assert mine.session["items"] == [1, 2]
        del mine.session["items"]
        with pytest.raises(KeyError):
            del mine.session["items"]
    with state.of(headers) as mine:
        assert len(mine.session) == 0
    with pytest.raises(StateError, match="whose state") as caught:
        state.session["a"]
    assert caught.value.code == "ERR_STATE_SESSION"


def test_a_scope_lists_its_keys_and_is_cleared_of_what_was_there(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as mine:
        mine.session.update(a=1, b=None, c="")
        mine.tab["a"] = "another scope"
    with state.of(headers) as mine, state.of(headers) as other:
        assert sorted(mine.session) == ["a", "b", "c"]
        assert list(mine.session.values()) == [1, None, ""]
        mine.session.clear()
        mine.session.flush()
        other.session["d"] = 4
    with state.of(headers) as mine:
        assert dict(mine.session) == {"d": 4}, "what was cleared does not come back, what came later is there"
        assert dict(mine.tab) == {"a": "another scope"}


def test_of_a_write_with_one_value_too_large_nothing_is_kept(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as mine, pytest.raises(StateError) as caught:
        mine.session.write({"small": 1, "photo": "x" * 1_100_000})
    assert caught.value.code == "ERR_STATE_TOO_LARGE"
    assert "photo" in str(caught.value)
    assert "1,100,002" in str(caught.value)
    with state.of(headers) as mine:
        assert dict(mine.session) == {}


@pytest.mark.parametrize(
    "value",
    [
        *(0, False, "", None, -0.0, 1.5, 2**53 - 1, 2**53, -(10**40), "kelp 🌊", "\0", b"", b"\x00\xff"),
        dt.datetime(2026, 11, 21, 13, 15, 51, 123456, ZoneInfo("Europe/Berlin")),
        dt.datetime(2026, 11, 21, 12, 15, 51, 123000, dt.timezone.utc),
        dt.datetime(2026, 3, 29, 2, 30),
        dt.datetime(2026, 11, 21, 12, 15, 51, 1, dt.timezone(dt.timedelta(hours=5, minutes=45))),
        *(dt.date(2026, 2, 28), dt.time(13, 15, 51, 500000), dt.timedelta(days=-1, microseconds=1)),
        *(Decimal("1.20"), Decimal("-0"), Decimal("NaN"), UUID("3f2b8f6e-9c1d-4e4b-8a6e-0d9b6c1e2f30")),
        *((), (1, (2, "3")), {("a", 2.5)}, frozenset({b"x"}), {}, {"": {"$int": 1}}, {(1, 2): {3: [None]}}),
        {"__proto__": 1, "constructor": [math.nan, math.inf, -math.inf]},
    ],
    ids=repr,
)
def test_a_value_comes_back_the_same_from_the_store_and_through_typescript(
    value: Any, connected: Gateway
) -> None:
    headers = connected.session()
    with state.of(headers) as mine:
        mine.session["ours"] = value
    connected.copy(headers, "ours", "theirs")
    with state.of(headers) as mine:
        for key in ("ours", "theirs"):
            again = mine.session[key]
            assert (type(again), repr(again)) == (type(value), repr(value)), key


def test_an_ended_session_holds_nothing_and_takes_nothing(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as mine:
        mine.session["a"] = 1
    connected.end(headers)
    with state.of(headers) as mine:
        assert dict(mine.session) == {}
        with pytest.raises(StateError) as caught:
            mine.session.write({"a": 2})
    assert caught.value.code == "ERR_SESSION_ENDED"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Holdfast-Session": ""},
        {"Holdfast-Session": "s1.forged", "Holdfast-Tab": "1"},
        [("Holdfast-Session", "a"), ("holdfast-session", "b")],
    ],
)
def test_without_what_the_gateway_says_there_is_no_state(connected: Gateway, headers: dict[str, str]) -> None:
    with pytest.raises(StateError) as caught, state.of(headers) as mine:
        mine.session["a"] = 1
    assert caught.value.code == "ERR_STATE_SESSION"
