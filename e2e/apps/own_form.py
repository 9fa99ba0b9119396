"""A sign-in form of the app's own, and what a test wants to know of each run."""

import os

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import holdfast


@st.cache_resource
def answers_of_all() -> dict[str, str]:
    return {}


# The page goes on in a session of the person's own, perhaps before it has drawn the run that signed them in: what that
# one has learnt is kept by the tab.
answers = answers_of_all()
session_id = get_script_run_ctx().session_id
tab = st.context.headers.get("Holdfast-Tab")
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
with st.form("sign-in"):
    username = st.text_input("Username")
    password = st.text_input("Password", type="password")
    remember = st.checkbox("Stay")
    if st.form_submit_button("Sign in"):
        before = holdfast.user()
        answer = holdfast.sign_in(username, password, remember)
        at_once = holdfast.user()
        answers[tab] = f"answered={answer.outcome}; at_once={at_once and at_once.id};"
        st.write(f"outcome={answer.outcome}; before={before and before.id}; at_once={at_once and at_once.id};")
st.write(answers.get(tab, ""))
person = holdfast.user()
st.write(f"session={session_id};")
st.write(f"user={person and person.id}; st_user={st.user.get('sub')}; signed_in={st.user.get('is_logged_in')};")
st.write(f"tab={tab};")
st.text_input("Draft", key="draft")
if st.button("Out"):
    st.write(f"ended={holdfast.sign_out()};")
if st.button("Guest"):
    holdfast.sign_in_at(os.environ.get("GUESTS_FROM", "partner"))
st.write(f"runs={st.session_state['runs']};")
st.write("end-of-run")
