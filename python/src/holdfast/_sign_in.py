"""Leads a Streamlit page to Holdfast's sign-in page."""

from __future__ import annotations

import os
from typing import Any

_DEFAULT_PATH = "/_holdfast/sign-in"


def sign_in_path() -> str:
    """The sign-in page's path on the app's own origin, as the gateway gave it.

    Anything that a browser could read as another origin is refused: the page goes there by
    `location.href`.
    """
    path = os.environ.get("HOLDFAST_SIGN_IN_PATH") or _DEFAULT_PATH
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else _DEFAULT_PATH


def lead_to_sign_in(ctx: Any) -> None:
    """Sends the page of this script run to sign-in, as Streamlit's own `st.login()` does."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = ForwardMsg()
    message.auth_redirect.url = sign_in_path()
    ctx.enqueue(message)
