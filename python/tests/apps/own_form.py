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
    calls = {
        "in": holdfast.sign_in,
        "guest": holdfast.sign_in_as_guest,
        "at": holdfast.sign_in_at,
        "out": holdfast.sign_out,
        "register": holdfast.register,
        "forgot": holdfast.forgot_password,
        "name": holdfast.forgot_username,
        "password": lambda *both: holdfast.change_password(*" ".join(both).split(", ")),
        "details": lambda *both: holdfast.update_details(
            " ".join(both), name="Anna Fern", fields={"company": "Kelp"}
        ),
    }
    try:
        st.text(f"answer={calls[do](*typed)!r}")
    except (holdfast.StateError, ValueError) as reason:
        st.text(f"raised={getattr(reason, 'code', reason)}")
st.text(f"after={person()}")
