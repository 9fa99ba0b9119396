"""What one script run has read and changed, until it ends.

A run belongs to one page of one person. It hangs on Streamlit's own context of that run, so nothing
of it can be found from another session's run, whatever the app keeps in its modules.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from holdfast._client import client
from holdfast._errors import StateError, joined
from holdfast._link import Link, current_link
from holdfast._notice import notice
from holdfast._run_end import at_run_end, calls_at_run_end
from holdfast._scope_run import ScopeRun

_ATTRIBUTE = "_holdfast_run"
_attaching = threading.Lock()


class Run:
    """The scopes that a run has touched, and what else wants to be stored when it ends."""

    def __init__(self, link: Link | None) -> None:
        self._link = link
        self.lock = threading.RLock()
        """Held while something is looked up in `kept` and made."""

        self._scopes: dict[str, ScopeRun] = {}
        self._before: list[Callable[[], None]] = []
        self.kept: dict[Any, Any] = {}
        """Objects that live as long as the run, by what made them."""

    def scope(self, name: str) -> ScopeRun:
        """One scope of the session that this run belongs to."""
        with self.lock:
            found = self._scopes.get(name)
            if found is None:
                if name != "app" and self._link is None:
                    raise StateError("ERR_STATE_SESSION", _NO_LINK)
                if name == "tab" and (self._link is None or self._link.tab is None):
                    raise StateError("ERR_STATE_TAB", "this page has no tab of its own: " + _NO_LINK)
                found = self._scopes[name] = ScopeRun(client(), self._link, name)
            return found

    def before_flush(self, collect: Callable[[], None]) -> None:
        """Calls `collect` before each flush: it puts what it holds into a scope."""
        self._before.append(collect)

    def flush(self) -> None:
        """Stores all that changed. A key, an object or a scope that cannot be stored costs no other."""
        failures: list[Exception] = []

        def attempt(flush: Callable[[], None]) -> None:
            try:
                flush()
            except Exception as reason:
                failures.append(reason)

        with self.lock:
            for collect in list(self._before):
                attempt(collect)
            for scope in list(self._scopes.values()):
                attempt(scope.flush)
        if failures:
            raise joined(failures)


_NO_LINK = (
    "the request did not come through Holdfast, which says whose state it is, in Holdfast-Session and "
    "Holdfast-Tab. Open the app at the gateway's address"
)


def current_run() -> Run:
    """The run of the script that is running here; `StateError` where no script runs."""
    ctx = _context()
    if ctx is None:
        raise StateError(
            "ERR_STATE_SESSION",
            "whose state? Outside of a Streamlit script, say so: holdfast.state.of(request.headers)",
        )
    with _attaching:
        run = getattr(ctx, _ATTRIBUTE, None)
        if not isinstance(run, Run):
            at_run_end(_end)
            run = Run(current_link())
            if not calls_at_run_end():
                # Nothing would ever be stored, nor read anew.
                raise StateError(
                    "ERR_STATE_UNAVAILABLE", "this Streamlit is not supported: runs end unnoticed"
                )
            setattr(ctx, _ATTRIBUTE, run)
        return run


def _end(ctx: Any) -> None:
    run = getattr(ctx, _ATTRIBUTE, None)
    if not isinstance(run, Run):
        return
    setattr(ctx, _ATTRIBUTE, None)
    try:
        run.flush()
    except StateError as reason:
        # The script is over: there is no line left to raise at. Whoever must know calls flush().
        notice(f"state of a run was not stored: {reason}")
        with contextlib.suppress(Exception):
            import streamlit as st

            st.toast("Your last change could not be saved. Please try again.", icon=":material/sync_problem:")


def _context() -> Any:
    if "streamlit" not in sys.modules:
        return None
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    return get_script_run_ctx(suppress_warning=True)
