"""The Streamlit sessions of this process whose state is kept beyond it."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from holdfast import _kept
from holdfast._client import client
from holdfast._errors import StateError
from holdfast._keeper import Keeper, name_refusals
from holdfast._kept import Kept
from holdfast._link import link_of
from holdfast._names import Names
from holdfast._notice import notice
from holdfast._password_boxes import is_drawing_password_box

_ATTRIBUTE = "_holdfast_kept"
_MOST_TRIES = 5
# A session that begins empty stays so: megabytes may take their time on a server that has much to do.
_PATIENCE = 5.0


class Sessions:
    """Gives new sessions what the store keeps, and has what runs made of it stored."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: WeakValueDictionary[str, Kept] = WeakValueDictionary()
        self._seen: WeakValueDictionary[str, Any] = WeakValueDictionary()

    @cached_property
    def _keeper(self) -> Keeper | None:
        try:
            return Keeper(client())
        except StateError:
            # No gateway keeps state here: sessions live as long as the process, as Streamlit's do.
            return None

    def connected(self, session: Any, session_id: str, browser: Any, resumed: bool) -> bool:
        """Takes note of whose session it is; True if it is new, and may be given something."""
        self._seen[session_id] = session
        context = getattr(browser, "client_context", None)
        link = None if context is None or self._keeper is None else link_of(context.headers)
        if link is None or link.tab is None:
            # Whoever has this page now is not known: nothing is stored under the name of who had it.
            self._kept.pop(session_id, None)
            setattr(session, _ATTRIBUTE, None)
            return False
        kept = getattr(session, _ATTRIBUTE, None)
        if not isinstance(kept, Kept) or kept.link != link:
            kept = Kept(link, waiting=not resumed)
            setattr(session, _ATTRIBUTE, kept)
        self._kept[session_id] = kept
        return kept.waiting

    def is_known(self, session_id: str) -> bool:
        """Whether the hook was there when this session began."""
        return session_id in self._seen

    def give_back(self, session_id: str, state: Any) -> None:
        """Puts what the store keeps into a session that has not run yet."""
        kept = self._kept.get(session_id)
        if kept is None or not kept.waiting:
            return
        kept.waiting = False
        try:
            entries = client().read(kept.link, "page", patience=_PATIENCE)
        except StateError as reason:
            # What it keeps is not known, and must not be overwritten by what this session has instead.
            kept.ended = True
            notice(f"a session could not be restored: {reason}")
            return
        unread = _kept.give_back(self._names, kept, state, entries)
        if unread:
            notice(f"a session was restored without {', '.join(unread)[:200]}: not known to this version")

    def understand(self, session_id: str, state: Any, metadata: Any) -> None:
        """Gives a widget that is about to be drawn what its page once reported."""
        kept = self._kept.get(session_id)
        if kept is not None and is_drawing_password_box():
            kept.passwords.add(metadata.id)
        if kept is not None and kept.wires:
            _kept.understand(self._names, kept, state, metadata)

    def run_ended(self, ctx: Any) -> None:
        """Has what the session holds now stored."""
        kept = self._kept.get(ctx.session_id)
        if kept is None or kept.waiting or kept.ended or self._keeper is None:
            return
        state = ctx.session_state._state
        for _ in range(_MOST_TRIES):
            try:
                snapshot, refusals = _kept.take(self._names, kept, state)
            except RuntimeError:
                # The next run has begun, and changes what is read here.
                continue
            name_refusals(kept, refusals)
            self._keeper.keep(kept, snapshot)
            return
