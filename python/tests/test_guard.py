"""Who is signed in, and the guards, against a real Streamlit and messages no browser would send."""

from __future__ import annotations

import pytest
from streamlit_server import Server, Tab, pressed

ANN = {"sub": "u-1", "name": "Ann *Shore*", "email": "ann@example.org", "roles": ["staff"], "org": "Acme"}


def admin_page_hash(server: Server) -> str:
    """The name of the admin page in rerun messages: no secret, every page's menu carries it."""
    with Tab(server, user={"sub": "2", "roles": ["admin"]}) as tab:
        return tab.run(page="admin").page_script_hash


def test_someone_without_the_role_sees_why_and_nothing_more(pages_app: Server) -> None:
    with Tab(pages_app, user=ANN) as tab:
        run = tab.run(page="admin")
    assert "the secret" not in run.texts
    assert "alert: You may not see this page." in run.texts
    assert any(r"Ann \*Shore\*" in text and "admin or root" in text for text in run.texts)


def test_a_forged_rerun_message_does_not_open_the_page(pages_app: Server) -> None:
    admin = admin_page_hash(pages_app)
    with Tab(pages_app, user=ANN) as tab:
        tab.run()
        by_hash = tab.run(page_script_hash=admin)
        by_name = tab.run(page="admin")
        both = tab.run(page="admin", page_script_hash=admin)
    for run in (by_hash, by_name, both):
        assert run.page_script_hash == admin
        assert "the secret" not in run.texts
        assert "for admins" not in run.widgets


def test_someone_with_one_of_the_roles_is_let_in(pages_app: Server) -> None:
    with Tab(pages_app, user={"sub": "3", "roles": ["root"]}) as tab:
        run = tab.run(page="admin")
    assert "the secret" in run.texts


def test_nobody_is_sent_to_sign_in_and_back_afterwards(pages_app: Server) -> None:
    with Tab(pages_app) as tab:
        run = tab.run(page="admin", query="a=1&b=%2F")
    assert run.redirect == "/base/_holdfast/sign-in?return_to=%2Fadmin%3Fa%3D1%26b%3D%252F"
    assert "the secret" not in run.texts


def test_a_cookie_with_another_signature_is_nobody(
    pages_app: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamlit_server.COOKIE_SECRET", "another secret, just as long as the first one")
    with Tab(pages_app, user={"sub": "1", "roles": ["admin"]}) as tab:
        run = tab.run(page="admin")
    assert run.redirect == "/base/_holdfast/sign-in?return_to=%2Fadmin"
    assert "the secret" not in run.texts


def test_user_is_what_the_gateway_signed(sign_in_app: Server) -> None:
    with Tab(sign_in_app, user=ANN) as tab:
        run = tab.run()
    assert run.text("is_logged_in=") == "True"
    assert run.text("user=") == (
        "User(id='u-1', name='Ann *Shore*', email='ann@example.org', roles=frozenset({'staff'}), "
        "claims=mappingproxy({'org': 'Acme'}))"
    )


def test_is_logged_in_is_false_when_nobody_is_signed_in(sign_in_app: Server) -> None:
    with Tab(sign_in_app) as tab:
        run = tab.run()
    assert run.text("is_logged_in=") == "False"
    assert run.text("user=") == "None"


def test_st_login_leads_to_the_gateways_sign_in(sign_in_app: Server) -> None:
    with Tab(sign_in_app) as tab:
        run = tab.run()
        run = tab.run(pressed(run.widgets["in"]))
    assert run.redirect == "/base/_holdfast/sign-in?return_to=%2F"


def test_st_logout_forgets_the_user_and_leads_to_auth_logout(sign_in_app: Server) -> None:
    with Tab(sign_in_app, user=ANN) as tab:
        run = tab.run()
        out = tab.run(pressed(run.widgets["out"]))
        assert out.redirect == "/auth/logout"
        run = tab.run()
    assert run.text("user=") == "None"


def test_require_sign_in_lets_the_signed_in_through_and_sends_nobody_away(sign_in_app: Server) -> None:
    with Tab(sign_in_app, user=ANN) as tab:
        run = tab.run()
        run = tab.run(pressed(run.widgets["guarded"]))
    assert "behind the guard" in run.texts
    with Tab(sign_in_app) as tab:
        run = tab.run()
        run = tab.run(pressed(run.widgets["guarded"]))
    assert "behind the guard" not in run.texts
    assert run.redirect == "/base/_holdfast/sign-in?return_to=%2F"
