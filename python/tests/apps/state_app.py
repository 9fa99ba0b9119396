"""Runs the line of Python in its text box, with the state at hand; for tests that speak the protocol."""

from __future__ import annotations

import shared_state
import streamlit as st

from holdfast import state

line = st.text_input("line")
st.button("other")
try:
    exec(line)
except Exception as reason:
    st.text(f"raised={type(reason).__name__} {getattr(reason, 'code', '')} {reason}")
st.text(f"session={dict(sorted(state.session.items()))!r}")
st.text(f"module={shared_state.session.get('mine', None)!r}")
