"""The client of the state API: what it says when nobody answers, and what it asks once only."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from state_gateway import Gateway, state_gateway

from holdfast import StateError
from holdfast._client import Change, Client
from holdfast._link import link_of


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
