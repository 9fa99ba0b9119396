"""When the hook goes in: after Streamlit's own imports, never before."""

from __future__ import annotations

from collections.abc import Callable

from holdfast._notice import notice
from holdfast._post_import import after_import


def install_when_imported() -> None:
    """Arranges for the hook to go in as soon as Streamlit is imported, if it ever is."""
    # streamlit.runtime.runtime imports everything that _restore wraps, so after it all of it is
    # complete. user_info has to be caught before streamlit/__init__ copies `login` out of it.
    after_import(
        {
            "streamlit.runtime.runtime": _safely(_install_restore),
            "streamlit.user_info": _safely(_install_login),
        }
    )


def restore() -> None:
    """Makes widgets keep their values after F5: one line at the top of an app behind `holdfast serve`.

    Under `holdfast run` there is no need for it, and calling it does no harm. It takes effect for
    the process at the first call, so call it before the first widget.
    """
    _safely(_install_restore)()


def _install_restore() -> None:
    from holdfast import _restore

    _restore.install()


def _install_login() -> None:
    from holdfast import _login

    _login.install()


def _safely(install: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            install()
        except Exception as reason:
            # This runs inside somebody's `import streamlit`.
            notice(f"hook not installed, the app runs without it: {reason!r}")

    return run
