"""The typed form of a URL session: a model of the app, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from url_session_page import page

from holdfast.url_session import (
    InMemorySessionStore,
    ensure_url_session,
    hydrate_url_session_typed,
    persist_url_session,
)


@dataclass
class Draft:
    title: str
    tags: list[str] = field(default_factory=list)


class Validated:
    """What pydantic's models look like from outside."""

    @classmethod
    def model_validate(cls, data: dict[str, Any]) -> Validated:
        if "title" not in data:
            raise ValueError("title is missing")
        return cls()


def test_the_typed_form_gives_a_model_or_none() -> None:
    store = InMemorySessionStore()
    first = page(title="kelp", tags=["brown"])
    token = ensure_url_session(first, store)
    persist_url_session(first, store)
    assert hydrate_url_session_typed(page(token), store, Draft) == (token, Draft("kelp", ["brown"]))
    assert isinstance(hydrate_url_session_typed(page(token), store, Validated)[1], Validated)
    assert hydrate_url_session_typed(page(), store, Draft) == (None, None)
    wrong = page(title=1)
    token = ensure_url_session(wrong, store)
    persist_url_session(wrong, store)
    assert hydrate_url_session_typed(page(token), store, Draft) == (token, None)
    with pytest.raises(ValueError, match="is no str"):
        hydrate_url_session_typed(page(token), store, Draft, strict=True)
