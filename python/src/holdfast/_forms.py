"""Signing in and out by the app's own forms.

The gateway checks what was typed, by the rules and the counters of its own sign-in page. The browser
takes its new session by a ticket, which reaches only the page that the form is on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from holdfast._client import client
from holdfast._errors import StateError
from holdfast._just_signed_in import note_signed_in
from holdfast._link import Link, current_link
from holdfast._sign_in import lead_to_provider, lead_to_sign_in
from holdfast._user import User, user_of

SignInOutcome = Literal["signed-in", "credentials", "throttled", "unavailable", "factor-needed"]

_OUTCOMES = frozenset(("signed-in", "credentials", "throttled", "unavailable", "factor-needed"))
_TICKET = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True)
class SignIn:
    """What came of a sign-in; true if somebody is signed in now."""

    outcome: SignInOutcome
    """`credentials`: name or password is wrong, and which is not said. `throttled`: too many attempts;
    come again in `seconds`. `unavailable`: it cannot be known now. `factor-needed`: the password is
    right and is not enough; the page is on its way to Holdfast's own sign-in page."""

    user: User | None = None
    seconds: int | None = None

    def __bool__(self) -> bool:
        return self.outcome == "signed-in"


def sign_in(username: str, password: str, remember: bool = False) -> SignIn:
    """Signs in who is in front of this page, with what they typed into a form of the app's.

    If it succeeds, `user()` is that person from here on in this run. The page changes its session by
    itself and runs the script anew, with `st.user` as the person who signed in: no `st.rerun()` is
    needed. With `remember`, the browser keeps the session when it is closed.

    Raises `StateError` where nobody can be signed in: `ERR_SIGN_IN_PAGE` for a page that did not come
    through Holdfast, `ERR_SIGN_IN_TWICE` where somebody is signed in already, `ERR_SESSION_ENDED`
    where somebody signed in in another tab meanwhile, `ERR_STATE_UNAVAILABLE` without a gateway.
    """
    ctx, link = page_of_run()
    answer = client().people(
        link, "/sign-in", {"username": username, "password": password, "remember": bool(remember)}
    )
    return _taken(ctx, answer)


def sign_out() -> bool:
    """Ends the session of who is signed in here, everywhere; False if nobody was.

    Once this returns they are out: its pages leave by themselves, and no copy of its cookie opens
    anything. Raises `StateError` where that could not be confirmed; then they may still be in.
    """
    _, link = page_of_run(needs_page=False)
    return client().people(link, "/sign-out", {}).get("ended") is True


def sign_in_as_guest() -> SignIn:
    """Signs in whoever sits before this page as a guest: somebody new, each time, with the roles that
    the gateway's configuration gives to guests. Raises `StateError` (`ERR_NOT_CONFIGURED`) without any.
    """
    ctx, link = page_of_run()
    return _taken(ctx, client().people(link, "/sign-in-as-guest", {}))


def sign_in_at(provider: str) -> None:
    """Sends the page to an identity provider, where people sign in who have no account here.

    `provider` is a name under `oidc` in the gateway's configuration. They come back to this page.
    """
    ctx, _ = page_of_run(needs_page=False)
    lead_to_provider(ctx, provider)


def page_of_run(*, needs_page: bool = True) -> tuple[Any, Link]:
    """The script run that this is called in, and what names its page; `StateError` where there is none."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    ctx = get_script_run_ctx(suppress_warning=True)
    link = current_link()
    if ctx is None or link is None or (needs_page and link.page is None):
        raise StateError(
            "ERR_SIGN_IN_PAGE",
            "which page? Call this in a Streamlit script, of a page that was opened at the gateway's address",
        )
    return ctx, link


def _taken(ctx: Any, answer: Mapping[str, Any]) -> SignIn:
    result = _sign_in_of(answer)
    if result.outcome == "factor-needed":
        lead_to_sign_in(ctx)
    if result.user is not None:
        _hand_over(ctx, answer)
        note_signed_in(result.user)
    return result


def _sign_in_of(answer: Mapping[str, Any]) -> SignIn:
    outcome, seconds, known = answer.get("outcome"), answer.get("seconds"), answer.get("user")
    person = user_of(known) if isinstance(known, dict) else None
    if outcome not in _OUTCOMES or (outcome == "signed-in") != (person is not None):
        raise nonsense()
    return SignIn(cast(SignInOutcome, outcome), person, seconds if isinstance(seconds, int) else None)


def nonsense() -> StateError:
    """What is raised where the gateway's answer is not one that this version knows."""
    return StateError(
        "ERR_STATE_UNAVAILABLE", "the gateway gave an answer that is none; are both of one version?"
    )


def _hand_over(ctx: Any, answer: Mapping[str, Any]) -> None:
    """Gives the ticket to the page of this run: its script, which Holdfast put there, takes it."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    ticket = answer.get("ticket")
    if not isinstance(ticket, str) or not _TICKET.fullmatch(ticket):
        raise nonsense()
    message = ForwardMsg()
    message.parent_message.message = f"holdfast-ticket {ticket}"
    ctx.enqueue(message)
