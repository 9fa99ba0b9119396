"""Two pages under st.navigation, one of them for administrators only."""

from __future__ import annotations

import streamlit as st

page = st.navigation([st.Page("views/open.py", default=True), st.Page("views/admin.py")])
st.text_input("on every page")
page.run()
