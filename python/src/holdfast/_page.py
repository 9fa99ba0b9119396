"""What one browser page has been told of the values its Streamlit session holds.

After F5 the session is the old one, the page is new: it draws every widget with its default and
sends those defaults back at the next click. So each value the server holds must reach the new page
once, and only once: a second time would overwrite what the person is typing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakValueDictionary


@dataclass(eq=False)
class Page:
    """A page that took up a session which already existed, and has yet to show what it is.

    Its first rerun message tells: a new page has drawn nothing, so it reports no widget at all. One
    that only lost its connection reports them all, knows its own values, and needs none of this.
    """

    ran: bool = False
    """Whether the page's first script run has begun."""

    drawing: bool = False
    """Whether a run began whose messages all went to this page."""

    settled: set[str] = field(default_factory=set)
    """Widgets that the page knows: what it reports of them from now on is the person's."""

    told: set[str] = field(default_factory=set)
    """Widgets whose value was put into a message, delivered or not."""

    uploaded: set[str] = field(default_factory=set)
    """Upload widgets whose files this page shows, or has put there."""

    def delivered_in_form(self, widget_id: str) -> None:
        """Takes note that a message with this widget, which is inside a form, left for the page.

        A widget outside a form settles when the script draws it with a value that the page sent:
        a message can be overtaken by the next run's before the browser draws it, and a closed
        popover draws nothing at all. One inside a form is not reported before it is submitted, and
        telling it again would wipe the draft; for it, delivery has to do.
        """
        if widget_id in self.told:
            self.settled.add(widget_id)


class Pages:
    """The pages of the sessions that live in this process; a page ends with its session."""

    def __init__(self) -> None:
        self._pages: WeakValueDictionary[str, Page] = WeakValueDictionary()

    def of(self, session_id: str) -> Page | None:
        """The page that took up this session, or None if the session has had only one."""
        return self._pages.get(session_id)

    def put(self, session_id: str, page: Page) -> None:
        """Makes `page` the session's page; the caller's session must hold it alive."""
        self._pages[session_id] = page

    def forget(self, session_id: str) -> None:
        """Leaves the session's page to itself."""
        self._pages.pop(session_id, None)
