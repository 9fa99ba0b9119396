"""Makes Streamlit's widgets show, on a new page, the values that their session holds.

Five methods of Streamlit are wrapped. All are private or next to it, so `missing_names` looks for
every name first, and an error in a decision of ours leaves that one page to Streamlit.

* `WebsocketSessionManager.connect_session`: a page that takes up an old session is a new page.
* `SessionState.on_script_finished`: the new page's first run names no page, so Streamlit takes it
  for a change of page and forgets every widget of the page that was reloaded. Widgets of a page
  that was truly left are still dropped, at the end of that run, by Streamlit's own rule.
* `SessionState.on_script_will_rerun`: whether the page is new, and which reports are not its own.
* `SessionState.register_widget`: a held value that the page does not know is sent to it
  (`value_changed`), as if the app had set it; so no callback fires.
* `AppSession.flush_browser_queue`: which of these messages left for the page, and that none of
  the page before's did.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from io import BytesIO
from typing import Any

from holdfast._notice import notice
from holdfast._page import Page, Pages

_PAGE_ATTRIBUTE = "_holdfast_page"
_MARK = "_holdfast_wrapped"

_UPLOAD = "file_uploader_state_value"
# The page's script puts this before the id of an upload widget whose files it made the page show.
_SHOWN = "holdfast-shown "


@dataclasses.dataclass(frozen=True)
class _Names:
    """The classes of Streamlit that are wrapped, or read."""

    session_state: Any
    register_result: Any
    widget_metadata: Any
    widget_states: Any
    wstates: Any
    session_manager: Any
    app_session: Any
    get_script_run_ctx: Any


def _names() -> _Names:
    from streamlit.proto.WidgetStates_pb2 import WidgetStates
    from streamlit.runtime.app_session import AppSession
    from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
    from streamlit.runtime.state.common import RegisterWidgetResult, WidgetMetadata
    from streamlit.runtime.state.session_state import SessionState, WStates
    from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

    return _Names(
        session_state=SessionState,
        register_result=RegisterWidgetResult,
        widget_metadata=WidgetMetadata,
        widget_states=WidgetStates,
        wstates=WStates,
        session_manager=WebsocketSessionManager,
        app_session=AppSession,
        get_script_run_ctx=get_script_run_ctx,
    )


def missing_names(names: Any) -> list[str]:
    """What of Streamlit's inside is not where the hook needs it; empty when all is well."""
    fields = [
        (names.session_state, ("_old_state", "_new_widget_state")),
        (names.wstates, ("states",)),
        (names.register_result, ("value", "value_changed")),
        (names.widget_metadata, ("id", "deserializer")),
    ]
    methods = [
        (names.session_state, "register_widget", ["self", "metadata", "user_key"]),
        (names.session_state, "on_script_will_rerun", ["self"]),
        (names.session_state, "on_script_finished", ["self", "widget_ids_this_run"]),
        (names.session_manager, "connect_session", ["self"]),
        (names.session_manager, "get_active_session_info", ["self", "session_id"]),
        (names.app_session, "flush_browser_queue", ["self"]),
    ]
    missing = [
        f"{owner.__name__}.{name}"
        for owner, wanted in fields
        for name in wanted
        if name not in getattr(owner, "__dataclass_fields__", {})
    ]
    for owner, name, parameters in methods:
        method = getattr(owner, name, None)
        if method is None or list(inspect.signature(method).parameters)[: len(parameters)] != parameters:
            missing.append(f"{owner.__name__}.{name}")
    connect = getattr(names.session_manager, "connect_session", None)
    if connect is not None and "existing_session_id" not in inspect.signature(connect).parameters:
        missing.append("connect_session(existing_session_id)")
    return missing


class _Restore:
    """The wrapped methods' decisions."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._pages = Pages()
        self._complained = False

    def guarded(self, decide: Callable[[], Any], otherwise: Any) -> Any:
        """What `decide` says; `otherwise` if it fails, and its page is then left to Streamlit.

        Only that page: what one person's browser sends must not switch the hook off for others.
        """
        try:
            return decide()
        except Exception as reason:
            ctx = self._names.get_script_run_ctx(suppress_warning=True)
            if ctx is not None:
                self._pages.forget(ctx.session_id)
            if not self._complained:
                self._complained = True
                notice(f"a page's widgets could not be restored: {reason!r}")
            return otherwise

    def page(self) -> Page | None:
        ctx = self._names.get_script_run_ctx(suppress_warning=True)
        return None if ctx is None else self._pages.of(ctx.session_id)

    def connected(self, manager: Any, session_id: str, wanted: str | None) -> None:
        """A new page took up `session_id`, if that is the session it wanted."""
        if wanted is None or session_id != wanted:
            return
        info = manager.get_active_session_info(session_id)
        if info is None:
            return
        page = Page()
        setattr(info.session, _PAGE_ATTRIBUTE, page)
        self._pages.put(session_id, page)

    def active_widgets(self, state: Any, widget_ids: Any) -> Any:
        """The widgets that Streamlit may not drop as stale now."""
        page = self.page()
        if page is None or page.ran:
            return widget_ids
        return frozenset(widget_ids) | frozenset(state._old_state) | frozenset(state._new_widget_state.states)

    def reported(self, state: Any, fresh: Any) -> Any:
        """The page's widget states, without the empty upload widgets that it has only just drawn."""
        ctx = self._names.get_script_run_ctx(suppress_warning=True)
        page = None if ctx is None else self._pages.of(ctx.session_id)
        if page is None or fresh is None:
            return fresh
        if not page.ran and len(fresh.widgets) > 0:
            self._pages.forget(ctx.session_id)
            return fresh
        kept = self._names.widget_states()
        for widget in fresh.widgets:
            # Such a page says "no file" because the person took it away.
            if widget.id.startswith(_SHOWN):
                self._believe(page, state, widget.id.removeprefix(_SHOWN))
        for widget in fresh.widgets:
            if not widget.id.startswith(_SHOWN) and not self._is_blank_upload(page, state, widget):
                kept.widgets.append(widget)
        page.ran = True
        return kept if len(kept.widgets) != len(fresh.widgets) else fresh

    def _is_blank_upload(self, page: Page, state: Any, widget: Any) -> bool:
        # An upload widget cannot be told its files: its message has no field for them. The new
        # page draws it empty and says so with every click, which would delete the file. So the
        # page is believed only once it has put a file there itself.
        if widget.WhichOneof("value") != _UPLOAD:
            return False
        if len(widget.file_uploader_state_value.uploaded_file_info) > 0:
            self._believe(page, state, widget.id)
            return False
        held = state._old_state.get(widget.id)
        # A file is a BytesIO, several are a list; a forged id may name a value of any other type.
        return widget.id not in page.uploaded and isinstance(held, (BytesIO, list)) and bool(held)

    @staticmethod
    def _believe(page: Page, state: Any, widget_id: str) -> None:
        # Ids that the script never drew are the sender's invention, and are not collected.
        if widget_id in state._old_state or widget_id in state._new_widget_state.states:
            page.uploaded.add(widget_id)

    def must_tell(self, state: Any, metadata: Any, result: Any) -> bool:
        """Whether the page has yet to learn the value that this widget has here."""
        page = self.page()
        if page is None or result.value_changed:
            return False
        if metadata.id in state._new_widget_state.states:
            page.settled.add(metadata.id)
        if metadata.id in page.settled or _is_default(metadata, result.value):
            return False
        page.told.add(metadata.id)
        return True

    def own(self, session: Any, messages: list[Any]) -> list[Any]:
        """The messages without the rest of a run that the page before saw the beginning of.

        Streamlit keeps what it could not send any more, as it does for a page that comes back. A
        new page has nothing that it could be drawn into: it fails ("Bad delta path index") and
        stays empty. A page that comes back has not heard that the run ended, and asks for another.
        """
        page = self._pages.of(session.id)
        if page is None or page.drawing:
            return messages
        kinds = [message.WhichOneof("type") for message in messages]
        page.drawing = "new_session" in kinds
        begin = kinds.index("new_session") if page.drawing else len(kinds)
        return [one for at, one in enumerate(messages) if at >= begin or kinds[at] != "delta"]

    def flushed(self, session: Any, messages: list[Any]) -> None:
        page = self._pages.of(session.id)
        if page is None or page.told <= page.settled:
            return
        for message in messages:
            if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
                continue
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            widget: Any = getattr(element, kind) if kind else None
            if getattr(widget, "form_id", ""):
                page.delivered_in_form(widget.id)


def _is_default(metadata: Any, value: Any) -> bool:
    try:
        return bool(metadata.deserializer(None) == value)
    except Exception:
        # Values without a plain truth of equality (arrays, frames): telling the page a value that
        # it has already is harmless, not telling it one that it has not loses it.
        return False


def install() -> None:
    """Wraps Streamlit, once per process; where a name is missing, says so and leaves it alone."""
    try:
        names = _names()
        missing = missing_names(names)
    except ImportError as reason:
        missing = [str(reason)]
        names = None
    if names is None or missing:
        notice(f"this Streamlit is not supported, widgets will not survive F5: no {', '.join(missing)}")
        return
    if getattr(names.session_state.register_widget, _MARK, False):
        return
    _wrap_all(names, _Restore(names))


def _wrap_all(names: _Names, restore: _Restore) -> None:
    def connect_session(original: Any) -> Any:
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            session_id = original(self, *args, **kwargs)
            given = inspect.signature(original).bind(self, *args, **kwargs).arguments
            wanted = given.get("existing_session_id")
            restore.guarded(lambda: restore.connected(self, session_id, wanted), None)
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


def _wrap(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    wrapped = functools.wraps(original)(around(original))
    setattr(wrapped, _MARK, True)
    setattr(owner, name, wrapped)
