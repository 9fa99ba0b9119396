"""Without a cookie: whoever has the link goes on where it was left, unless it was made by someone signed in."""

import streamlit as st

from holdfast.url_session import ensure_url_session, hydrate_url_session, persist_url_session

ensure_url_session(st)
hydrate_url_session(st)

st.title("In the address")
st.caption("Copy the address and open it in another browser. Signed in, it opens for you alone.")

st.session_state.setdefault("guesses", [])
guess = st.number_input("How many plants are in the cove?", 0, 10_000, key="guess")
if st.button("Guess"):
    st.session_state.guesses.append(guess)
st.write(f"Guesses so far: {', '.join(map(str, st.session_state.guesses)) or 'none'}")
st.page_link("keeping/by_itself.py", label="Have a look at the dives")

persist_url_session(st)
