import streamlit as st

st.text(f"other={st.session_state.get('n')!r}")
st.page_link("views/notes.py", label="Back")
