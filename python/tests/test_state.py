"""`holdfast.state` against the real state API, in scripts of a real Streamlit and outside of it."""

from __future__ import annotations

import datetime as dt
import math
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from state_gateway import Gateway, state_gateway
from streamlit_server import Run, Server, Tab, string

from holdfast import StateError, state
from holdfast._client import Change, Client, client
from holdfast._link import link_of


def do(tab: Tab, line: str) -> Run:
    """Has the app run one line, as it is drawn again."""
    first = tab.run()
    run = tab.run(string(first.widgets["line"], line))
    tab.run(string(first.widgets["line"], ""))
    return run


@pytest.fixture
def connected(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    yield gateway
    client().close()


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


def test_a_gateway_that_is_gone_or_silent_is_said_within_a_second() -> None:
    with state_gateway() as other:
        link = link_of(other.session())
        known = Client(other.url, other.key)
        known.write(link, "session", [Change("a", "1")])
    for action in (
        lambda: known.read(link, "session"),
        lambda: known.write(link, "session", [Change("a", "2")]),
    ):
        with closing(known), pytest.raises(StateError) as caught:
            action()
        assert caught.value.code == "ERR_STATE_UNAVAILABLE"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(StateError, match="did not answer"):
            Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "key").read(link, "session")
        assert 1.9 < time.monotonic() - began < 3.5


def test_what_must_not_be_asked_twice_takes_no_connection_that_lay_idle() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        server.settimeout(10)

        def answer(connection: socket.socket, body: bytes) -> None:
            with connection:
                while b"}" not in connection.recv(65_536):
                    pass
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        def serve() -> None:
            # The first says that it stays open, and is closed once it lies idle.
            answer(server.accept()[0], b'{"entries": {}}')
            answer(server.accept()[0], b'{"token": "u1.x", "made": true}')

        with ThreadPoolExecutor(1) as other:
            served = other.submit(serve)
            known = Client(f"http://127.0.0.1:{server.getsockname()[1]}", "key")
            with closing(known):
                assert known.read(None, "app") == {}
                assert known.ensure_url_session(None, None, None) == "u1.x"
            served.result(10)


def test_a_wrong_key_is_refused_and_no_error_names_a_secret(gateway: Gateway) -> None:
    link = link_of(gateway.session())
    with pytest.raises(StateError) as caught, closing(Client(gateway.url, "wrong")) as stranger:
        stranger.read(link, "session")
    assert caught.value.code == "ERR_STATE_UNAUTHORIZED"
    assert link is not None
    for said in (repr(link), str(caught.value), repr(caught.value)):
        assert link.capability not in said


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
