"""What a flush stores when one value cannot be kept, or one scope cannot be written."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from state_gateway import Gateway
from state_way import Way
from streamlit_server import Tab, serving

from holdfast import StateError, state
from holdfast._client import client


@pytest.fixture(autouse=True)
def patience(connected: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that has much to do is no store that is away.
    monkeypatch.setattr(client(), "_patience", 60.0)


def kept(headers: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What a later request finds."""
    with state.of(headers) as later:
        return {name: dict(getattr(later, name)) for name in ("tab", "session", "user")}


def test_one_value_that_cannot_be_kept_costs_no_other_of_any_scope(connected: Gateway) -> None:
    headers = connected.session("greta")
    with state.of(headers) as before:
        before.session["items"] = [0]

    def run() -> None:
        with state.of(headers) as mine:
            mine.session["items"].append(print)
            mine.session["theme"] = "dark"
            mine.tab["open"] = [1]
            mine.tab["open"].append(threading.Lock())
            mine.user["draft"] = "two hours of text"

    with pytest.raises(StateError) as caught:
        run()
    assert (caught.value.code, caught.value.keys) == ("ERR_VALUE_TYPE", ("items", "open"))
    assert "state['items']: value[1] cannot be kept" in str(caught.value)
    assert "state['open']: value[1] cannot be kept" in str(caught.value)
    assert kept(headers) == {
        "tab": {},
        "session": {"items": [0], "theme": "dark"},
        "user": {"draft": "two hours of text"},
    }


def test_what_was_refused_is_stored_by_the_next_flush_once_it_can_be_kept(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as mine:
        with pytest.raises(StateError):
            mine.session["items"] = [print]
        mine.session["items"] = [1]
        mine.session["items"].append(print)
        mine.session["other"] = 1
        with pytest.raises(StateError) as caught:
            mine.session.flush()
        assert caught.value.keys == ("items",)
        assert mine.session["items"] == [1, print], "the run goes on with what it has"
        mine.session["items"].pop()
    assert kept(headers)["session"] == {"items": [1], "other": 1}


def test_in_a_scope_that_is_full_the_largest_value_is_left_out_and_named(connected: Gateway) -> None:
    headers = connected.session()
    with state.of(headers) as before:
        before.session.update({f"{at}": "x" * 1_000_000 for at in range(7)})
        before.session["gone"] = "x" * 1_000_000

    def run() -> None:
        with state.of(headers) as mine:
            mine.session.update({"small": 1, "large": "y" * 900_000, "larger": "z" * 1_000_000})
            del mine.session["gone"]

    with pytest.raises(StateError) as caught:
        run()
    assert (caught.value.code, caught.value.keys) == ("ERR_STATE_TOO_LARGE", ("larger",))
    assert sorted(kept(headers)["session"]) == [*map(str, range(7)), "large", "small"]


def test_a_scope_whose_session_has_ended_costs_no_other(connected: Gateway) -> None:
    headers = connected.session()

    def run() -> None:
        with state.of(headers) as mine:
            mine.session["a"] = 1
            mine.app["flushed"] = 2
            connected.end(headers)

    with pytest.raises(StateError) as caught:
        run()
    assert caught.value.code == "ERR_SESSION_ENDED"
    with state.of(headers) as later:
        assert later.app.pop("flushed") == 2


def test_a_write_whose_answer_was_lost_is_made_again_in_the_same_run(
    connected: Gateway, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_URL", way.url)
    monkeypatch.setattr(client(), "_patience", 60.0)
    headers = connected.session()
    with state.of(headers) as before:
        before.session["a"] = 1
    with state.of(headers) as mine:
        mine.session["a"] = 2
        mine.session["b"] = 3
        way.lost.add(headers["Holdfast-Session"])
        with pytest.raises(StateError) as caught:
            mine.session.flush()
        assert caught.value.code == "ERR_STATE_UNAVAILABLE"
        way.go()
        mine.session["a"] = 1
        del mine.session["b"]
    assert kept(headers)["session"] == {"a": 1}


OBJECTS = """
import threading
import streamlit as st, holdfast
@holdfast.persist("first")
class First:
    def __init__(self):
        self.bad, self.good = [], 0
@holdfast.persist("second", scope="tab")
class Second:
    def __init__(self):
        self.n = 0
first, second = First(), Second()
st.text(f"held={first.bad!r} {first.good} {second.n} {holdfast.state.session.get('plain')}")
if st.query_params.get("set") == "keepable":
    first.bad = [1]
elif st.query_params.get("set"):
    first.bad.append(threading.Lock())
    first.good, second.n = 5, 7
    holdfast.state.session["plain"] = "yes"
"""


def test_one_field_of_one_object_that_cannot_be_kept_costs_no_other_field_and_no_other_object(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "app.py").write_text(OBJECTS)
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), **gateway.environment}
    headers = gateway.session()
    with (
        serving(tmp_path / "app.py", tmp_path / "log", source) as server,
        Tab(server, headers=headers) as tab,
    ):
        tab.run(query="set=keepable")
        assert tab.run(query="set=lock").text("held=") == "[1] 0 0 None"
        assert tab.run().text("held=") == "[1] 5 7 yes"
    said = [line for line in server.log.read_text().splitlines() if "holdfast:" in line]
    assert len(said) == 1
    assert "state['first/bad']" in said[0]


MIGRATED = """
import threading
import streamlit as st, holdfast
version = int(st.query_params["v"])
def migrate(fields, known):
    return {"names": [fields["name"]], "other": 0}
@holdfast.persist("moved", version=version, migrate=migrate if version == 2 else None)
class Moved:
    def __init__(self):
        if version == 1: self.name = "none"
        else: self.names, self.other = [], 0
moved = Moved()
st.text(f"moved={sorted(vars(moved).items())!r}")
if "line" in st.query_params:
    exec(st.query_params["line"])
"""


def test_an_object_of_which_a_field_cannot_be_kept_is_not_half_migrated(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "app.py").write_text(MIGRATED)
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), **gateway.environment}
    with (
        serving(tmp_path / "app.py", tmp_path / "log", source) as server,
        Tab(server, headers=gateway.session()) as tab,
    ):
        tab.run(query="v=1&line=moved.name='Ann'")
        tab.run(query="v=2&line=moved.other=threading.Lock()")
        assert tab.run(query="v=1").text("moved=") == "[('name', 'Ann')]"
        assert tab.run(query="v=2").text("moved=") == "[('names', ['Ann']), ('other', 0)]"


PERSISTED = """
import threading
import streamlit as st, holdfast
holdfast.hydrate()
st.text(f"held={ {key: st.session_state[key] for key in sorted(st.session_state) if key in 'abcd'} }")
exec(st.query_params.get("line", ""))
"""


def test_what_persist_could_not_store_is_stored_by_a_later_call(
    tmp_path: Path, gateway: Gateway, way: Way
) -> None:
    (tmp_path / "app.py").write_text(PERSISTED)
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), **gateway.environment}
    headers = gateway.session()
    with serving(tmp_path / "app.py", tmp_path / "log", {**source, "HOLDFAST_URL": way.url}) as server:
        with Tab(server, headers=headers) as tab:
            tab.run(query="line=st.session_state.update(a=1, b=[1]); holdfast.persist()")
            way.unwritable.add(headers["Holdfast-Session"])
            run = tab.run(query="line=st.session_state.update(a=2, c=3); holdfast.persist()")
            assert any("StateError" in text for text in run.texts)
            way.go()
            tab.run(query="line=holdfast.persist()")
        with Tab(server, headers=headers) as tab:
            assert tab.run().text("held=") == "{'a': 2, 'b': [1], 'c': 3}"


def test_persist_of_keys_by_name_stores_those_that_can_be_kept_and_raises_for_the_other(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "app.py").write_text(PERSISTED)
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), **gateway.environment}
    headers = gateway.session()
    with serving(tmp_path / "app.py", tmp_path / "log", source) as server:
        with Tab(server, headers=headers) as tab:
            run = tab.run(
                query="line=st.session_state.update(a=1, b=print, c=3); holdfast.persist(keys='abc')"
            )
            assert any("StateError" in text and "state['b']" in text for text in run.texts)
        with Tab(server, headers=headers) as tab:
            assert tab.run().text("held=") == "{'a': 1, 'c': 3}"
