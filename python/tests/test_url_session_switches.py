"""What turns URL sessions off and on, and what names their parameter."""

from __future__ import annotations

import pytest
from url_session_page import page

from holdfast.url_session import (
    InMemorySessionStore,
    ensure_url_session,
    hydrate_url_session,
    persist_url_session,
)


@pytest.mark.parametrize("value", ["1", "true", " YES ", "On"])
def test_the_switches(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemorySessionStore()

    def does_something() -> bool:
        st = page("given", n=1)
        token = ensure_url_session(st, store)
        return (token, hydrate_url_session(st, store), persist_url_session(st, store)) != (
            "given",
            None,
            None,
        )

    assert does_something()
    monkeypatch.setenv("HOLDFAST_TESTS", value)
    assert not does_something()
    assert ensure_url_session(page(), store) == ""
    monkeypatch.setenv("HOLDFAST_FORCE_URL_SESSION_IN_TESTS", value)
    assert does_something()
    monkeypatch.setenv("HOLDFAST_DISABLE_URL_SESSION", value)
    assert not does_something()
    monkeypatch.delenv("HOLDFAST_TESTS")
    assert not does_something()
    monkeypatch.setenv("HOLDFAST_DISABLE_URL_SESSION", "0")
    assert does_something()


def test_the_parameter_has_the_name_one_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemorySessionStore()
    st = page()
    ensure_url_session(st, store, param="a")
    monkeypatch.setenv("HOLDFAST_URL_SESSION_QUERY_PARAM", "b")
    ensure_url_session(st, store)
    monkeypatch.setenv("HOLDFAST_URL_SESSION_QUERY_PARAM", " ")
    ensure_url_session(st, store)
    assert list(st.query_params) == ["a", "b", "holdfast_sid"]
