"""A sign-in form of the app's own, and what a test wants to know of each run."""

import os

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import holdfast

st.session_state["runs"] = st.session_state.get("runs", 0) + 1
with st.form("sign-in"):
    username = st.text_input("Username")
    password = st.text_input("Password", type="password")
    remember = st.checkbox("Stay")
    if st.form_submit_button("Sign in"):
        before = holdfast.user()
        answer = holdfast.sign_in(username, password, remember)
        at_once = holdfast.user()
        st.write(f"outcome={answer.outcome}; before={before and before.id}; at_once={at_once and at_once.id};")
        # So that a test sees this run before the page has changed its session.
        st.toast(f"answered={answer.outcome}; at_once={at_once and at_once.id};", duration="infinite")
person = holdfast.user()
st.write(f"session={get_script_run_ctx().session_id};")
st.write(f"user={person and person.id}; st_user={st.user.get('sub')}; signed_in={st.user.get('is_logged_in')};")
st.write(f"tab={st.context.headers.get('Holdfast-Tab')};")
st.text_input("Draft", key="draft")
if st.button("Out"):
    st.write(f"ended={holdfast.sign_out()};")
if st.button("Guest"):
    holdfast.sign_in_at(os.environ.get("GUESTS_FROM", "partner"))
st.write(f"runs={st.session_state['runs']};")
st.write("end-of-run")
