"""Which text boxes are for passwords: what is typed there stays in the running session alone."""

from __future__ import annotations

import functools
import inspect
import threading
from typing import Any

from holdfast._notice import notice

_MARK = "_holdfast_wrapped"
_drawing = threading.local()


def is_drawing_password_box() -> bool:
    """Whether this thread is drawing one: to everything else it is a text box like any other."""
    return getattr(_drawing, "password", False)


def install() -> None:
    """Wraps what draws text boxes, once per process."""
    from streamlit.elements.widgets.text_widgets import TextWidgetsMixin

    mixin: Any = TextWidgetsMixin
    original = getattr(mixin, "_text_input", None)
    if original is None or "type" not in inspect.signature(original).parameters:
        notice("this Streamlit is not supported, what is typed into password boxes is kept like other texts")
        return
    if getattr(original, _MARK, False):
        return
    signature = inspect.signature(original)

    @functools.wraps(original)
    def _text_input(*args: Any, **kwargs: Any) -> Any:
        _drawing.password = signature.bind_partial(*args, **kwargs).arguments.get("type") == "password"
        try:
            return original(*args, **kwargs)
        finally:
            _drawing.password = False

    setattr(_text_input, _MARK, True)
    mixin._text_input = _text_input
