"""Which keys of `st.session_state` may be kept, and how they are put back."""

from __future__ import annotations

import contextlib
from typing import Any

from holdfast._kept import NOT_KEPT


def kept_keys() -> list[str]:
    """The keys of `st.session_state` that may be kept: no internal ones, no presses, no files."""
    import streamlit as st

    return [
        key for key in map(str, st.session_state) if not key.startswith(("__", "$$")) and not _is_press(key)
    ]


def put(key: str, value: Any) -> None:
    """Sets a key as if an earlier run had: widgets take it as theirs, also those that may not be set."""
    import streamlit as st

    state = _inside()
    old = getattr(state, "_old_state", None)
    if key not in st.session_state and isinstance(old, dict):
        # Set by the front door, a data editor would raise when it is drawn.
        old[key] = value
        return
    # A widget that was drawn in this run already keeps what it shows.
    with contextlib.suppress(st.errors.StreamlitAPIException):
        st.session_state[key] = value


def _is_press(key: str) -> bool:
    try:
        state: Any = _inside()
        metadata = state._new_widget_state.widget_metadata.get(state._key_id_mapper.get_id_from_key(key))
        return metadata is not None and metadata.value_type in NOT_KEPT
    except AttributeError:
        return False


def _inside() -> Any:
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    ctx = get_script_run_ctx(suppress_warning=True)
    return None if ctx is None else getattr(ctx.session_state, "_state", None)
