"""One widget of each way of being kept, and plain state beside them; for tests that speak the protocol."""

from __future__ import annotations

import datetime as dt

import streamlit as st
from shades import Shade

fired = st.session_state.setdefault("fired", [])


def note(name: str) -> None:
    fired.append(name)


if "keyed" not in st.session_state:
    st.session_state.keyed = 3
plain = st.text_input("plain", on_change=note, args=("plain",))
keyed = st.slider("keyed", 0, 10, key="keyed", on_change=note, args=("keyed",))
depth = st.slider("depth", 0.0, 8.0, 1.0)
days = st.date_input("days", (dt.date(2026, 1, 1), dt.date(2026, 1, 2)))
shade = st.selectbox("shade", list(Shade), on_change=note, args=("shade",))
st.file_uploader("file")
st.button("other")
line = st.text_input("line")
exec(line)
st.text(
    f"plain={plain!r} keyed={keyed!r} depth={depth!r} days={[day.day for day in days]} shade={shade.name}"
)
own = {key: st.session_state[key] for key in sorted(st.session_state) if key not in ("fired", "keyed")}
st.text(f"own={own!r}")
st.text(f"fired={','.join(fired)}")
