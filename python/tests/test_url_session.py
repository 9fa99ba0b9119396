"""URL sessions: FluxLit's names and semantics without its faults, with the gateway and without."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from state_gateway import Gateway
from streamlit_server import APPS, Server, Tab, serving, string

from holdfast._client import client
from holdfast.url_session import (
    GatewaySessionStore,
    InMemorySessionStore,
    SessionStore,
    ensure_url_session,
    hydrate_url_session,
    hydrate_url_session_typed,
    new_session_id,
    persist_url_session,
)


def page(token: str | None = None, **state: Any) -> Any:
    """Streamlit, as far as the helpers look at it."""
    return SimpleNamespace(
        query_params={} if token is None else {"holdfast_sid": token}, session_state=dict(state)
    )


def own(st: Any) -> dict[str, Any]:
    return {key: value for key, value in st.session_state.items() if not key.startswith("__")}


class JsonStore:
    """An app's own store, as FluxLit's recipes have it: JSON text under an id, as Redis would keep it."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.ttl: list[float | None] = []

    def get(self, session_id: str) -> dict[str, Any] | None:
        raw = self.kept.get(session_id)
        return None if raw is None else json.loads(raw)

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        self.kept[session_id] = json.dumps(data)
        self.ttl.append(ttl_seconds)

    def delete(self, session_id: str) -> None:
        self.kept.pop(session_id, None)


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


@dataclass
class Draft:
    title: str
    tags: list[str] = field(default_factory=list)


class Validated:
    """What pydantic's models look like from outside."""

    @classmethod
    def model_validate(cls, data: dict[str, Any]) -> Validated:
        if "title" not in data:
            raise ValueError("title is missing")
        return cls()


def test_the_typed_form_gives_a_model_or_none() -> None:
    store = InMemorySessionStore()
    first = page(title="kelp", tags=["brown"])
    token = ensure_url_session(first, store)
    persist_url_session(first, store)
    assert hydrate_url_session_typed(page(token), store, Draft) == (token, Draft("kelp", ["brown"]))
    assert isinstance(hydrate_url_session_typed(page(token), store, Validated)[1], Validated)
    assert hydrate_url_session_typed(page(), store, Draft) == (None, None)
    wrong = page(title=1)
    token = ensure_url_session(wrong, store)
    persist_url_session(wrong, store)
    assert hydrate_url_session_typed(page(token), store, Draft) == (token, None)
    with pytest.raises(ValueError, match="is no str"):
        hydrate_url_session_typed(page(token), store, Draft, strict=True)


@pytest.fixture(scope="module")
def bare(logs: Path) -> Iterator[Server]:
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    with serving(APPS / "url_pages" / "app.py", logs / "url.log", source) as server:
        yield server


def test_the_documented_quick_pattern_survives_a_new_session(bare: Server) -> None:
    with Tab(bare) as tab:
        run = tab.run()
        query = run.query or ""
        (token,) = parse_qs(query)["holdfast_sid"]
        run = tab.run(
            string(run.widgets["keyed"], "Ann"),
            string(run.widgets["line"], "st.session_state.update(n=5)"),
            query=query,
        )
    with Tab(bare) as tab:
        run = tab.run(query=query)
        assert run.text("own=") == "{'keyed': 'Ann', 'n': 5}"
        assert (run.widgets["keyed"].set_value, run.widgets["keyed"].value) == (True, "Ann")
    with Tab(bare, user={"sub": "anna"}) as tab:
        run = tab.run(query=query)
        assert "n" not in run.text("own="), "what nobody made is no signed-in person's"
        assert run.query not in (None, query)
    with Tab(bare) as tab:
        assert "n" not in tab.run(query="holdfast_sid=x" + token).text("own=")
    assert "holdfast:" not in bare.log.read_text()


def test_a_page_change_drops_the_token_and_it_is_put_back(bare: Server) -> None:
    with Tab(bare) as tab:
        run = tab.run()
        query = run.query or ""
        run = tab.run(string(run.widgets["line"], "st.session_state.update(n=5)"), query=query)
        run = tab.run(page="other")
        assert run.text("other=") == "5"
        assert run.query == query
