"""Leads a Streamlit page to Holdfast's sign-in page."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote, urlsplit

_DEFAULT_PATH = "/_holdfast/sign-in"
_LONGEST_WAY_BACK = 2000
_PROVIDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def sign_in_path() -> str:
    """The sign-in page's path on the app's own origin, as the gateway gave it.

    Anything that a browser could read as another origin is refused: the page goes there by
    `location.href`.
    """
    path = os.environ.get("HOLDFAST_SIGN_IN_PATH") or _DEFAULT_PATH
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else _DEFAULT_PATH


def lead_to_sign_in(ctx: Any) -> None:
    """Sends the page of this script run to sign-in, and back to itself afterwards.

    By the message that Streamlit's own `st.login()` sends. Where the page is comes from the browser;
    the gateway leads back to no other origin, whatever is asked.
    """
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    message = ForwardMsg()
    message.auth_redirect.url = sign_in_path() + way_back(_address(), ctx.query_string)
    ctx.enqueue(message)


def lead_to_provider(ctx: Any, provider: str) -> None:
    """Sends the page of this script run to an identity provider, and back to itself afterwards."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    if not _PROVIDER.fullmatch(provider):
        raise ValueError("a provider's name is that under `oidc` in the gateway's configuration")
    path = sign_in_path().removesuffix("sign-in") + f"oidc/{provider}"
    message = ForwardMsg()
    message.auth_redirect.url = path + way_back(_address(), ctx.query_string)
    ctx.enqueue(message)


def way_back(address: str | None, query: str) -> str:
    """The query of the sign-in page that leads back to this page; empty if that cannot be said."""
    if not address:
        return ""
    try:
        path = urlsplit(address).path or "/"
    except ValueError:
        return ""
    wanted = f"{path}?{query}" if query else path
    return f"?return_to={quote(wanted, safe='')}" if len(wanted) <= _LONGEST_WAY_BACK else ""


def _address() -> str | None:
    import streamlit as st

    address = st.context.url
    return address if isinstance(address, str) else None
