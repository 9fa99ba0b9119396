"""A shore survey: filters, a chart, a counter, a draft, a file. Press F5 anywhere."""

import streamlit as st

st.set_page_config(page_title="Shore survey", page_icon="🌊", layout="wide")

page = st.navigation(
    [
        st.Page("views/shore.py", title="Shore", icon=":material/waves:", default=True),
        st.Page("views/notebook.py", title="Notebook", icon=":material/edit_note:"),
        st.Page("views/admin.py", title="Administration", icon=":material/shield_person:"),
    ]
)

with st.sidebar:
    if st.user.get("is_logged_in"):
        st.markdown(f"Signed in as **{st.user.get('name') or st.user.get('email') or st.user.get('sub')}**")
        if st.button("Sign out", icon=":material/logout:", width="stretch"):
            st.logout()
    else:
        st.caption("Nobody is signed in.")

page.run()
