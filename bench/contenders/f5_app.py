"""A page of the usual kind: what F5 is measured with."""

import streamlit as st

st.title("Catch of the day")
name = st.text_input("Name", "Anna")
depth = st.slider("Depth", 0, 100, 20)
st.dataframe({"species": ["kelp", "wrack", "dulse"] * 30, "depth": list(range(90))})
st.line_chart([depth * one for one in range(20)])
st.write(f"Good morning, {name}. All is shown.")
