"""FluxLit's own demo of URL sessions with another import line: what it is started with must not start anew."""

import streamlit as st

from holdfast.url_session import (
    InMemorySessionStore,
    ensure_url_session,
    hydrate_url_session,
    persist_url_session,
)

if "_fluxlit_store" not in st.session_state:
    st.session_state["_fluxlit_store"] = InMemorySessionStore()
store = st.session_state["_fluxlit_store"]
ensure_url_session(st, store, initial={"visits": 0})
hydrate_url_session(st, store)

if st.button("Visit"):
    st.session_state.visits += 1
draft = st.text_input("Draft", key="draft")
st.write(f"visits={st.session_state.visits};")
st.write(f"draft={draft};")

persist_url_session(st, store)
