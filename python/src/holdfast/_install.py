"""When the hook goes in: after Streamlit's own imports, never before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from holdfast._notice import notice
from holdfast._post_import import after_import


def install_when_imported() -> None:
    """Arranges for the hook to go in as soon as Streamlit is imported, if it ever is."""
    # streamlit.runtime.runtime imports everything that _wrap wraps, so after it all of it is
    # complete. user_info has to be caught before streamlit/__init__ copies `login` out of it.
    after_import(
        {
            "streamlit.runtime.runtime": _safely(_install_restore),
            "streamlit.user_info": _safely(_install_login),
        }
    )


def restore() -> None:
    """Does what the hook does under `holdfast run`, for an app behind `holdfast serve`.

    One line before the app's first widget: widgets and `st.session_state` keep their values after F5
    and after a restart, and `st.login()` and `st.user.is_logged_in` work without an `[auth]` section.
    It holds for the whole process from the first call on; further calls do nothing.
    """
    _safely(_install_restore)()
    _safely(_install_login)()
    _safely(_take_up_this_session)()


def _install_restore() -> None:
    from holdfast import _wrap

    _wrap.install()


def _take_up_this_session() -> None:
    from holdfast import _wrap

    _wrap.take_up_this_session()


def _install_login() -> None:
    from holdfast import _login

    _login.install()
    streamlit: Any = sys.modules.get("streamlit")
    # An app that calls restore() has imported streamlit already, and `st.login` is a copy. During
    # the import of streamlit itself there is no copy yet.
    if hasattr(streamlit, "login"):
        streamlit.login = sys.modules["streamlit.user_info"].login


def _safely(install: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            install()
        except Exception as reason:
            # This runs inside somebody's `import streamlit`.
            notice(f"hook not installed, the app runs without it: {reason!r}")

    return run
