"""Shows what a test wants to know: which live session this is, what it holds, who is there."""

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

st.set_page_config(page_title="Probe")


def first() -> None:
    st.session_state.setdefault("count", 0)
    if st.button("Count", key="count_button"):
        st.session_state["count"] += 1
    st.write(f"count={st.session_state['count']};")
    st.text_input("Keyed", key="keyed")
    unkeyed = st.text_input("Unkeyed")
    st.write(f"keyed={st.session_state['keyed']}; unkeyed={unkeyed};")
    st.write(f"x={st.query_params.get('x', '')};")
    if st.button("Slow"):
        time.sleep(2)
    if st.button("Long"):
        for line in range(400):
            st.write(f"line {line}")
            time.sleep(0.002)


def second() -> None:
    st.session_state.setdefault("marks", 0)
    if st.button("Mark"):
        st.session_state["marks"] += 1
    st.write(f"marks={st.session_state['marks']};")
    amount = st.slider("Amount", 0, 100, 10)
    st.write(f"amount={amount};")


def guarded() -> None:
    import holdfast

    holdfast.require_role("admin")
    st.write("the-guarded-secret")


page = st.navigation(
    [
        st.Page(first, title="First", default=True),
        st.Page(second, title="Second", url_path="second"),
        st.Page(guarded, title="Guarded", url_path="guarded"),
    ]
)

st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.write(f"session={get_script_run_ctx().session_id};")
st.write(f"user={st.user.get('sub')}; signed_in={st.user.get('is_logged_in')};")
st.write(f"forwarded={st.context.headers.get('X-Forwarded-User')};")
st.write(f"cookies={' '.join(sorted(name for name in st.context.cookies))};")
page.run()
st.write(f"runs={st.session_state['runs']};")
if st.button("Sign out"):
    st.logout()
if st.button("Who are you?"):
    st.login()
st.write("end-of-run")
