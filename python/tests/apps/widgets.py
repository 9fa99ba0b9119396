"""One widget of each way of behaving, for tests that speak Streamlit's protocol themselves."""

from __future__ import annotations

import pandas as pd
import streamlit as st

fired = st.session_state.setdefault("fired", [])
st.session_state.setdefault("frame", pd.DataFrame({"n": [1, 2]}))


def note(name: str) -> None:
    fired.append(name)


plain = st.text_input("plain", on_change=note, args=("plain",))
keyed = st.slider("keyed", 0, 10, 1, key="keyed", on_change=note, args=("keyed",))
with st.form("form"):
    draft = st.text_input("draft")
    st.form_submit_button("send")
file = st.file_uploader("file", on_change=note, args=("file",))
if st.checkbox("stop here"):
    st.text(f"plain={plain!r} keyed={keyed!r} draft={draft!r} file={file.name if file else None!r}")
    st.stop()
st.button("other")
st.text(f"plain={plain!r} keyed={keyed!r} draft={draft!r} file={file.name if file else None!r}")
st.text(f"fired={','.join(fired)}")
