"""A password that was changed by a form of the app's, in a script of a real Streamlit."""

from __future__ import annotations

from pathlib import Path

from state_gateway import Gateway
from streamlit_server import APPS, Tab, hook_environment, serving, string

import holdfast

OLD = "kelp holds on to rock"
NEW = "kelp grows a foot a day"


def test_a_password_is_said_to_be_set_where_the_store_cannot_confirm_that_the_sessions_ended(
    logs: Path, gateway: Gateway
) -> None:
    environment = {**hook_environment(), **gateway.environment}
    headers = gateway.session("ben", authenticator="users-file")
    with (
        serving(APPS / "own_form.py", logs / "password.log", environment) as server,
        Tab(server, headers=headers) as tab,
        Tab(server, headers=gateway.session(None)) as other,
    ):
        line = tab.run().widgets["line"]
        with gateway.failing_revocations():
            answer = tab.run(string(line, f"password {OLD}, {NEW}")).text("answer=")
        assert answer.startswith("Change(outcome='unconfirmed'")
        assert holdfast.Change("unconfirmed")
        line = other.run().widgets["line"]
        answer = other.run(string(line, f"in ben {NEW}")).text("answer=")
        assert answer.startswith("SignIn(outcome='signed-in'")
