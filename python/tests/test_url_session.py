"""URL sessions: FluxLit's names and semantics without its faults, with the gateway and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from state_gateway import Gateway
from url_session_page import JsonStore, own, page

from holdfast._client import client
from holdfast.url_session import (
    GatewaySessionStore,
    InMemorySessionStore,
    SessionStore,
    ensure_url_session,
    hydrate_url_session,
    new_session_id,
    persist_url_session,
)


@pytest.fixture(params=["memory", "gateway", "json"])
def store(
    request: pytest.FixtureRequest, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SessionStore]:
    if request.param == "gateway":
        for name, value in gateway.environment.items():
            monkeypatch.setenv(name, value)
        yield GatewaySessionStore()
        client().close()
    else:
        yield InMemorySessionStore() if request.param == "memory" else JsonStore()


def test_what_a_page_stores_is_found_by_its_token_alone(store: SessionStore) -> None:
    first = page(n=1, rich=[(1, 2.0), b"x", {None: {3}}], zero=0, no=False, empty="", none=None, __own=1)
    token = ensure_url_session(first, store)
    assert first.query_params == {"holdfast_sid": token}
    assert persist_url_session(first, store) == token
    after = page(token)
    assert ensure_url_session(after, store) == token
    assert hydrate_url_session(after, store) == token
    assert own(after) == {
        "n": 1,
        "rich": [(1, 2.0), b"x", {None: {3}}],
        "zero": 0,
        "no": False,
        "empty": "",
        "none": None,
    }
    stranger = page()
    assert ensure_url_session(stranger, store) != token
    hydrate_url_session(stranger, store)
    assert own(stranger) == {}


@pytest.mark.parametrize(
    "invented", ["attackers-choice", new_session_id(), "u1.a.b.c", "../x", "\x00", "x" * 999]
)
def test_what_a_client_invents_is_never_adopted(store: SessionStore, invented: str) -> None:
    st = page(invented, n=1)
    token = ensure_url_session(st, store)
    assert token != invented
    assert st.query_params["holdfast_sid"] == token
    persist_url_session(st, store)
    other = page(invented)
    hydrate_url_session(other, store)
    assert own(other) == {}


def test_two_tabs_keep_both_of_their_keys_and_bring_none_back(store: SessionStore) -> None:
    begin = page(a=1, b=1, same=0)
    token = ensure_url_session(begin, store)
    persist_url_session(begin, store)
    one, two = page(token), page(token)
    for tab in (one, two):
        hydrate_url_session(tab, store)
    one.session_state["a"] = 2
    del one.session_state["b"]
    two.session_state["c"] = 3
    one.session_state["same"], two.session_state["same"] = 1, 2
    persist_url_session(one, store)
    persist_url_session(two, store)
    after = page(token)
    hydrate_url_session(after, store)
    assert own(after) == {"a": 2, "c": 3, "same": 2}


def test_what_changes_inside_a_value_is_stored(store: SessionStore) -> None:
    st = page(items=[1])
    token = ensure_url_session(st, store)
    persist_url_session(st, store)
    st.session_state["items"].append({"deep": 2})
    persist_url_session(st, store)
    after = page(token)
    hydrate_url_session(after, store)
    assert own(after) == {"items": [1, {"deep": 2}]}


def test_merge_leaves_the_page_its_own_and_overwriting_does_not(store: SessionStore) -> None:
    first = page(a=1, b=1)
    token = ensure_url_session(first, store)
    persist_url_session(first, store)
    kept, taken = page(token, a=9), page(token, a=9)
    hydrate_url_session(kept, store)
    hydrate_url_session(taken, store, merge=False)
    assert (own(kept), own(taken)) == ({"a": 9, "b": 1}, {"a": 1, "b": 1})


def test_initial_values_are_given_once_and_never_again(store: SessionStore) -> None:
    # Each run of FluxLit's own demo sets its counter back.
    seen = []
    token = None
    for _ in range(4):
        st = page(token)
        token = ensure_url_session(st, store, initial={"visits": 0})
        hydrate_url_session(st, store)
        st.session_state["visits"] += 1
        seen.append(st.session_state["visits"])
        persist_url_session(st, store)
    assert seen == [1, 2, 3, 4]


def test_without_a_token_nothing_is_read_or_written(store: SessionStore) -> None:
    st = page(n=1)
    assert hydrate_url_session(st, store) is None
    assert persist_url_session(st, store) is None
    unknown = page("nobody-made-this", n=1)
    assert hydrate_url_session(unknown, store) == "nobody-made-this"
    assert own(unknown) == {"n": 1}


def test_of_several_values_of_the_parameter_the_first_counts(store: SessionStore) -> None:
    first = page(n=1)
    token = ensure_url_session(first, store)
    persist_url_session(first, store)
    st = page()
    st.query_params["holdfast_sid"] = [token, "other"]
    hydrate_url_session(st, store)
    assert own(st) == {"n": 1}


@pytest.mark.parametrize("ttl", [0, -1, -0.5, float("nan"), float("inf"), True, "60"])
def test_a_time_to_live_of_nothing_is_refused(store: SessionStore, ttl: Any) -> None:
    for call in (ensure_url_session, persist_url_session):
        with pytest.raises(ValueError, match="ttl_seconds must be more than 0"):
            call(page(), store, ttl_seconds=ttl)
    with pytest.raises(ValueError, match="more than 0"):
        InMemorySessionStore(default_ttl_seconds=ttl)


def test_what_cannot_be_kept_is_left_out_and_named_once(
    store: SessionStore, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"model {type(store).__name__}"
    st = page(n=1, held=InMemorySessionStore())
    st.session_state[name] = print
    token = ensure_url_session(st, store)
    persist_url_session(st, store)
    st.session_state["n"] = 2
    persist_url_session(st, store)
    after = page(token)
    hydrate_url_session(after, store)
    assert own(after) == {"n": 2}
    assert capsys.readouterr().err.count("is not in the URL session") == 1
