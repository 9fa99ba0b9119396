"""`holdfast.state` in scripts of a real Streamlit, run by run, against the real state API."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from state_gateway import Gateway
from streamlit_server import Run, Server, Tab, string


def do(tab: Tab, line: str) -> Run:
    """Has the app run one line, as it is drawn again."""
    first = tab.run()
    run = tab.run(string(first.widgets["line"], line))
    tab.run(string(first.widgets["line"], ""))
    return run


def test_what_a_run_stores_is_there_in_the_first_run_of_a_new_session(
    state_app: Server, gateway: Gateway
) -> None:
    headers = gateway.session()
    with Tab(state_app, headers=headers) as tab:
        do(tab, "state.session.update(a=(1, 2.0), b={'x': None}, c='', d=0, e=False)")
    with Tab(state_app, headers=headers) as tab:
        assert tab.run().text("session=") == "{'a': (1, 2.0), 'b': {'x': None}, 'c': '', 'd': 0, 'e': False}"


def test_what_is_changed_inside_a_value_is_stored_at_any_depth(state_app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(state_app, headers=headers) as tab:
        do(tab, "state.session['items'] = {'list': [{'set': {1}}]}")
        do(
            tab,
            "state.session['items']['list'][0]['set'].add(2); state.session['items']['list'].append(b'x')",
        )
        do(tab, "state.session.setdefault('fresh', []).append(1)")
    with Tab(state_app, headers=headers) as tab:
        assert tab.run().text("session=") == "{'fresh': [1], 'items': {'list': [{'set': {1, 2}}, b'x']}}"


def test_a_run_that_stops_or_fails_keeps_what_it_had_changed(state_app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with Tab(state_app, headers=headers) as tab:
        do(tab, "state.session['a'] = 1; st.stop()")
        do(
            tab,
            "state.session['b'] = 2; st.session_state.setdefault('n', []).append(1); "
            "len(st.session_state.n) > 1 or st.rerun()",
        )
    with Tab(state_app, headers=headers) as tab:
        assert tab.run().text("session=") == "{'a': 1, 'b': 2}"


def test_two_tabs_that_change_different_keys_both_keep_them(state_app: Server, gateway: Gateway) -> None:
    headers = gateway.session()
    with (
        Tab(state_app, headers=headers) as one,
        Tab(state_app, headers={**headers, "Holdfast-Tab": "the-other-tab-22-chars"}) as two,
    ):
        do(one, "state.session.update(gone=1, one=1)")
        do(two, "state.session['two'] = 2")
        do(one, "del state.session['gone']; state.tab['mine'] = 1")
        assert do(two, "state.session['two'] = 3").text("session=") == "{'one': 1, 'two': 3}"
        assert "raised=KeyError  'mine'" in do(two, "state.tab['mine']").texts


def test_the_user_scope_follows_the_person_and_nobody_else(state_app: Server, gateway: Gateway) -> None:
    with Tab(state_app, headers=gateway.session("dora")) as tab:
        do(tab, "state.user['theme'] = 'dark'")
    with Tab(state_app, headers=gateway.session("dora")) as tab:
        assert "raised=AssertionError  dark" in do(tab, "raise AssertionError(state.user['theme'])").texts
    with Tab(state_app, headers=gateway.session("emil")) as tab:
        assert "raised=AssertionError  {}" in do(tab, "raise AssertionError(dict(state.user))").texts
    with Tab(state_app, headers=gateway.session(None)) as tab:
        assert do(tab, "state.user['theme']").text("raised=").startswith("StateError ERR_STATE_ANONYMOUS")


def test_what_cannot_be_kept_is_refused_at_the_line_that_sets_it(state_app: Server, gateway: Gateway) -> None:
    with Tab(state_app, headers=gateway.session()) as tab:
        said = do(tab, "state.session['a'] = {'f': [print]}").text("raised=")
        assert said.startswith(
            "StateError ERR_VALUE_TYPE state['a']: value['f'][0] cannot be kept: builtin_function"
        )
        said = do(tab, "state.session['a'] = b'x' * 2_000_000").text("raised=")
        assert said == "StateError ERR_STATE_TOO_LARGE state['a'] has 2,666,680 bytes; 1,048,576 are kept"
        assert do(tab, "state.session['a'] = 1").text("session=") == "{'a': 1}"


def test_the_mapping_in_a_shared_module_never_shows_one_persons_values_to_another(
    state_app: Server, gateway: Gateway
) -> None:
    # B10: one module, two people, a thousand runs mixed by two threads that wait for nobody.
    dice = random.Random(10)
    wrong: list[str] = []
    barrier = threading.Barrier(2, timeout=30)

    def person(name: str) -> None:
        with Tab(state_app, headers=gateway.session(name)) as tab:
            line = tab.run().widgets["line"]
            barrier.wait()
            for turn in range(250):
                value = f"{name} {turn} {dice.random()}"
                tab.run(string(line, f"shared_state.session['mine'] = {value!r}"))
                seen = tab.run(string(line, "")).text("module=")
                if seen != repr(value):
                    wrong.append(f"{name} saw {seen} instead of {value!r}")

    with ThreadPoolExecutor(2) as both:
        list(both.map(person, ["anna", "ben"]))
    assert wrong == []
