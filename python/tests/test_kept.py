"""What comes back after the Streamlit server is gone: the hook, the real state API, the socket."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from state_gateway import Gateway
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit_server import APPS, Run, Server, Tab, hook_environment, numbers, pressed, serving, string

from holdfast._client import Client
from holdfast._link import link_of

FILLED = "'Ann' keyed=7 depth=2.0 days=[3, 4] shade=DARK"
UNTOUCHED = "'' keyed=3 depth=1.0 days=[1, 2] shade=LIGHT"


def texts(widget: Any, *values: str) -> WidgetState:
    state = WidgetState(id=widget.id)
    state.string_array_value.data.extend(values)
    return state


def states(run: Run) -> list[WidgetState]:
    """What a page reports that a person has filled in."""
    shade = WidgetState(id=run.widgets["shade"].id)
    shade.string_value = "Shade.DARK"
    return [
        string(run.widgets["plain"], "Ann"),
        numbers(run.widgets["keyed"], 7),
        numbers(run.widgets["depth"], 2),
        texts(run.widgets["days"], "2026/01/03", "2026/01/04"),
        shade,
    ]


def fill(tab: Tab, line: str = "") -> Run:
    first = tab.run()
    run = tab.run(*states(first), string(first.widgets["line"], line))
    assert run.text("plain=") == FILLED
    return tab.run(*states(first), string(first.widgets["line"], ""))


Start = Callable[[], AbstractContextManager[Server]]


@pytest.fixture
def app(tmp_path: Path, gateway: Gateway) -> Start:
    """Starts the app, as often as it is called: each time a new process."""
    count = iter(range(99))

    def start() -> AbstractContextManager[Server]:
        log = tmp_path / f"{next(count)}.log"
        return serving(APPS / "kept_app.py", log, {**hook_environment(), **gateway.environment})

    return start


def test_after_a_restart_the_first_run_has_every_value_and_tells_it_to_the_page(
    app: Start, gateway: Gateway
) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab, "st.session_state.own = {'list': [(1, 2.0)], 'when': dt.date(2026, 5, 1)}")
    with app() as server:
        with Tab(server, headers=headers) as tab:
            run = tab.run()
            assert run.text("plain=") == FILLED
            assert run.text("own=") == "{'own': {'list': [(1, 2.0)], 'when': datetime.date(2026, 5, 1)}}"
            assert (run.widgets["plain"].set_value, run.widgets["plain"].value) == (True, "Ann")
            assert (run.widgets["keyed"].set_value, list(run.widgets["keyed"].value)) == (True, [7])
            assert (run.widgets["depth"].set_value, list(run.widgets["depth"].value)) == (True, [2])
            assert (run.widgets["shade"].set_value, run.widgets["shade"].raw_value) == (True, "Shade.DARK")
            run = tab.run(*states(run), pressed(run.widgets["other"]))
            assert run.text("plain=") == FILLED
            assert run.text("fired=") == "plain,keyed,shade", "those of the time before; telling fired none"
        with Tab(server, headers={**headers, "Holdfast-Tab": "another-tab-22-charact"}) as tab:
            assert tab.run().text("plain=") == UNTOUCHED
        with Tab(server, headers=gateway.session("ben")) as tab:
            assert tab.run().text("plain=") == UNTOUCHED
        with Tab(server) as tab:
            assert tab.run().text("plain=") == UNTOUCHED
        assert "holdfast:" not in server.log.read_text()


def test_what_was_stored_when_the_page_was_told_outlives_sigkill(app: Start, gateway: Gateway) -> None:
    headers = gateway.session()
    link, client = link_of(headers), Client(gateway.url, gateway.key)
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab, "st.session_state.own = 1")
        while not any("Ann" in entry.text for entry in client.read(link, "page").values()):
            pass
        server.child.send_signal(signal.SIGKILL)
    client.close()
    with app() as server, Tab(server, headers=headers) as tab:
        assert tab.run().text("plain=") == FILLED


def test_what_is_typed_into_a_password_box_is_stored_nowhere(app: Start, gateway: Gateway) -> None:
    headers = gateway.session()
    link, client = link_of(headers), Client(gateway.url, gateway.key)
    with app() as server, Tab(server, headers=headers) as tab:
        first = tab.run()
        line = string(first.widgets["line"], "st.text_input('secret', type='password', key='secret')")
        boxes = tab.run(line).widgets
        run = tab.run(line, string(boxes["secret"], "kelp and rock"), string(boxes["plain"], "Ann"))
        assert "kelp and rock" in run.text("own="), "the running session has it"
        while not any("Ann" in entry.text for entry in client.read(link, "page").values()):
            pass
        assert not any("kelp and rock" in entry.text for entry in client.read(link, "page").values())
    client.close()


def test_a_page_that_stayed_open_over_the_restart_is_believed_and_its_state_comes_back(
    app: Start, gateway: Gateway
) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        run = fill(tab, "st.session_state.own = 1")
    with app() as server, Tab(server, tab.session_id, headers=headers) as same_page:
        assert same_page.session_id != tab.session_id
        run = same_page.run(
            *states(run)[1:], string(run.widgets["plain"], "Cy"), pressed(run.widgets["other"])
        )
        assert run.text("plain=") == FILLED.replace("Ann", "Cy")
        assert run.text("own=") == "{'own': 1}"
        assert not run.widgets["plain"].set_value


def test_the_session_that_the_process_still_holds_wins_over_the_store(app: Start, gateway: Gateway) -> None:
    headers = gateway.session()
    with app() as server:
        with Tab(server, headers=headers) as tab:
            fill(tab, "st.session_state.own = print")
        with Tab(server, tab.session_id, headers=headers) as after:
            run = after.run()
            assert after.session_id == tab.session_id
            assert run.text("own=") == "{'own': <built-in function print>}"
            assert run.text("plain=") == FILLED


def test_what_cannot_be_kept_is_named_once_and_everything_else_is_kept(app: Start, gateway: Gateway) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab, "st.session_state.update(model=print, big=b'x' * 2**20, own=1)")
        fill(tab)
    said = [line for line in server.log.read_text().splitlines() if line.startswith("holdfast:")]
    assert sorted(said) == [
        "holdfast: st.session_state['big'] will not outlive this server: it has 1,398,115 bytes; "
        "1,048,576 are kept",
        "holdfast: st.session_state['model'] will not outlive this server: value cannot be kept: "
        "builtin_function_or_method. Make it plain data first",
    ]
    with app() as server, Tab(server, headers=headers) as tab:
        assert tab.run().text("own=") == "{'own': 1}"


def test_what_was_deleted_stays_deleted_and_what_changed_inside_is_stored(
    app: Start, gateway: Gateway
) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab, "st.session_state.update(a=1, b=[1])")
        fill(tab, "del st.session_state['a']; st.session_state.b.append(2)")
        fill(tab, "st.session_state.b.append(3)")
    with app() as server, Tab(server, headers=headers) as tab:
        assert tab.run().text("own=") == "{'b': [1, 2, 3]}"


def test_a_session_that_ended_gives_nothing_and_takes_nothing(app: Start, gateway: Gateway) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab)
        gateway.end(headers)
        fill(tab, "st.session_state.own = 1")
    assert "holdfast:" not in server.log.read_text()
    with app() as server, Tab(server, headers=headers) as tab:
        assert tab.run().text("plain=") == UNTOUCHED


def test_one_line_restores_without_the_hook_the_very_first_session_of_the_process_too(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "shades.py").write_text((APPS / "shades.py").read_text())
    line = "import holdfast\nholdfast.restore()\n"
    text = (
        (APPS / "kept_app.py")
        .read_text()
        .replace("import datetime as dt\n", f"import datetime as dt\n{line}")
    )
    (tmp_path / "app.py").write_text(text)
    environment = {"PYTHONPATH": hook_environment()["PYTHONPATH"].split(":")[0], **gateway.environment}
    headers = gateway.session()
    for turn in range(2):
        with serving(tmp_path / "app.py", tmp_path / "log", environment) as server:
            with Tab(server, headers=headers) as tab:
                run = tab.run()
                assert run.text("plain=") == (FILLED if turn else UNTOUCHED)
                assert run.widgets["plain"].set_value == bool(turn)
                fill(tab)
            with Tab(server, tab.session_id, headers=headers) as after:
                assert after.run().text("plain=") == FILLED
        assert "holdfast:" not in server.log.read_text()


def test_without_a_gateway_nothing_is_kept_and_nothing_is_said(tmp_path: Path, gateway: Gateway) -> None:
    headers = gateway.session()
    for _ in range(2):
        bare = serving(APPS / "kept_app.py", tmp_path / "log", hook_environment())
        with bare as server, Tab(server, headers=headers) as tab:
            assert tab.run().text("plain=") == UNTOUCHED
            fill(tab)
        assert "holdfast:" not in server.log.read_text()


@contextmanager
def slow_way(to: str, seconds: float) -> Iterator[str]:
    """A way to the state API that keeps what it hears for so long."""
    where = urlsplit(to)

    def carry(source: socket.socket, target: socket.socket) -> None:
        with source, target, suppress(OSError):
            while heard := source.recv(65536):
                time.sleep(seconds)
                target.sendall(heard)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((str(where.hostname), int(where.port or 0)))
                threading.Thread(target=carry, args=(near, far), daemon=True).start()
                threading.Thread(target=carry, args=(far.dup(), near.dup()), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_store_that_takes_its_time_is_waited_for_when_a_session_begins(
    app: Start, gateway: Gateway, tmp_path: Path
) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab)
    with slow_way(gateway.url, 0.8) as url:
        slow = {**hook_environment(), **gateway.environment, "HOLDFAST_URL": url}
        with serving(APPS / "kept_app.py", tmp_path / "slow.log", slow) as server:
            with Tab(server, headers=headers) as tab:
                assert tab.run().text("plain=") == FILLED
            assert "could not be restored" not in server.log.read_text()


def test_while_the_store_cannot_tell_the_app_works_and_overwrites_nothing(
    app: Start, gateway: Gateway, tmp_path: Path
) -> None:
    headers = gateway.session()
    with app() as server, Tab(server, headers=headers) as tab:
        fill(tab)
    nowhere = {**hook_environment(), **gateway.environment, "HOLDFAST_URL": "http://127.0.0.1:9"}
    with (
        serving(APPS / "kept_app.py", tmp_path / "log", nowhere) as server,
        Tab(server, headers=headers) as tab,
    ):
        assert tab.run().text("plain=") == UNTOUCHED
    assert server.log.read_text().count("holdfast: a session could not be restored") == 1
    with app() as server, Tab(server, headers=headers) as tab:
        assert tab.run().text("plain=") == FILLED
