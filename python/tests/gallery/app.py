"""Every widget of Streamlit that holds a value, keyed and unkeyed, and what each one holds.

The browser test fills them, reloads, clicks a button and compares the JSON at the end of the page.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
from typing import Any

import pandas as pd
import streamlit as st
from colour import Colour

st.set_page_config(page_title="Gallery", layout="wide")


values: dict[str, Any] = {}
fired: dict[str, int] = st.session_state.setdefault("fired", {})
st.session_state.runs = st.session_state.get("runs", 0) + 1


def seen(name: str, value: Any) -> None:
    values[name] = value


def changed(name: str) -> dict[str, Any]:
    def note() -> None:
        fired[name] = fired.get(name, 0) + 1

    return {"on_change": note}


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (dt.date, dt.time, dt.datetime)):
        return value.isoformat()
    if isinstance(value, pd.DataFrame):
        return value.to_dict(orient="list")
    if hasattr(value, "getvalue"):
        return {"file": value.name, "bytes": len(value.getvalue())}
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


fruits = ["apple", "banana", "cherry", "date"]
day = dt.date(2026, 1, 15)

st.button("Another button", key="another")

left, middle, right = st.columns(3)

with left:
    seen("text_input", st.text_input("text", **changed("text_input")))
    seen("text_input keyed", st.text_input("text keyed", key="text", **changed("text_input keyed")))
    seen("text_input None", st.text_input("text none", value=None, **changed("text_input None")))
    seen("text_area", st.text_area("area", **changed("text_area")))
    seen("text_area keyed", st.text_area("area keyed", key="area", **changed("text_area keyed")))
    seen("number_input int", st.number_input("int", 0, 100, 5, **changed("number_input int")))
    seen(
        "number_input float",
        st.number_input("float", value=0.5, key="float", **changed("number_input float")),
    )
    seen("checkbox", st.checkbox("check", **changed("checkbox")))
    seen("checkbox on", st.checkbox("check on", value=True, key="on", **changed("checkbox on")))
    seen("toggle", st.toggle("toggle", **changed("toggle")))
    seen("toggle keyed", st.toggle("toggle keyed", key="toggled", **changed("toggle keyed")))
    seen("color_picker", st.color_picker("colour", "#112233", **changed("color_picker")))
    seen("feedback stars", st.feedback("stars", key="stars", **changed("feedback stars")))
    seen("feedback thumbs", st.feedback("thumbs", key="thumbs", **changed("feedback thumbs")))

with middle:
    seen("selectbox", st.selectbox("select", fruits, **changed("selectbox")))
    seen(
        "selectbox keyed",
        st.selectbox("select keyed", fruits, index=None, key="select", **changed("selectbox keyed")),
    )
    seen(
        "selectbox format_func",
        st.selectbox(
            "select format",
            [1, 2, 3],
            format_func=lambda n: f"number {n}",
            **changed("selectbox format_func"),
        ),
    )
    seen("selectbox enum", st.selectbox("select enum", list(Colour), **changed("selectbox enum")))
    seen(
        "selectbox new option",
        st.selectbox("select new", fruits, accept_new_options=True, **changed("selectbox new option")),
    )
    seen("multiselect", st.multiselect("multi", fruits, ["apple"], **changed("multiselect")))
    seen(
        "multiselect keyed",
        st.multiselect("multi keyed", fruits, key="multi", **changed("multiselect keyed")),
    )
    seen("radio", st.radio("radio", fruits, **changed("radio")))
    seen(
        "radio keyed", st.radio("radio keyed", fruits, key="radio", horizontal=True, **changed("radio keyed"))
    )
    seen("pills", st.pills("pills", fruits, **changed("pills")))
    seen(
        "pills multi",
        st.pills("pills multi", fruits, selection_mode="multi", key="pills", **changed("pills multi")),
    )
    seen(
        "segmented_control",
        st.segmented_control("segments", fruits, default="apple", **changed("segmented_control")),
    )
    seen("select_slider", st.select_slider("select slider", fruits, **changed("select_slider")))
    seen(
        "select_slider range",
        st.select_slider(
            "select slider range", fruits, ("apple", "cherry"), key="ss", **changed("select_slider range")
        ),
    )

with right:
    seen("slider", st.slider("slider", 0, 10, 3, **changed("slider")))
    seen("slider keyed", st.slider("slider keyed", 0.0, 1.0, 0.5, key="slider", **changed("slider keyed")))
    seen("slider range", st.slider("slider range", 0, 10, (2, 8), **changed("slider range")))
    seen("slider date", st.slider("slider date", day, day + dt.timedelta(30), day, **changed("slider date")))
    seen("date_input", st.date_input("date", day, **changed("date_input")))
    seen("date_input None", st.date_input("date none", None, key="date", **changed("date_input None")))
    seen(
        "date_input range",
        st.date_input("date range", (day, day + dt.timedelta(3)), **changed("date_input range")),
    )
    seen("time_input", st.time_input("time", dt.time(8, 30), **changed("time_input")))
    if hasattr(st, "datetime_input"):
        seen(
            "datetime_input",
            st.datetime_input("datetime", dt.datetime(2026, 1, 15, 8, 30), **changed("datetime_input")),
        )
    seen("file_uploader", st.file_uploader("file", key="file", **changed("file_uploader")))
    seen(
        "file_uploader several",
        st.file_uploader("files", accept_multiple_files=True, **changed("file_uploader several")),
    )
    seen(
        "bound to the URL",
        st.text_input("bound", key="bound", bind="query-params", **changed("bound to the URL")),
    )
    seen("disabled", st.text_input("disabled", value="fixed", disabled=True, **changed("disabled")))
    seen("set by the app", st.text_input("set by app", key="by_app", **changed("set by the app")))

with st.form("form"):
    seen("in a form", st.text_input("form text"))
    seen("in a form keyed", st.slider("form slider", 0, 10, 1, key="form_slider"))
    seen("in a form upload", st.file_uploader("form file"))
    st.form_submit_button("Send")

one, two = st.tabs(["One", "Two"])
with one:
    seen("in a tab", st.text_input("tab text", **changed("in a tab")))
with two:
    seen("in a hidden tab", st.text_input("hidden tab text", **changed("in a hidden tab")))
with st.expander("Expander"):
    seen("in an expander", st.text_input("expander text", **changed("in an expander")))
with st.popover("Popover"):
    seen("in a popover", st.text_input("popover text", **changed("in a popover")))
with st.sidebar:
    seen("in the sidebar", st.text_input("sidebar text", **changed("in the sidebar")))

if st.checkbox("more", key="more"):
    seen("conditional", st.text_input("conditional text", **changed("conditional")))


@st.fragment
def piece() -> None:
    seen("in a fragment", st.text_input("fragment text", **changed("in a fragment")))
    seen(
        "in a fragment keyed",
        st.slider("fragment slider", 0, 10, 1, key="frag", **changed("in a fragment keyed")),
    )


piece()

frame = pd.DataFrame({"name": ["Ann", "Bob"], "n": [1, 2]})
seen("data_editor", st.data_editor(frame, **changed("data_editor")))
seen(
    "data_editor rows", st.data_editor(frame, num_rows="dynamic", key="editor", **changed("data_editor rows"))
)
event = st.dataframe(frame, on_select="rerun", selection_mode=["single-row", "multi-column"], key="table")
seen("dataframe selection", list(event.selection.rows))
points = pd.DataFrame({"x": [1, 2, 3], "y": [3, 1, 2]})
spec = {
    "mark": {"type": "point", "size": 2000, "filled": True},
    "params": [{"name": "pick", "select": "point"}],
    "encoding": {
        "x": {"field": "x", "type": "quantitative"},
        "y": {"field": "y", "type": "quantitative"},
    },
}
picked = st.vega_lite_chart(points, spec, on_select="rerun", key="chart", height=200, width=400)
seen("chart selection", plain(picked.selection))


def set_by_app() -> None:
    st.session_state.by_app = "x"


st.button("Set by app", on_click=set_by_app)

seen("plain state", st.session_state.setdefault("plain", 0))
if st.button("Count", key="count"):
    st.session_state.plain += 1
    seen("plain state", st.session_state.plain)

st.code(
    json.dumps({"values": plain(values), "fired": fired, "runs": st.session_state.runs}),
    language="json",
    wrap_lines=True,
)
