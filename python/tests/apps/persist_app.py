"""Runs the line of Python in its text box between hydrate() and persist(), with persisted objects at hand."""

from __future__ import annotations

import shared_app_state
import streamlit as st
from shared_app_state import AppState, Item, Mood, app_state, wizard  # noqa: F401

import holdfast

holdfast.hydrate()
st.text_input("keyed", key="keyed")
st.button("pressed", key="pressed")
line = st.text_input("line")
try:
    exec(line)
except Exception as reason:
    st.text(f"raised={type(reason).__name__} {getattr(reason, 'code', '')} {reason}")
st.text(f"state={shared_app_state.shown()}")
own = {key: st.session_state[key] for key in sorted(st.session_state) if not key.startswith("__")}
st.text(f"own={own!r}")
holdfast.persist()
