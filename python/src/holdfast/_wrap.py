"""Puts the hook's decisions round the methods of Streamlit that they are about."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from holdfast import _names, _password_boxes
from holdfast._notice import notice
from holdfast._restore import Restore
from holdfast._run_end import after_run_end, calls_at_run_end

_MARK = "_holdfast_wrapped"
_installed: list[Restore] = []


def install() -> None:
    """Wraps Streamlit, once per process; where a name is missing, says so and leaves it alone."""
    try:
        names = _names.names()
        missing = _names.missing_names(names)
    except ImportError as reason:
        missing = [str(reason)]
        names = None
    if names is None or missing:
        notice(f"this Streamlit is not supported, widgets will not survive F5: no {', '.join(missing)}")
        return
    if getattr(names.session_state.register_widget, _MARK, False):
        return
    _installed.append(Restore(names))
    _wrap_all(names, _installed[0])


def take_up_this_session() -> None:
    """Restores the session whose script is running here, if it began before the hook was put in."""
    for restore in _installed:
        restore.guarded(restore.take_up, None)


def _wrap_all(names: _names.Names, restore: Restore) -> None:
    def connect_session(original: Any) -> Any:
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            session_id = original(self, *args, **kwargs)
            given = inspect.signature(original).bind(self, *args, **kwargs).arguments
            wanted, client = given.get("existing_session_id"), given.get("client")
            restore.guarded(lambda: restore.connected(self, session_id, wanted, client), None)
            return session_id

        return wrapped

    def on_script_finished(original: Any) -> Any:
        def wrapped(self: Any, widget_ids_this_run: Any, *args: Any, **kwargs: Any) -> Any:
            active = restore.guarded(
                lambda: restore.active_widgets(self, widget_ids_this_run), widget_ids_this_run
            )
            return original(self, active, *args, **kwargs)

        return wrapped

    def on_script_will_rerun(original: Any) -> Any:
        def wrapped(self: Any, fresh: Any, *args: Any, **kwargs: Any) -> Any:
            reported = restore.guarded(lambda: restore.reported(self, fresh), fresh)
            return original(self, reported, *args, **kwargs)

        return wrapped

    def register_widget(original: Any) -> Any:
        def wrapped(self: Any, metadata: Any, user_key: Any) -> Any:
            restore.guarded(lambda: restore.about_to_draw(self, metadata), None)
            result = original(self, metadata, user_key)
            if restore.guarded(lambda: restore.must_tell(self, metadata, result), False):
                return dataclasses.replace(result, value_changed=True)
            return result

        return wrapped

    def flush_browser_queue(original: Any) -> Any:
        def wrapped(self: Any) -> Any:
            messages = original(self)
            messages = restore.guarded(lambda: restore.own(self, messages), messages)
            restore.guarded(lambda: restore.flushed(self, messages), None)
            return messages

        return wrapped

    _wrap(names.session_manager, "connect_session", connect_session)
    _wrap(names.session_state, "on_script_finished", on_script_finished)
    _wrap(names.session_state, "on_script_will_rerun", on_script_will_rerun)
    _wrap(names.session_state, "register_widget", register_widget)
    _wrap(names.app_session, "flush_browser_queue", flush_browser_queue)
    _password_boxes.install()
    if not calls_at_run_end():
        notice("this Streamlit is not supported, sessions end with the server: runs end unnoticed")
    after_run_end(restore.run_ended)


def _wrap(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    wrapped = functools.wraps(original)(around(original))
    setattr(wrapped, _MARK, True)
    setattr(owner, name, wrapped)
