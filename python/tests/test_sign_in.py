"""Signing in and out by a form of the app's, against the real state API, in scripts of a real Streamlit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from state_gateway import Gateway
from streamlit_server import APPS, Run, Server, Tab, hook_environment, serving, string

import holdfast
from holdfast._forms import _sign_in_of
from holdfast._link import link_of

RIGHT = "in anna kelp holds on to rock"


@pytest.fixture(scope="module")
def own_form(logs: Path, gateway: Gateway) -> Iterator[Server]:
    environment = {**hook_environment(), **gateway.environment}
    with serving(APPS / "own_form.py", logs / "own-form.log", environment) as server:
        yield server


def do(tab: Tab, line: str) -> Run:
    first = tab.run()
    run = tab.run(string(first.widgets["line"], line))
    tab.run(string(first.widgets["line"], ""))
    return run


def test_who_signed_in_is_known_to_that_run_at_once_and_the_page_is_handed_a_ticket(
    own_form: Server, gateway: Gateway
) -> None:
    with Tab(own_form, headers=gateway.session(None)) as tab:
        run = do(tab, RIGHT)
        assert run.text("before=") == "nobody"
        known = "SignIn(outcome='signed-in', user=User(id='anna', name='Anna Alga'"
        assert run.text("answer=").startswith(known)
        assert run.text("after=") == "anna ['diver']"
        assert re.fullmatch(r"[\w-]{43}", run.ticket or "")


def test_no_later_run_believes_it_until_the_page_has_its_new_session(
    own_form: Server, gateway: Gateway
) -> None:
    headers = gateway.session(None)
    with Tab(own_form, headers=headers) as tab, Tab(own_form, headers=headers) as other:
        do(tab, RIGHT)
        for run in (tab.run(), other.run()):
            assert run.text("after=") == "nobody"
            assert run.ticket is None


def test_what_is_wrong_is_a_value_and_the_page_is_handed_nothing(own_form: Server, gateway: Gateway) -> None:
    with Tab(own_form, headers=gateway.session(None)) as tab:
        run = do(tab, "in anna not the right one")
        assert run.text("answer=") == "SignIn(outcome='credentials', user=None, seconds=None)"
        assert run.text("after=") == "nobody"
        assert run.ticket is None


@pytest.mark.parametrize(
    ("without", "code"), [("Holdfast-Page", "ERR_SIGN_IN_PAGE"), ("", "ERR_SIGN_IN_TWICE")]
)
def test_a_page_that_nobody_can_be_signed_in_on_is_an_error_of_its_own(
    own_form: Server, gateway: Gateway, without: str, code: str
) -> None:
    headers = {name: value for name, value in gateway.session("anna").items() if name != without}
    with Tab(own_form, headers=headers) as tab:
        assert do(tab, RIGHT).text("raised=") == code


def test_signing_out_ends_the_session_and_says_whether_there_was_one(
    own_form: Server, gateway: Gateway
) -> None:
    headers = gateway.session("anna")
    with Tab(own_form, headers=headers) as tab:
        assert do(tab, "out").text("answer=") == "True"
        assert do(tab, "out").text("answer=") == "False"
    with Tab(own_form, headers=gateway.session(None)) as tab:
        assert do(tab, "out").text("answer=") == "False"


def test_the_page_is_led_to_a_provider_and_back_to_this_page_and_nowhere_else(
    own_form: Server, gateway: Gateway
) -> None:
    with Tab(own_form, headers=gateway.session(None)) as tab:
        assert do(tab, "at partner").redirect == "/base/_holdfast/oidc/partner?return_to=%2F"
        for name in ("../sign-out", "//evil.example", "a?b", "a/callback"):
            run = do(tab, f"at {name}")
            assert run.redirect is None
            assert run.text("raised=").startswith("a provider's name")


def test_a_guest_is_somebody_new_with_a_ticket_for_the_page(own_form: Server, gateway: Gateway) -> None:
    seen = set()
    for _ in range(2):
        with Tab(own_form, headers=gateway.session(None)) as tab:
            run = do(tab, "guest")
            assert run.text("after=").endswith(" ['visitor']")
            assert run.ticket
            seen.add(run.text("after="))
    assert len(seen) == 2


def test_a_change_of_the_account_needs_the_password_and_says_what_came_of_it(
    own_form: Server, gateway: Gateway
) -> None:
    with Tab(own_form, headers=gateway.session("anna")) as tab:
        assert do(tab, "details not this one").text("answer=").startswith("Change(outcome='elsewhere'")
    headers = gateway.session("anna", authenticator="users-file")
    with Tab(own_form, headers=headers) as tab:
        assert do(tab, "details not this one").text("answer=").startswith("Change(outcome='credentials'")
        assert do(tab, "details kelp holds on to rock").text("answer=").startswith("Change(outcome='changed'")
        weak = do(tab, "password kelp holds on to rock, anna").text("answer=")
        assert weak.startswith("Change(outcome='weak', why='")
        assert do(tab, "name anna@example.org").text("raised=") == "ERR_NOT_CONFIGURED"
        assert do(tab, "register anna@example.org").text("raised=") == "ERR_NOT_CONFIGURED"
        assert do(tab, "forgot anna").text("raised=") == "ERR_NOT_CONFIGURED"
    with Tab(own_form, headers=gateway.session(None)) as tab:
        assert do(tab, "password a, b").text("raised=") == "ERR_STATE_ANONYMOUS"


def test_outside_of_a_script_there_is_no_page() -> None:
    calls: list[Callable[[], object]] = [holdfast.sign_out, holdfast.sign_in_as_guest]
    calls += [lambda: holdfast.sign_in("anna", "x"), lambda: holdfast.forgot_password("anna")]
    for call in calls:
        with pytest.raises(holdfast.StateError) as raised:
            call()
        assert raised.value.code == "ERR_SIGN_IN_PAGE"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"outcome": "signed-in"},
        {"outcome": "signed-in", "user": {"sub": "anna"}},
        {"outcome": "credentials", "user": {"sub": "anna", "is_logged_in": True}},
        {"outcome": "root"},
    ],
)
def test_an_answer_that_does_not_say_clearly_who_it_is_signs_nobody_in(answer: dict[str, Any]) -> None:
    with pytest.raises(holdfast.StateError) as raised:
        _sign_in_of(answer)
    assert raised.value.code == "ERR_STATE_UNAVAILABLE"


def test_only_a_sign_in_that_succeeded_is_true() -> None:
    known = {"sub": "anna", "is_logged_in": True}
    assert _sign_in_of({"outcome": "signed-in", "user": known})
    assert not _sign_in_of({"outcome": "throttled", "seconds": 30})


def test_what_names_a_page_is_in_no_text() -> None:
    link = link_of({"Holdfast-Session": "s1.secret", "Holdfast-Page": "p1.secret"})
    assert link is not None
    assert "secret" not in repr(link)
    assert link.page_headers() == {"Holdfast-Session": "s1.secret", "Holdfast-Page": "p1.secret"}
    assert link_of([("Holdfast-Session", "a"), ("Holdfast-Page", "b"), ("holdfast-page", "c")]) is None


def test_a_page_that_connects_again_is_the_same_to_whatever_keeps_its_state() -> None:
    first, again = (link_of({"Holdfast-Session": "s", "Holdfast-Tab": "t", "Holdfast-Page": p}) for p in "12")
    assert first == again
    assert first != link_of({"Holdfast-Session": "s", "Holdfast-Tab": "u", "Holdfast-Page": "1"})
