"""A counter, a draft, a file and what has been noted: the things people hate to lose."""

import datetime as dt

import streamlit as st
from survey import SPECIES, STATIONS

st.title("Notebook")
st.caption("Count, write half a sentence, add a photo, press F5. It is all still here.")

notes = st.session_state.setdefault("notes", [])
st.session_state.setdefault("count", 0)

left, right = st.columns([1, 2], gap="large")


def count(by: int | None) -> None:
    st.session_state.count = 0 if by is None else st.session_state.count + by


with left.container(border=True):
    st.subheader("Counter")
    st.metric("Plants counted", st.session_state.count)
    st.button("Count one", on_click=count, args=(1,), icon=":material/add:", type="primary", width="stretch")
    st.button("Start again", on_click=count, args=(None,), width="stretch")

with right.container(border=True):
    st.subheader("Draft")
    title = st.text_input("Title", key="title")
    text = st.text_area("What did you see?", height=120)
    where, when = st.columns(2)
    station = where.selectbox("Station", STATIONS, index=None, placeholder="Where was it?")
    day = when.date_input("Day", dt.date(2026, 6, 1))
    photo = st.file_uploader("Photo or measurements", key="photo")
    if photo is not None:
        st.caption(f":material/attach_file: {photo.name}, {photo.size:,} bytes")

with st.form("note", border=True):
    st.subheader("Note it")
    a, b = st.columns(2)
    species = a.selectbox("Species", SPECIES)
    sure = b.slider("How sure are you?", 0, 100, 80, format="%d %%")
    if st.form_submit_button("Add to the notebook", type="primary"):
        notes.append(
            {
                "title": title or "Untitled",
                "text": text,
                "station": station,
                "day": day,
                "species": species,
                "sure": sure,
                "file": photo.name if photo else None,
                "counted": st.session_state.count,
            }
        )

if notes:
    st.subheader("Noted")
    st.dataframe(notes, hide_index=True)
