"""Forms of the app's own for what people do about their accounts."""

import streamlit as st

import holdfast

with st.form("sign-in", clear_on_submit=True):
    name, password = st.text_input("Username"), st.text_input("Password", type="password")
    if st.form_submit_button("Sign in"):
        st.write(f"came_in={holdfast.sign_in(name, password).outcome};")
with st.form("guest"):
    if st.form_submit_button("Look around"):
        holdfast.sign_in_as_guest()
with st.form("mail", clear_on_submit=True):
    address = st.text_input("Name or address")
    asks = [holdfast.register, holdfast.forgot_password, holdfast.forgot_username]
    for ask in asks:
        if st.form_submit_button(ask.__name__):
            st.write(f"{ask.__name__}={ask(address).outcome};")
with st.form("change", clear_on_submit=True):
    present = st.text_input("Present password", type="password")
    new = st.text_input("New password", type="password")
    if st.form_submit_button("Change password"):
        change = holdfast.change_password(present, new)
        st.write(f"password={change.outcome}; why={change.why};")
with st.form("details", clear_on_submit=True):
    proof = st.text_input("Your password", type="password")
    shown, email = st.text_input("Shown name"), st.text_input("Address")
    if st.form_submit_button("Update"):
        details = holdfast.update_details(proof, name=shown or None, email=email or None)
        st.write(f"details={details.outcome};")
person = holdfast.user()
st.write(f"user={person and person.id}; roles={person and sorted(person.roles)}; name={person and person.name};")
st.write("end-of-run")
