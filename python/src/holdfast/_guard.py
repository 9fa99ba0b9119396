"""Guards for the pages of a Streamlit app.

Streamlit's pages are scripts behind one socket: which one runs is in a message that anyone who has
the socket can write. A rule about paths therefore guards nothing but the first document. These
guards run inside the page's script and ask who this session's user is.
"""

from __future__ import annotations

from typing import NoReturn

from holdfast._sign_in import lead_to_sign_in
from holdfast._user import User, user


def require_sign_in() -> User:
    """The person who is signed in; if nobody is, the page goes to sign-in and the script stops here."""
    person = user()
    if person is None:
        _go_to_sign_in()
    return person


def require_role(*roles: str) -> User:
    """The signed-in person, who has at least one of `roles`; anyone else is told so, and the script stops.

    Call it as the first line of the page's script. A fragment's rerun starts below it, which is safe:
    a fragment exists in a session only after the page's script has passed this line there.
    """
    if not roles or not all(isinstance(role, str) and role for role in roles):
        raise ValueError("require_role needs the name of at least one role, such as require_role('admin')")
    person = require_sign_in()
    if person.roles.isdisjoint(roles):
        _refuse(person, roles)
    return person


def _go_to_sign_in() -> NoReturn:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    ctx = get_script_run_ctx()
    if ctx is not None:
        lead_to_sign_in(ctx)
    st.info("Please sign in to see this page.")
    _stop()


def _refuse(person: User, roles: tuple[str, ...]) -> NoReturn:
    import streamlit as st

    st.error("You may not see this page.", icon=":material/block:")
    st.caption(
        f"You are signed in as {_plain(person.name or person.email or person.id)}. "
        f"This page needs the role {_plain(' or '.join(roles))}."
    )
    _stop()


def _stop() -> NoReturn:
    import streamlit as st

    st.stop()
    # Outside a script run st.stop() does nothing and returns; a guard may not fall through then.
    raise PermissionError("not allowed: no script run to stop")


def _plain(text: str) -> str:
    # Names come from whoever made the account, and st.caption reads Markdown.
    return "".join(f"\\{char}" if char in r"\`*_{}[]()<>#+-.!|~:$" else char for char in text)
