"""Holds as many values as it is told to, changes one of them in each run, and says what keeping them took."""

import json
import os
import time
from typing import Any

import streamlit as st

from holdfast._keeper import Keeper
from holdfast._sessions import Sessions

# What it took so far, in milliseconds: one list for the process, whatever runs the script.
took: dict[str, list[float]] = Sessions.__dict__.get("took", {"run": [], "stored": [], "read": []})


def timed(kind: type, method: str, name: str, clock: Any) -> None:
    plain = getattr(kind, method)

    def measured(self: Any, *arguments: Any) -> None:
        start = clock()
        plain(self, *arguments)
        took[name].append((clock() - start) * 1000)

    setattr(kind, method, measured)


if not hasattr(Sessions, "took"):
    Sessions.took = took
    # Of the script's thread, which the page waits for; of the thread beside it; and until the first run may begin.
    timed(Sessions, "run_ended", "run", time.thread_time)
    timed(Keeper, "_write", "stored", time.perf_counter)
    timed(Sessions, "give_back", "read", time.perf_counter)

for one in range(int(os.environ["KEYS"])):
    st.session_state.setdefault(f"key {one}", {"name": f"sample {one}", "depth": one / 2, "tags": ["kelp", "cold"]})
st.session_state["key 0"]["count"] = st.session_state["key 0"].get("count", 0) + 1
st.text(f"count={st.session_state['key 0']['count']}")
st.text(f"took={json.dumps(took)}")
