"""What becomes of a URL session when the gateway does not take a value, or its answer is lost."""

from __future__ import annotations

from typing import Any

import pytest
from state_gateway import Gateway
from state_way import Way
from url_session_page import page

from holdfast import StateError
from holdfast._client import client
from holdfast.url_session import (
    GatewaySessionStore,
    ensure_url_session,
    hydrate_url_session,
    persist_url_session,
)


@pytest.fixture(autouse=True)
def patience(connected: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that has much to do is no store that is away.
    monkeypatch.setattr(client(), "_patience", 60.0)


def found(token: str) -> dict[str, Any]:
    kept = GatewaySessionStore().get(token)
    assert kept is not None
    return kept


def test_one_value_that_is_too_large_costs_no_other_and_is_stored_once_it_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    st = page()
    token = ensure_url_session(st)
    st.session_state.update(photo="x", theme="light")
    persist_url_session(st)
    st.session_state.update(photo="x" * 1_100_000, theme="dark", draft=[1])
    for _ in range(2):
        persist_url_session(st)
    assert found(token) == {"photo": "x", "theme": "dark", "draft": [1]}
    said = [line for line in capfd.readouterr().err.splitlines() if "'photo'" in line]
    assert len(said) == 1
    assert "is not in the URL session: it has 1,100,002 bytes; 1,048,576 are kept" in said[0]
    st.session_state["photo"] = "small"
    persist_url_session(st)
    assert found(token)["photo"] == "small"


def test_in_a_url_session_that_is_full_the_largest_are_left_out_until_there_is_room() -> None:
    st = page()
    token = ensure_url_session(st)
    st.session_state.update({f"{at}": "x" * (1_000_000 + at) for at in range(10)}, small=1)
    persist_url_session(st)
    assert sorted(found(token)) == [*map(str, range(8)), "small"]
    del st.session_state["0"], st.session_state["1"]
    persist_url_session(st)
    assert sorted(found(token)) == [*map(str, range(2, 10)), "small"]
    again = page(token)
    hydrate_url_session(again)
    assert again.session_state["9"] == st.session_state["9"]


def test_what_was_refused_and_then_deleted_is_deleted_in_the_store_too() -> None:
    st = page()
    token = ensure_url_session(st)
    st.session_state.update(items=[1], photo="x", other=1)
    persist_url_session(st)
    st.session_state.update(items=[print], photo="x" * 1_100_000)
    persist_url_session(st)
    assert found(token) == {"items": [1], "photo": "x", "other": 1}
    del st.session_state["items"], st.session_state["photo"]
    persist_url_session(st)
    assert found(token) == {"other": 1}


def test_who_writes_to_the_store_itself_is_told_which_keys_it_does_not_take() -> None:
    store = GatewaySessionStore()
    token = ensure_url_session(page(), store)
    with pytest.raises(StateError) as caught:
        store.set(token, {"photo": "x" * 1_100_000, "theme": "dark"})
    assert (caught.value.code, caught.value.keys) == ("ERR_STATE_TOO_LARGE", ("photo",))
    assert found(token) == {"theme": "dark"}


def test_a_write_whose_answer_was_lost_is_made_again(
    connected: Gateway, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_URL", way.url)
    monkeypatch.setattr(client(), "_patience", 60.0)
    st = page()
    token = ensure_url_session(st)
    st.session_state.update(theme="light")
    persist_url_session(st)
    # Outside of a script there is no session that a request is about.
    way.lost.add("")
    st.session_state.update(theme="dark", draft=1)
    with pytest.raises(StateError) as caught:
        persist_url_session(st)
    assert caught.value.code == "ERR_STATE_UNAVAILABLE"
    way.go()
    assert found(token) == {"theme": "dark", "draft": 1}
    st.session_state["theme"] = "light"
    del st.session_state["draft"]
    persist_url_session(st)
    assert found(token) == {"theme": "light"}


def test_a_new_session_that_cannot_hold_its_initial_values_is_in_the_address_all_the_same() -> None:
    st = page()
    with pytest.raises(StateError) as caught:
        ensure_url_session(st, initial={"photo": "x" * 1_100_000, "theme": "dark"})
    assert caught.value.keys == ("photo",)
    assert found(st.query_params["holdfast_sid"]) == {"theme": "dark"}
