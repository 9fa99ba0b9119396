"""Says which live session this is, of which instance of the app, and what it holds."""

import gc
import os

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

context = get_script_run_ctx()
session = context.session_id if context is not None else ""
st.session_state.setdefault("count", 0)
if st.button("Count"):
    st.session_state["count"] += 1
if st.button("Keep"):
    # What is stored beside the runs is stored when this one ends, as before a deploy.
    for one in gc.get_objects():
        if type(one).__name__ == "Keeper":
            one.drain(20)
    st.session_state["kept"] = st.session_state.get("kept", 0) + 1
file = st.file_uploader("File")
held = file.getvalue().decode() if file is not None else None
st.download_button("Take", session.encode(), "session.txt")
st.write(f"session={session}; instance={os.environ.get('INSTANCE')};")
st.write(f"count={st.session_state['count']}; kept={st.session_state.get('kept', 0)};")
st.write(f"file={held}; user={st.user.get('sub')};")
if st.button("Sign out"):
    st.logout()
if st.button("Sign in"):
    st.login()
st.write("end-of-run")
