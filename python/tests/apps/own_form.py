"""Signs in and out by whatever is typed: name, blank, password."""

from __future__ import annotations

import streamlit as st

import holdfast


def person() -> str:
    found = holdfast.user()
    return "nobody" if found is None else f"{found.id} {sorted(found.roles)}"


line = st.text_input("line")
st.text(f"before={person()}")
if line:
    do, *typed = line.split(" ", 2)
    try:
        if do == "in":
            st.text(f"answer={holdfast.sign_in(*typed)!r}")
        elif do == "guest":
            holdfast.sign_in_as_guest(*typed)
        else:
            st.text(f"answer={holdfast.sign_out()!r}")
    except (holdfast.StateError, ValueError) as reason:
        st.text(f"raised={getattr(reason, 'code', reason)}")
st.text(f"after={person()}")
