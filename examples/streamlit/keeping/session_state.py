"""`st.session_state` as it is, from one browser tab to the next: two lines."""

import streamlit as st

import holdfast

holdfast.hydrate("questions", "answers")

st.title("Session state")
st.caption("`hydrate()` before, `persist()` after. A second tab begins with what this one holds.")

st.session_state.setdefault("questions", 3)
st.session_state.setdefault("answers", {})
st.number_input("Questions", 1, 9, key="questions")
for number in range(1, st.session_state.questions + 1):
    said = st.text_input(f"Answer {number}", st.session_state.answers.get(number, ""))
    if said:
        st.session_state.answers[number] = said
st.write(f"Answers so far: {len(st.session_state.answers)}")

holdfast.persist(keys=["questions", "answers"])
