"""A way to the real state API that can be closed, for some or for all, and that can lose an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Way:
    """What happens on the way, by the session that a request is about."""

    url: str = ""
    refused: set[str] = field(default_factory=set)
    """Whose requests are answered as the gateway does while its store is away."""

    unwritable: set[str] = field(default_factory=set)
    """Whose writes are answered so, and whose reads pass."""

    lost: set[str] = field(default_factory=set)
    """Whose requests arrive, and whose answers do not."""

    held: set[str] = field(default_factory=set)
    """Whose requests stay on the way until `release` or `go` is called."""

    seen: list[str] = field(default_factory=list)
    """Whose requests came, in their order."""

    changed: threading.Condition = field(default_factory=threading.Condition)

    def release(self) -> None:
        """Lets what is held on the way go on, to whatever it meets there."""
        with self.changed:
            self.held.clear()
            self.changed.notify_all()

    def go(self) -> None:
        """Lets everything pass again."""
        with self.changed:
            for one in (self.refused, self.unwritable, self.lost, self.held):
                one.clear()
            self.changed.notify_all()

    def wait_for(self, session: str, times: int = 1) -> None:
        """Waits until so many requests of this session have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.seen.count(session) >= times, 60)


@contextmanager
def state_way(to: str) -> Iterator[Way]:
    """Opens a way to the state API at `to`."""
    way = Way()
    target = urlsplit(to)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            session = self.headers.get("Holdfast-Session", "")
            with way.changed:
                way.seen.append(session)
                way.changed.notify_all()
                assert way.changed.wait_for(lambda: session not in way.held, 60)
                is_write = self.path == "/state/write"
                refused = session in way.refused or (is_write and session in way.unwritable)
                lost = session in way.lost
            if refused:
                return self._answer(503, json.dumps({"code": "ERR_STORE_UNAVAILABLE"}).encode())
            far = HTTPConnection(str(target.hostname), int(target.port or 0), timeout=60)
            far.request("POST", self.path, body, dict(self.headers))
            answer = far.getresponse()
            content = answer.read()
            far.close()
            if lost:
                self.close_connection = True
                return None
            return self._answer(answer.status, content)

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        way.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield way
        finally:
            way.go()
            server.shutdown()
            serving.join()
