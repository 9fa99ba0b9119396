"""The page that F5 is measured with, and beside it as much state as it is told to hold."""

import secrets

import streamlit as st

# A value may have 1 MiB.
_PART = 500_000

st.title("Catch of the day")
name = st.text_input("Name", "Anna")
size = st.number_input("Held", 0, 4, 0)
for one in range(size):
    # Of letters that do not compress, as photographs and tables do not.
    st.session_state.setdefault(f"part {one}", secrets.token_hex(_PART // 2))
depth = st.slider("Depth", 0, 100, 20)
st.dataframe({"species": ["kelp", "wrack", "dulse"] * 30, "depth": list(range(90))})
st.line_chart([depth * one for one in range(20)])
held = sum(len(st.session_state.get(f"part {one}", "")) for one in range(4))
st.write(f"Good morning, {name}, with {held} letters. All is shown.")
