"""A mapping for this browser, one for the person, one for this tab."""

import streamlit as st

import holdfast
from holdfast import state

st.title("A mapping")
st.caption("The basket is in every tab of this browser, the beach on all your devices. Open a second tab.")

basket = state.session.setdefault("basket", [])
fruit = st.text_input("Seaweed", placeholder="dulse, nori …")
left, right = st.columns(2)
if left.button("Put into the basket") and fruit:
    basket.append(fruit)
if right.button("Empty the basket"):
    basket.clear()
st.write(f"Basket of this browser, in all its tabs: {', '.join(basket) or 'empty'}")

if holdfast.user() is None:
    st.write("Sign in, and your favourite beach is kept as well.")
else:
    place = st.text_input("Favourite beach", state.user.get("beach", ""))
    if place != state.user.get("beach", ""):
        state.user["beach"] = place
    st.write(f"Favourite beach, on every device: {state.user.get('beach', 'none yet')}")

state.tab["visits"] = state.tab.get("visits", 0) + 1
st.write(f"Runs of this tab: {state.tab['visits']}")
