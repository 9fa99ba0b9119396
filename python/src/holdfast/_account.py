"""What people do about their accounts in forms of the app's own.

The gateway does what its own pages do, by the same rules, counted by the same counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from holdfast._client import client
from holdfast._forms import nonsense, page_of_run

AskedOutcome = Literal["asked", "bad-email", "throttled", "unavailable"]
ChangeOutcome = Literal[
    "changed",
    "unconfirmed",
    "asked",
    "credentials",
    "weak",
    "missing",
    "bad-value",
    "bad-email",
    "same",
    "domain",
    "throttled",
    "unavailable",
    "factor-needed",
    "elsewhere",
]

_LONGEST_LANGUAGE = 200


@dataclass(frozen=True)
class Asked:
    """What came of asking for a mail; true if one may be on its way."""

    outcome: AskedOutcome
    """`asked` is the answer whether there is such an account or not. `throttled`: too many; come again
    in `seconds`. `bad-email`: it can be no address. `unavailable`: it cannot be known now."""

    seconds: int | None = None

    def __bool__(self) -> bool:
        return self.outcome == "asked"


@dataclass(frozen=True)
class Change:
    """What came of a change of an account; true if it was made, or a link to make it is on its way."""

    outcome: ChangeOutcome
    """`unconfirmed`: the password is changed; that every session of theirs has ended could not be
    confirmed, and is being tried on. `asked`: an address changes once the link that was sent there is
    used. `credentials`: that is not their password. `weak`, `bad-value`: `why` says what is wrong.
    `missing`: `label` was left empty, or the name. `same`, `domain`: it is their address already;
    addresses of that domain may not register. `factor-needed`: only at Holdfast's account page, with the
    second factor. `elsewhere`: their password and their details are kept by others."""

    why: str | None = None
    label: str | None = None
    seconds: int | None = None

    def __bool__(self) -> bool:
        return self.outcome in ("changed", "unconfirmed", "asked")


def register(email: str) -> Asked:
    """Sends a link to register to this address, if it may; the link opens Holdfast's page for the rest.

    The answer is the same for all addresses. Raises `StateError` (`ERR_NOT_CONFIGURED`) where nobody
    can register.
    """
    return _ask("/register", {"email": email})


def forgot_password(account: str) -> Asked:
    """Sends a link to set a new password to whoever has this name or address, if anybody.

    The answer is the same for all. Nothing changes until the link is used; then every session ends.
    """
    return _ask("/forgot-password", {"account": account})


def forgot_username(email: str) -> Asked:
    """Sends the names of the accounts with this address there, if there are any."""
    return _ask("/forgot-username", {"email": email})


def change_password(current: str, new: str) -> Change:
    """Changes the password of who is signed in here, if `current` is their password now.

    It ends every session of theirs, this one too: the page leaves for the sign-in page.
    """
    return _change("/change-password", {"current": current, "next": new})


def update_details(
    password: str,
    *,
    name: str | None = None,
    email: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Change:
    """Changes what is given of who is signed in here, if `password` is theirs.

    A name, and `fields` of the registration, change at once; an address once a link that is sent there
    was used.
    """
    wanted = {"name": name, "email": email, "fields": None if fields is None else dict(fields)}
    given = {key: value for key, value in wanted.items() if value is not None}
    return _change("/update-details", {"password": password, **given})


def _ask(path: str, asked: Mapping[str, Any]) -> Asked:
    answer = _posted(path, asked)
    outcome = answer.get("outcome")
    if outcome not in get_args(AskedOutcome):
        raise nonsense()
    return Asked(cast(AskedOutcome, outcome), _number(answer.get("seconds")))


def _change(path: str, asked: Mapping[str, Any]) -> Change:
    answer = _posted(path, asked)
    outcome = answer.get("outcome")
    if outcome not in get_args(ChangeOutcome):
        raise nonsense()
    return Change(
        cast(ChangeOutcome, outcome),
        why=_text(answer.get("why")),
        label=_text(answer.get("label")),
        seconds=_number(answer.get("seconds")),
    )


def _posted(path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    _, link = page_of_run()
    return client().people(link, path, {**asked, **_language()})


def _language() -> dict[str, str]:
    """The languages that the page's browser likes: mail is written in one of them."""
    import streamlit as st

    likes = st.context.headers.get("Accept-Language")
    return {"language": likes} if isinstance(likes, str) and len(likes) <= _LONGEST_LANGUAGE else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
