"""The stores of URL sessions: what ends in them, and what an app's own is given."""

from __future__ import annotations

import json
import threading

from url_session_page import JsonStore, own, page

from holdfast.url_session import (
    InMemorySessionStore,
    SessionStore,
    ensure_url_session,
    hydrate_url_session,
    persist_url_session,
)


def test_a_session_ends_with_its_time_and_what_the_page_holds_goes_into_a_new_one() -> None:
    store = InMemorySessionStore(max_entries=7)
    st = page(n=1)
    token = ensure_url_session(st, store, ttl_seconds=0.05)
    persist_url_session(st, store)
    threading.Event().wait(0.06)
    assert store.get(token) is None
    st.session_state["n"] = 2
    renewed = persist_url_session(st, store)
    assert renewed not in (None, token)
    after = page(renewed)
    hydrate_url_session(after, store)
    assert own(after) == {"n": 2}


def test_the_oldest_goes_when_the_memory_store_is_full() -> None:
    store = InMemorySessionStore(max_entries=3)
    tokens = [ensure_url_session(page(), store) for _ in range(5)]
    assert [store.get(token) is None for token in tokens] == [True, True, False, False, False]


def test_an_apps_own_store_gets_plain_json_and_its_ttl() -> None:
    store = JsonStore()
    st = page(n=1, when=(1, b"x"))
    token = ensure_url_session(st, store, ttl_seconds=60)
    persist_url_session(st, store, ttl_seconds=60)
    assert json.loads(store.kept[token]) == {"n": 1, "when": {"$tuple": [1, {"$bytes": "eA"}]}}
    assert store.ttl == [60, 60]
    assert isinstance(store, SessionStore)
