import streamlit as st

st.text_input("on this page")
st.text("open page")
