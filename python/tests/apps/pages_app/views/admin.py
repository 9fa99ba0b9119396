import streamlit as st

import holdfast

holdfast.require_role("admin", "root")
st.text_input("for admins")
st.text("the secret")
