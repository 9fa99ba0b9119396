"""FluxLit's documented quick pattern with another import line, and a page that knows nothing of it."""

import streamlit as st

from holdfast.url_session import (
    InMemorySessionStore,
    ensure_url_session,
    hydrate_url_session,
    persist_url_session,
)

page = st.navigation([st.Page("views/notes.py", default=True), st.Page("views/other.py")])

if "_fluxlit_store" not in st.session_state:
    st.session_state["_fluxlit_store"] = InMemorySessionStore()
store = st.session_state["_fluxlit_store"]
ensure_url_session(st, store)
hydrate_url_session(st, store)
page.run()
persist_url_session(st, store)
