"""As many keys and widgets as its address says, and how long the end of a run takes; for measuring."""

from __future__ import annotations

import streamlit as st

count = int(st.query_params.get("n", "10"))
st.session_state.turn = st.session_state.get("turn", 0) + 1
for index in range(count):
    st.session_state.setdefault(f"key{index}", {"n": index, "text": "x" * 40})
st.session_state["key0"]["n"] = st.session_state.turn
st.button("other")
st.text("done=")
