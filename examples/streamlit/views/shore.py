"""Filters, a chart and a table. None of these widgets has been told to keep its value."""

import streamlit as st
from survey import FIRST, LAST, SPECIES, STATIONS, sightings

st.title("Shore survey")
st.caption("Set the filters, then press F5. They stay.")

with st.container(border=True):
    first, second, third = st.columns(3)
    species = first.selectbox("Species", ["All", *SPECIES])
    stations = second.pills("Stations", STATIONS, selection_mode="multi", default=STATIONS)
    days = third.date_input("Days", (FIRST, LAST), min_value=FIRST, max_value=LAST)
    depth = first.slider("Depth in metres", 0.0, 8.0, (0.0, 8.0), step=0.5)
    words = second.text_input("Find", placeholder="cove, wrack …")
    by_station = third.toggle("One line per station", key="by_station")

found = sightings()
found = found[found["station"].isin(stations) & found["depth"].between(*depth)]
if species != "All":
    found = found[found["species"] == species]
if len(days) == 2:
    found = found[found["day"].between(*days)]
if words:
    hit = found["station"].str.contains(words, case=False, regex=False)
    hit |= found["species"].str.contains(words, case=False, regex=False)
    found = found[hit]

if found.empty:
    st.info("Nothing was seen there. Try wider filters.", icon=":material/search_off:")
    st.stop()

one, two, three = st.columns(3)
one.metric("Sightings", f"{len(found):,}", border=True)
two.metric("Plants", f"{found['plants'].sum():,}", border=True)
three.metric("Mean depth", f"{found['depth'].mean():.1f} m", border=True)

colour = "station" if by_station else "species"
st.line_chart(found.groupby(["day", colour], as_index=False)["plants"].sum(), x="day", y="plants", color=colour)
st.dataframe(found, hide_index=True, on_select="rerun", selection_mode="multi-row", key="chosen", height=280)
if st.session_state.chosen.selection.rows:
    st.caption(f"{len(st.session_state.chosen.selection.rows)} rows chosen.")
