"""No line of Holdfast: under `holdfast run` widgets and session state outlive F5 and the server."""

import datetime as dt

import streamlit as st

st.title("By itself")
st.caption("Not a line of Holdfast. Change something, then press F5, or restart the server.")

st.session_state.setdefault("dives", [])

site = st.selectbox("Dive site", ["North cove", "Lighthouse", "Harbour wall"])
day = st.date_input("Day of the dive", dt.date(2026, 6, 1))
depth = st.slider("Deepest point in metres", 0.0, 30.0, 10.0, step=0.5)
with st.form("dive"):
    what = st.text_input("What did you see?")
    if st.form_submit_button("Log the dive"):
        st.session_state.dives.append((site, day, depth, what))

st.write(f"Dives logged: {len(st.session_state.dives)}")
for where, when, metres, seen in reversed(st.session_state.dives):
    st.write(f"* {where}, {when:%d %B %Y}, {metres} m: {seen or 'nothing'}")
