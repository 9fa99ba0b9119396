"""A real Streamlit server, and a browser tab reduced to what it says on the socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

APPS = Path(__file__).parent / "apps"
SOURCE = Path(__file__).parent.parent / "src"
COOKIE_SECRET = "a secret for tests only, thirty-two bytes or more"


@dataclass
class Server:
    """A running `streamlit run`."""

    port: int
    log: Path
    child: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def hook_environment() -> dict[str, str]:
    """What `holdfast run` puts into the environment of the app that it starts."""
    return {
        "HOLDFAST": "1",
        "HOLDFAST_PRESET": "streamlit",
        "HOLDFAST_SIGN_IN_PATH": "/base/_holdfast/sign-in",
        "PYTHONPATH": os.pathsep.join([str(SOURCE), str(SOURCE / "holdfast" / "_hook")]),
    }


@contextmanager
def serving(app: Path, log: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Starts the app on a free port of the loopback and ends it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(app)]
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    options += ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    environment = {**os.environ, **environment, "STREAMLIT_SERVER_COOKIE_SECRET": COOKIE_SECRET}
    with (
        log.open("wb") as output,
        subprocess.Popen(command + options, stdout=output, stderr=output, env=environment) as child,
    ):
        try:
            _wait_for(port, child, log)
            yield Server(port, log, child)
        finally:
            child.terminate()
            child.wait(timeout=20)


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"Streamlit did not start:\n{log.read_text()}")


@dataclass
class Run:
    """What one script run sent to the page."""

    page_script_hash: str = ""
    widgets: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    redirect: str | None = None
    ticket: str | None = None
    """What was handed to the page alone, for the gateway."""
    query: str | None = None
    """What the script made of the address, if it changed it."""

    def text(self, start: str) -> str:
        """The text that begins with `start`, without it."""
        return next(text.removeprefix(start) for text in self.texts if text.startswith(start))


class Tab:
    """A page: connects, reruns the script with the widget states it is given, and listens."""

    def __init__(
        self,
        server: Server,
        session_id: str | None = None,
        user: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ):
        self._server = server
        # What the gateway adds to the upgrade, and a browser could not.
        with urllib.request.urlopen(f"{server.origin}/_stcore/health") as answer:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
        self._xsrf = cookie.split("=", 1)[1]
        self._cookie = cookie if user is None else f"{cookie}; {_user_cookie(server, user)}"
        protocols = ["streamlit", self._xsrf, *([session_id] if session_id else [])]
        self._connection = connect(
            f"ws://127.0.0.1:{server.port}/_stcore/stream",
            subprotocols=protocols,
            origin=server.origin,
            additional_headers={"Cookie": self._cookie, **(headers or {})},
            max_size=None,
        )
        self.session_id = ""

    def __enter__(self) -> Tab:
        self._socket = self._connection.__enter__()
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        self._connection.__exit__(kind, value, trace)

    def run(self, *states: WidgetState, page: str = "", page_script_hash: str = "", query: str = "") -> Run:
        """Asks for a script run as a browser does, and collects it to its end."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.context_info.url = f"{self._server.origin}/{page}"
        message.rerun_script.page_name = page
        message.rerun_script.page_script_hash = page_script_hash
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())
        run = Run()
        while self._take(run) != "script_finished":
            pass
        return run

    def upload(self, name: str, content: bytes) -> tuple[str, Any]:
        """Sends a file to the server; its id, and the addresses the widget state has to repeat."""
        message = BackMsg()
        message.file_urls_request.request_id = "1"
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session_id
        self._socket.send(message.SerializeToString())
        while (answer := self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        urls = answer.file_urls_response.file_urls[0]
        body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--b--\r\n'
        request = urllib.request.Request(
            self._server.origin + urls.upload_url,
            data=body % (name.encode(), content),
            method="PUT",
            headers={
                "Content-Type": "multipart/form-data; boundary=b",
                "Cookie": self._cookie,
                "X-Xsrftoken": self._xsrf,
            },
        )
        with urllib.request.urlopen(request):
            return urls.file_id, urls

    def _receive(self) -> Any:
        message = ForwardMsg()
        message.ParseFromString(self._socket.recv(timeout=20))
        return message

    def _take(self, run: Run) -> str:
        message = self._receive()
        kind = str(message.WhichOneof("type"))
        if kind == "new_session":
            self.session_id = message.new_session.initialize.session_id
            run.page_script_hash = message.new_session.page_script_hash
        elif kind == "navigation":
            run.page_script_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            run.query = message.page_info_changed.query_string
        elif kind == "auth_redirect":
            run.redirect = message.auth_redirect.url
        elif kind == "parent_message":
            run.ticket = message.parent_message.message.removeprefix("holdfast-ticket ")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            _note(run, message.delta.new_element)
        return kind


def _note(run: Run, element: Any) -> None:
    kind = element.WhichOneof("type")
    content = getattr(element, kind)
    if kind == "text":
        run.texts.append(content.body)
    elif kind == "alert":
        run.texts.append(f"alert: {content.body}")
    elif kind == "markdown":
        run.texts.append(content.body)
    elif kind == "exception":
        run.texts.append(f"exception: {content.type}: {content.message}")
    elif getattr(content, "label", ""):
        run.widgets[content.label] = content


def _user_cookie(server: Server, user: dict[str, Any]) -> str:
    payload = json.dumps({"origin": server.origin, "is_logged_in": True, **user})
    signed = URLSafeTimedSerializer(COOKIE_SECRET, salt="_streamlit_user").dumps(payload)
    return f"_streamlit_user={signed if isinstance(signed, str) else signed.decode()}"


def string(widget: Any, value: str) -> WidgetState:
    """What a page reports for a text box."""
    state = WidgetState(id=widget.id)
    state.string_value = value
    return state


def numbers(widget: Any, *values: float) -> WidgetState:
    """What a page reports for a slider."""
    state = WidgetState(id=widget.id)
    state.double_array_value.data.extend(values)
    return state


def pressed(widget: Any) -> WidgetState:
    """What a page reports for the button that was pressed."""
    state = WidgetState(id=widget.id)
    state.trigger_value = True
    return state


def files(widget: Any, *uploaded: tuple[str, str, Any]) -> WidgetState:
    """What a page reports for an upload widget; without files, one that is empty."""
    state = WidgetState(id=widget.id)
    state.file_uploader_state_value.SetInParent()
    for name, file_id, urls in uploaded:
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.file_id, info.size = name, file_id, 3
        info.file_urls.CopyFrom(urls)
    return state
