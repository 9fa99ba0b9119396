"""Asks Streamlit and Holdfast who is signed in, and goes to sign-in on demand."""

from __future__ import annotations

import streamlit as st

import holdfast

st.text(f"is_logged_in={st.user.is_logged_in!r}")
st.text(f"user={holdfast.user()!r}")
if st.button("in"):
    st.login()
if st.button("out"):
    st.logout()
if st.button("guarded"):
    holdfast.require_sign_in()
    st.text("behind the guard")
