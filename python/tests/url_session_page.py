"""A page as the helpers of URL sessions see it, and a store that an app wrote itself."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any


def page(token: str | None = None, **state: Any) -> Any:
    """Streamlit, as far as the helpers look at it."""
    return SimpleNamespace(
        query_params={} if token is None else {"holdfast_sid": token}, session_state=dict(state)
    )


def own(st: Any) -> dict[str, Any]:
    return {key: value for key, value in st.session_state.items() if not key.startswith("__")}


class JsonStore:
    """An app's own store, as FluxLit's recipes have it: JSON text under an id, as Redis would keep it."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.ttl: list[float | None] = []

    def get(self, session_id: str) -> dict[str, Any] | None:
        raw = self.kept.get(session_id)
        return None if raw is None else json.loads(raw)

    def set(self, session_id: str, data: dict[str, Any], *, ttl_seconds: float | None = None) -> None:
        self.kept[session_id] = json.dumps(data)
        self.ttl.append(ttl_seconds)

    def delete(self, session_id: str) -> None:
        self.kept.pop(session_id, None)
