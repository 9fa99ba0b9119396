"""For administrators: the guard below asks who this session's user is."""

import holdfast
import pandas as pd
import streamlit as st
from survey import SPECIES, STATIONS

person = holdfast.require_role("admin")

st.title("Administration")
st.caption(f"Only people with the role admin see this page. You are {person.name or person.id}.")

st.subheader("Targets")
targets = pd.DataFrame({"species": SPECIES, "plants": [900, 1200, 1500, 1800]})
st.data_editor(targets, hide_index=True, disabled=["species"], key="targets")

st.subheader("Closed stations")
closed = st.multiselect("Stations that take no notes today", STATIONS)
if closed:
    st.warning(f"Closed: {', '.join(closed)}", icon=":material/block:")
