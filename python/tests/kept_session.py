"""A session whose state is kept: as the keeper is told of it, and as the store has it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from state_gateway import Gateway

from holdfast._client import Client
from holdfast._kept import Kept, Snapshot
from holdfast._link import Link, link_of


def new(gateway: Gateway) -> Kept:
    link = link_of(gateway.session())
    assert link is not None
    return Kept(link, waiting=False)


def plain(**values: Any) -> Snapshot:
    return Snapshot({}, {f"s:{key}": value for key, value in values.items()}, frozenset())


def stored(gateway: Gateway, link: Link) -> dict[str, str]:
    with closing(Client(gateway.url, gateway.key, patience=30)) as direct:
        return {key: entry.text for key, entry in direct.read(link, "page").items()}
