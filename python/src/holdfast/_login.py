"""Makes `st.login()` and `st.user.is_logged_in` work without an `[auth]` section.

Whoever has an `[auth]` section signs people in by their own identity provider, and is left alone.
"""

from __future__ import annotations

import functools
from typing import Any

from holdfast._notice import notice
from holdfast._sign_in import lead_to_sign_in

_MARK = "_holdfast_wrapped"


def install() -> None:
    """Wraps `st.login` and what `st.user` reads, once per process."""
    from streamlit import user_info

    wanted = ("login", "_get_user_info", "get_secrets_auth_section", "_get_script_run_ctx")
    missing = [name for name in wanted if not callable(getattr(user_info, name, None))]
    if missing:
        notice(f"this Streamlit is not supported, st.login() is its own: no {', '.join(missing)}")
        return
    if getattr(user_info.login, _MARK, False):
        return
    _wrap_login(user_info)
    _wrap_user(user_info)


def _wrap_login(user_info: Any) -> None:
    original = user_info.login

    @functools.wraps(original)
    def login(provider: str | None = None) -> None:
        ctx = user_info._get_script_run_ctx()
        if ctx is None or user_info.get_secrets_auth_section():
            original(provider) if provider is not None else original()
            return
        lead_to_sign_in(ctx)

    setattr(login, _MARK, True)
    user_info.login = login


def _wrap_user(user_info: Any) -> None:
    original = user_info._get_user_info

    # Without [auth], Streamlit leaves `is_logged_in` out when nobody is signed in, and the first
    # line of every app that asks for it raises AttributeError.
    @functools.wraps(original)
    def _get_user_info() -> Any:
        known = original()
        return known if "is_logged_in" in known else {**known, "is_logged_in": False}

    user_info._get_user_info = _get_user_info
