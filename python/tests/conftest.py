from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from state_gateway import Gateway, state_gateway
from state_way import Way, state_way
from streamlit_server import APPS, Server, hook_environment, serving

from holdfast._client import Client, client
from holdfast._keeper import Keeper


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def widgets_app(logs: Path) -> Iterator[Server]:
    with serving(APPS / "widgets.py", logs / "widgets.log", hook_environment()) as server:
        yield server


@pytest.fixture(scope="module")
def pages_app(logs: Path) -> Iterator[Server]:
    with serving(APPS / "pages_app" / "app.py", logs / "pages.log", hook_environment()) as server:
        yield server


@pytest.fixture(scope="module")
def sign_in_app(logs: Path) -> Iterator[Server]:
    with serving(APPS / "sign_in.py", logs / "sign-in.log", hook_environment()) as server:
        yield server


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with state_gateway() as running:
        yield running


@pytest.fixture
def connected(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    for name, value in gateway.environment.items():
        monkeypatch.setenv(name, value)
    yield gateway
    client().close()


@pytest.fixture(scope="module")
def state_app(logs: Path, gateway: Gateway) -> Iterator[Server]:
    environment = {**hook_environment(), **gateway.environment}
    with serving(APPS / "state_app.py", logs / "state.log", environment) as server:
        yield server


@pytest.fixture
def way(gateway: Gateway) -> Iterator[Way]:
    with state_way(gateway.url) as open_way:
        yield open_way


@pytest.fixture
def keeper(way: Way, gateway: Gateway) -> Iterator[Keeper]:
    # Patient: a machine that has much to do is no store that is away.
    with closing(Client(way.url, gateway.key, patience=30)) as patient:
        yield Keeper(patient)
