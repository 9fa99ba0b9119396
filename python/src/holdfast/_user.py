"""Who is signed in, as the gateway told Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_OWN = frozenset({"is_logged_in", "sub", "name", "email", "roles", "origin"})


@dataclass(frozen=True)
class User:
    """The person who is signed in."""

    id: str
    """Stays the same for this person, whatever else changes; the key to store their things under."""

    name: str | None = None
    email: str | None = None
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """Whatever else the way of signing in says about them."""


def user() -> User | None:
    """The person who is signed in on this page, or None.

    Reads `st.user` of this session, which the gateway fills through a cookie that it signs. Nothing
    that the page sends afterwards can change it. Who has just signed in by `sign_in()` is known at
    once, to this run; `st.user` knows them from the next one on.
    """
    import streamlit as st

    from holdfast._just_signed_in import just_signed_in

    return just_signed_in() or user_of(st.user.to_dict())


def user_of(known: Mapping[str, Any]) -> User | None:
    """The user that `st.user` describes, or None when it does not say clearly that there is one."""
    identity = known.get("sub")
    if known.get("is_logged_in") is not True or not isinstance(identity, str) or not identity:
        return None
    return User(
        id=identity,
        name=_text(known.get("name")),
        email=_text(known.get("email")),
        roles=_roles(known.get("roles")),
        claims=MappingProxyType({key: value for key, value in known.items() if key not in _OWN}),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _roles(value: object) -> frozenset[str]:
    # A string is a sequence of strings too: roles="admin" must not become {"a", "d", …}.
    if not isinstance(value, (list, tuple)):
        return frozenset()
    return frozenset(role for role in value if isinstance(role, str))
