"""Calls back when a script run ends, on the script's own thread, however it ended.

`ScriptRunner._on_script_finished` is private, and the one place that runs of all kinds pass through:
whole runs and fragments, stopped, failed and superseded ones, in the server and in AppTest.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from holdfast._notice import notice

_MARK = "_holdfast_wrapped"
_installing = threading.Lock()
_before: list[Callable[[Any], None]] = []
_after: list[Callable[[Any], None]] = []


def at_run_end(call: Callable[[Any], None]) -> None:
    """Calls `call(ctx)` at each run's end, before the page is told of it."""
    if call not in _before:
        _before.append(call)


def after_run_end(call: Callable[[Any], None]) -> None:
    """Calls `call(ctx)` after each run's end: the page has been told, and Streamlit has tidied up."""
    if call not in _after:
        _after.append(call)


def calls_at_run_end() -> bool:
    """Whether runs' ends are noticed in this process; the first call sees to it."""
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

    runner: Any = ScriptRunner
    with _installing:
        original = getattr(runner, "_on_script_finished", None)
        if original is None or list(inspect.signature(original).parameters)[:2] != ["self", "ctx"]:
            return False
        if not getattr(original, _MARK, False):
            runner._on_script_finished = _wrapped(original)
    return True


def _wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _on_script_finished(self: Any, ctx: Any, *args: Any, **kwargs: Any) -> Any:
        _call(_before, ctx)
        result = original(self, ctx, *args, **kwargs)
        _call(_after, ctx)
        return result

    setattr(_on_script_finished, _MARK, True)
    return _on_script_finished


def _call(calls: list[Callable[[Any], None]], ctx: Any) -> None:
    for call in calls:
        try:
            call(ctx)
        except Exception as reason:
            # An app's run may not fail for our sake.
            notice(f"at the end of a run: {reason!r}")
