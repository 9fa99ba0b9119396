"""Whose state it is: what the gateway says of a browser session and its tab in the headers of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_SESSION = "holdfast-session"
_TAB = "holdfast-tab"
_PAGE = "holdfast-page"


@dataclass(frozen=True)
class Link:
    """Names a session to the state API, and opens its state; signs nobody in."""

    capability: str = field(repr=False)
    tab: str | None = field(default=None, repr=False)
    page: str | None = field(default=None, repr=False, compare=False)
    """Says to the gateway which page it is, so that whoever sits before it can be signed in there. Another
    with each socket: whose state it is stays the same."""

    def headers(self) -> dict[str, str]:
        """What the state API is told."""
        tab = {} if self.tab is None else {"Holdfast-Tab": self.tab}
        return {"Holdfast-Session": self.capability, **tab}

    def page_headers(self) -> dict[str, str]:
        """What it is told besides where somebody signs in."""
        return self.headers() if self.page is None else {**self.headers(), "Holdfast-Page": self.page}


def link_of(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Link | None:
    """The link that the gateway put into a request, or None if the request did not come through it.

    The gateway strips what clients send under these names. Twice the same name is nobody's.
    """
    found: dict[str, list[str]] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        found.setdefault(name.lower(), []).append(value)
    session, tab, page = found.get(_SESSION, []), found.get(_TAB, []), found.get(_PAGE, [])
    if len(session) != 1 or len(tab) > 1 or len(page) > 1 or not session[0]:
        return None
    return Link(session[0], tab[0] if tab else None, page[0] if page else None)


def current_link() -> Link | None:
    """The link of the page whose script is running here; None outside a script run."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    ctx = get_script_run_ctx(suppress_warning=True)
    if ctx is None or not exists():
        return None
    client = get_instance().get_client(ctx.session_id)
    context = None if client is None else client.client_context
    return None if context is None else link_of(context.headers)
