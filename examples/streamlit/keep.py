"""Five ways of keeping what people were working on, one page each. Press F5, restart, open a second tab."""

import streamlit as st

st.set_page_config(page_title="Ways of keeping", page_icon="🪸")

page = st.navigation(
    [
        st.Page("keeping/by_itself.py", title="By itself", default=True),
        st.Page("keeping/mapping.py", title="A mapping"),
        st.Page("keeping/an_object.py", title="An object"),
        st.Page("keeping/session_state.py", title="Session state"),
        st.Page("keeping/in_the_address.py", title="In the address"),
    ]
)
page.run()
