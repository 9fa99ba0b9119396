"""`@persist`, `hydrate()` and `persist()`, against the real state API in scripts of a real Streamlit."""

from __future__ import annotations

import enum
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional

import pytest
from state_gateway import Gateway
from streamlit_server import APPS, Run, Server, Tab, pressed, serving, string

from holdfast._typed import Misfit, from_plain, to_plain
from holdfast._values import decode, encode

EMPTY = "5 [] CALM {'a': [{'b': set()}]} Wizard(step=1, answers={})"
OTHER_TAB = {"Holdfast-Tab": "another-tab-22-charact"}


@pytest.fixture(scope="module")
def app(logs: Path, gateway: Gateway) -> Iterator[Server]:
    # Without the hook: what is shown here does not come from it.
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    with serving(APPS / "persist_app.py", logs / "persist.log", {**source, **gateway.environment}) as server:
        yield server


def do(tab: Tab, line: str) -> Run:
    first = tab.run()
    run = tab.run(string(first.widgets["line"], line))
    tab.run(string(first.widgets["line"], ""))
    return run


def test_an_object_is_as_it_was_left_in_the_first_run_of_a_new_session(app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(app, headers=headers) as tab:
        assert tab.run().text("state=") == EMPTY
        do(tab, "app_state.add('kelp').tags.append('brown'); app_state.mood = Mood.ROUGH")
        do(tab, "app_state.items[0].count += 2; app_state.deep['a'][0]['b'].add((1, 2)); wizard.step = 3")
        do(tab, "wizard.answers['name'] = 'Ann'; app_state._private = 'x'")
    with Tab(app, headers=headers) as tab:
        assert tab.run().text("state=") == (
            "6 [Item(name='kelp', count=3, tags=['brown'])] ROUGH {'a': [{'b': {(1, 2)}}]} "
            "Wizard(step=3, answers={'name': 'Ann'})"
        )
        said = do(
            tab, "st.text(f'is={isinstance(app_state, AppState)} {app_state.total} {app_state._private}')"
        )
        assert said.text("is=") == "True 3 not kept"
        assert (
            do(tab, "st.text(f'same={AppState().count} {AppState() == app_state}')").text("same=")
            == "6 False"
        )
    with Tab(app, headers={**headers, **OTHER_TAB}) as tab:
        assert tab.run().text("state=").endswith("Wizard(step=1, answers={})"), "the wizard is the tab's own"


def test_two_tabs_that_change_different_fields_both_keep_them(app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(app, headers=headers) as one, Tab(app, headers={**headers, **OTHER_TAB}) as two:
        do(one, "app_state.count = 1")
        do(two, "app_state.add('x')")
        do(one, "app_state.mood = Mood.ROUGH")
    with Tab(app, headers=headers) as tab:
        assert "2 [Item(name='x', count=1, tags=[])] ROUGH" in tab.run().text("state=")


def test_a_field_that_cannot_be_kept_is_said_and_the_others_are_kept(app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(app, headers=headers) as tab:
        do(tab, "app_state.count = 77")
        do(tab, "app_state.items = [print]")
    with Tab(app, headers=headers) as tab:
        assert tab.run().text("state=").startswith("77 []")
    assert "app-state/items" in app.log.read_text()


def test_an_object_in_a_shared_module_is_each_persons_own(app: Server, gateway: Gateway) -> None:
    dice = random.Random(11)
    wrong: list[str] = []
    barrier = threading.Barrier(2, timeout=30)

    def person(name: str) -> None:
        with Tab(app, headers=gateway.session(name)) as tab:
            line = tab.run().widgets["line"]
            barrier.wait()
            for turn in range(50):
                value = dice.randint(0, 10**9)
                tab.run(
                    string(line, f"app_state.count = {value}; app_state.items = [Item({name + str(turn)!r})]")
                )
                seen = tab.run(string(line, "")).text("state=")
                if not seen.startswith(f"{value} [Item(name='{name}{turn}', count=1, tags=[])]"):
                    wrong.append(seen)

    with ThreadPoolExecutor(2) as both:
        list(both.map(person, ["anna", "ben"]))
    assert wrong == []


def test_hydrate_and_persist_keep_what_is_in_session_state_and_no_presses(
    app: Server, gateway: Gateway
) -> None:
    headers = gateway.session()
    with Tab(app, headers=headers) as tab:
        run = do(tab, "st.session_state.update(a=1, gone=[2], t=(1.0,))")
        run = tab.run(string(run.widgets["keyed"], "Ann"), pressed(run.widgets["pressed"]))
        do(tab, "del st.session_state['gone']")
    with Tab(app, headers=headers) as tab:
        run = tab.run()
        assert run.text("own=") == "{'a': 1, 'keyed': 'Ann', 'pressed': False, 't': (1.0,)}"
        assert (run.widgets["keyed"].set_value, run.widgets["keyed"].value) == (True, "Ann")


def test_persist_in_two_tabs_loses_no_key_and_brings_none_back(app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(app, headers=headers) as one, Tab(app, headers={**headers, **OTHER_TAB}) as two:
        do(one, "st.session_state.update(a=1, b=1)")
        do(two, "st.session_state.c = 1")
        do(one, "del st.session_state['b']; st.session_state.d = 1")
        do(two, "st.session_state.c = 2")
        assert "'b'" in two.run().text("own="), "what the page has already is left to it"
        assert "'b'" not in do(two, "holdfast.hydrate(merge='overwrite')").text("own=")
    with Tab(app, headers=headers) as tab:
        assert tab.run().text("own=") == "{'a': 1, 'c': 2, 'd': 1, 'keyed': '', 'pressed': False}"


class Colour(enum.Enum):
    RED = 1


@dataclass
class Leaf:
    n: int
    colour: Colour | None = None
    inner: Optional[Leaf] = None  # noqa: UP045
    seen: set[str] = field(default_factory=set)
    derived: int = field(default=0, init=False)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (Leaf(1, Colour.RED, Leaf(2)), Leaf),
        ([Leaf(1), Leaf(2)], list[Leaf]),
        ({"a": [(Leaf(1), 2)]}, dict[str, list[tuple[Leaf, int]]]),
        ((Leaf(1), Leaf(2)), tuple[Leaf, ...]),
        (Colour.RED, Colour | None),
        (None, Colour | None),
        ("x", Literal["x", "y"]),
        (1.0, float),
        ([1, "a"], list),
    ],
)
def test_dataclasses_and_enums_come_back_by_their_annotation(value: Any, hint: Any) -> None:
    assert from_plain(decode(encode(to_plain(value, hint))), hint) == value


@pytest.mark.parametrize(
    ("stored", "hint"),
    [
        ("x", int),
        (True, int),
        ("GREEN", Colour),
        ({"m": 1}, Leaf),
        ("z", Literal["x"]),
        ([1], dict[str, int]),
    ],
)
def test_what_is_none_for_its_annotation_is_not_put_there(stored: Any, hint: Any) -> None:
    with pytest.raises(Misfit):
        from_plain(stored, hint)


VERSIONS = """
import streamlit as st, holdfast
version = int(st.query_params["v"])
def migrate(fields, known):
    return {"names": [fields["name"]], "from": known}
@holdfast.persist("notes", version=version, migrate=migrate if version == 2 else None)
class Notes:
    def __init__(self):
        if version == 1: self.name = "none"
        else: self.names = []
notes = Notes()
st.text(f"notes={sorted(vars(notes).items())!r}")
if st.query_params.get("set"):
    setattr(notes, "name", st.query_params["set"])
"""


def test_a_new_version_gets_what_the_old_one_kept_and_the_old_one_leaves_it_alone(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "app.py").write_text(VERSIONS)
    headers = gateway.session()
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src"), **gateway.environment}
    with (
        serving(tmp_path / "app.py", tmp_path / "log", source) as server,
        Tab(server, headers=headers) as tab,
    ):
        tab.run(query="v=1&set=Ann")
        assert tab.run(query="v=1").text("notes=") == "[('name', 'Ann')]"
        assert tab.run(query="v=2").text("notes=") == "[('from', 1), ('names', ['Ann'])]"
        assert tab.run(query="v=2").text("notes=") == "[('from', 1), ('names', ['Ann'])]"
        assert tab.run(query="v=1&set=Ben").text("notes=") == "[('name', 'none')]"
        assert tab.run(query="v=2").text("notes=") == "[('from', 1), ('names', ['Ann'])]"
    assert "notes is kept in version 2, and this app knows 1" in server.log.read_text()
