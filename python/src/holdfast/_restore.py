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

from collections.abc import Callable
from io import BytesIO
from typing import Any

from holdfast._names import Names
from holdfast._notice import notice
from holdfast._page import Page, Pages
from holdfast._sessions import Sessions

_PAGE_ATTRIBUTE = "_holdfast_page"
_UPLOAD = "file_uploader_state_value"
# The page's script puts this before the id of an upload widget whose files it made the page show.
_SHOWN = "holdfast-shown "


class Restore:
    """The wrapped methods' decisions."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._pages = Pages()
        self._sessions = Sessions(names)
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

    def connected(self, manager: Any, session_id: str, wanted: str | None, client: Any) -> None:
        """A page took up `session_id`: a session that exists, if it is the one it wanted; else a new one."""
        info = manager.get_active_session_info(session_id)
        if info is None:
            return
        resumed = wanted is not None and session_id == wanted
        is_waiting = self._sessions.connected(info.session, session_id, client, resumed)
        if not resumed and not is_waiting:
            return
        page = Page()
        setattr(info.session, _PAGE_ATTRIBUTE, page)
        self._pages.put(session_id, page)

    def take_up(self) -> None:
        """Gives a session that began before the hook was there what the store keeps, in its first run."""
        # Not with the other names: those are looked up while this package is still being imported.
        from streamlit.runtime import exists, get_instance

        ctx = self._names.get_script_run_ctx(suppress_warning=True)
        if ctx is None or not exists() or self._sessions.is_known(ctx.session_id):
            return
        info = get_instance()._session_mgr.get_active_session_info(ctx.session_id)
        if info is None or not self._sessions.connected(info.session, ctx.session_id, info.client, False):
            return
        state = ctx.session_state._state
        self._sessions.give_back(ctx.session_id, state)
        if not state._new_widget_state.states:
            page = Page(ran=True, drawing=True)
            setattr(info.session, _PAGE_ATTRIBUTE, page)
            self._pages.put(ctx.session_id, page)

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
        if ctx is not None:
            self._sessions.give_back(ctx.session_id, state)
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

    def about_to_draw(self, state: Any, metadata: Any) -> None:
        """Gives the widget what the store keeps of it, if only its own deserializer can read that."""
        ctx = self._names.get_script_run_ctx(suppress_warning=True)
        if ctx is not None:
            self._sessions.understand(ctx.session_id, state, metadata)

    def run_ended(self, ctx: Any) -> None:
        """Has what the session holds now stored, on another thread."""
        self._sessions.run_ended(ctx)

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
