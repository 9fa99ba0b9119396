"""An app for anyone, with a sign-in form of its own. Run it with `holdfast run --access anyone`."""

import streamlit as st

import holdfast

st.set_page_config(page_title="Tide table", page_icon="🌊")
st.title("Tide table")

person = holdfast.user()

if person is None:
    with st.form("sign-in"):
        username = st.text_input("Name", autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        remember = st.checkbox("Stay signed in")
        if st.form_submit_button("Sign in"):
            answer = holdfast.sign_in(username, password, remember)
            person = answer.user
            if answer.outcome == "credentials":
                st.error("Name or password is wrong.")
            elif answer.outcome == "throttled":
                st.error(f"Too many attempts. Try again in {answer.seconds} seconds.")
            elif answer.outcome == "unavailable":
                st.error("That cannot be checked now. Please try again.")

if person is not None:
    st.success(f"Welcome, {person.name or person.id}.")
    if st.button("Sign out"):
        holdfast.sign_out()

harbour = st.text_input("Harbour", key="harbour")
if harbour:
    st.write(f"High water at {harbour}: 06:12 and 18:40.")
