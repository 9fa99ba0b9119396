"""Three pages that set ten keys and five objects at once, from two modules; and a line of Python to run."""

import more_states
import streamlit as st
from more_states import S, first

import holdfast

mine = [holdfast.persist(f"mine-{n}")(type(f"Mine{n}", (), {"__init__": more_states.start}))() for n in range(5)]


def set_all() -> None:
    for n in range(10):
        S[f"key{n}"] = n
    for one in (*mine, *more_states.theirs):
        one.value = "set"
    st.session_state.pressed = st.session_state.get("pressed", 0) + 1


def show() -> None:
    st.button("Set all", on_click=set_all)
    st.write(f"pressed={st.session_state.get('pressed', 0)};")
    st.write(f"keys={sum(S.get(f'key{n}') == n for n in range(10))} of 10;")
    done = [sum(one.value == "set" for one in group) for group in (mine, more_states.theirs)]
    st.write(f"objects={done[0]} of 5, {'twice' if done[0] == done[1] else 'once'};")
    line = st.text_input("line", key="line")
    if line != st.session_state.get("ran"):
        st.session_state.ran = line
        try:
            exec(line)
        except holdfast.StateError as reason:
            st.write(f"raised={reason.code};")
    st.write(f"ran={line};")
    for name in ("one", "two", "same", "gone", "who"):
        st.write(f"{name}={S.get(name)};")
    st.write(f"object={first.who};")


pages = [st.Page(show, title=title, url_path=title.lower()) for title in ("Second", "Third")]
st.navigation([st.Page(show, title="First", default=True), *pages]).run()
st.write("end-of-run")
