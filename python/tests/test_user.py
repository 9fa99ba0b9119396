"""What counts as a signed-in user, and what does not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import holdfast
from holdfast._sign_in import sign_in_path, way_back
from holdfast._user import user_of

WHOLE = {
    "is_logged_in": True,
    "origin": "https://app.example.org",
    "sub": "u-1",
    "name": "Änn ☃",
    "email": "ann@example.org",
    "roles": ["admin", "ops"],
    "org": {"name": "Acme"},
}


def test_a_user_has_what_the_gateway_says_and_the_rest_as_claims() -> None:
    person = user_of(WHOLE)
    assert person == holdfast.User(
        id="u-1",
        name="Änn ☃",
        email="ann@example.org",
        roles=frozenset({"admin", "ops"}),
        claims={"org": {"name": "Acme"}},
    )


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"is_logged_in": False},
        {"sub": "u-1"},
        {"is_logged_in": True},
        {"is_logged_in": True, "sub": ""},
        {"is_logged_in": True, "sub": None},
        {"is_logged_in": True, "sub": 7},
        {"is_logged_in": 1, "sub": "u-1"},
        {"is_logged_in": "True", "sub": "u-1"},
        {"is_logged_in": False, "sub": "u-1"},
    ],
)
def test_anything_less_than_a_clear_yes_is_nobody(known: dict[str, Any]) -> None:
    assert user_of(known) is None


@pytest.mark.parametrize("roles", [None, "admin", 5, {"admin": True}, [None, 1, ["admin"]]])
def test_roles_that_are_no_list_of_names_are_no_roles(roles: object) -> None:
    person = user_of({**WHOLE, "roles": roles})
    assert person is not None
    assert person.roles == frozenset()


def test_a_user_cannot_be_changed() -> None:
    person = user_of(WHOLE)
    assert person is not None
    with pytest.raises(dataclasses.FrozenInstanceError):
        person.roles = frozenset({"root"})  # type: ignore[misc]
    with pytest.raises(TypeError):
        person.claims["org"] = "mine"  # type: ignore[index]


@pytest.mark.parametrize("roles", [(), ("",), ("admin", ""), (["admin"],), (None,)])
def test_require_role_refuses_to_guard_with_no_role(roles: Any) -> None:
    with pytest.raises(ValueError, match="at least one role"):
        holdfast.require_role(*roles)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/_holdfast/sign-in", "/_holdfast/sign-in"),
        ("/base/_holdfast/sign-in", "/base/_holdfast/sign-in"),
        ("", "/_holdfast/sign-in"),
        ("//evil.example", "/_holdfast/sign-in"),
        ("/\\evil.example", "/_holdfast/sign-in"),
        ("/\t/evil.example", "/_holdfast/sign-in"),
        ("https://evil.example", "/_holdfast/sign-in"),
        ("javascript:alert(1)", "/_holdfast/sign-in"),
    ],
)
def test_sign_in_stays_on_the_apps_own_origin(given: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SIGN_IN_PATH", given)
    assert sign_in_path() == path


@pytest.mark.parametrize(
    ("address", "query", "way"),
    [
        ("https://app.example.org/base/page", "x=1", "?return_to=%2Fbase%2Fpage%3Fx%3D1"),
        ("https://app.example.org//evil.example/", "", "?return_to=%2F%2Fevil.example%2F"),
        ("https://app.example.org/#&return_to=x", "", "?return_to=%2F"),
        ("https://app.example.org", "", "?return_to=%2F"),
        (None, "x=1", ""),
        ("", "", ""),
        ("http://[broken", "", ""),
        ("https://app.example.org/", "x" * 2000, ""),
    ],
)
def test_the_way_back_is_one_value_of_one_parameter(address: str | None, query: str, way: str) -> None:
    assert way_back(address, query) == way


def test_everything_public_is_named() -> None:
    assert sorted(holdfast.__all__) == [
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
    assert all(getattr(holdfast, name).__doc__ for name in holdfast.__all__)
