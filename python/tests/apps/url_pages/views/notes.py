import streamlit as st

st.text_input("keyed", key="keyed")
line = st.text_input("line")
exec(line)
own = {key: st.session_state[key] for key in sorted(st.session_state) if not key.startswith("_")}
st.text(f"own={own!r}")
st.page_link("views/other.py", label="To the other page")
if st.button("switch"):
    st.switch_page("views/other.py")
