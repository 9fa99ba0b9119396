"""Holdfast for Python apps: who is signed in, and guards for pages.

Under `holdfast run` this package is importable as it is, and Streamlit's widgets keep their values
after F5 without a line of it in the app.
"""

from __future__ import annotations

from holdfast import state, url_session
from holdfast._account import (
    Asked,
    Change,
    change_password,
    forgot_password,
    forgot_username,
    register,
    update_details,
)
from holdfast._errors import StateError
from holdfast._forms import SignIn, sign_in, sign_in_as_guest, sign_in_at, sign_out
from holdfast._guard import require_role, require_sign_in
from holdfast._hydrate import hydrate, persist
from holdfast._install import restore
from holdfast._user import User, user

__all__ = [
    "Asked",
    "Change",
    "SignIn",
    "StateError",
    "User",
    "change_password",
    "forgot_password",
    "forgot_username",
    "hydrate",
    "persist",
    "register",
    "require_role",
    "require_sign_in",
    "restore",
    "sign_in",
    "sign_in_as_guest",
    "sign_in_at",
    "sign_out",
    "state",
    "update_details",
    "url_session",
    "user",
]
