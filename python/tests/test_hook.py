"""How the hook gets into a Python, and how it keeps out of the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit_server import hook_environment


def python(code: str, environment: dict[str, str], *, path: Path | None = None) -> tuple[str, str]:
    """Runs `code` in a new Python; what it printed, and what it complained of."""
    environment = {**os.environ, **environment}
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(path)])
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.strip(), child.stderr.strip()


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in hook_environment().items() if key != name}


PATCHED = """
import streamlit
from streamlit.runtime.state.session_state import SessionState
print(*[hasattr(it, "_holdfast_wrapped") for it in (SessionState.register_widget, streamlit.login)])
"""


def test_under_the_gateway_streamlit_is_wrapped() -> None:
    assert python(PATCHED, hook_environment()) == ("True True", "")


@pytest.mark.parametrize("missing", ["HOLDFAST", "HOLDFAST_PRESET"])
def test_without_both_variables_nothing_happens(missing: str) -> None:
    assert python(PATCHED, without(missing)) == ("False False", "")


def test_another_preset_leaves_streamlit_alone() -> None:
    assert python(PATCHED, {**hook_environment(), "HOLDFAST_PRESET": "dash"}) == ("False False", "")


def test_a_python_that_needs_no_streamlit_does_not_import_it() -> None:
    code = "import sys; print([name for name in sys.modules if name.startswith('streamlit')])"
    assert python(code, hook_environment()) == ("[]", "")


def test_the_sitecustomize_that_it_hides_still_runs_and_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.marked = __file__; own = 1")
    code = "import sys, sitecustomize; print(sys.marked, sitecustomize.own)"
    out, err = python(code, hook_environment(), path=tmp_path)
    assert (out, err) == (f"{tmp_path / 'sitecustomize.py'} 1", "")


def test_a_hidden_sitecustomize_that_fails_does_not_take_the_hook_with_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('mine')")
    out, err = python(PATCHED, hook_environment(), path=tmp_path)
    assert out == "True True"
    assert "ValueError: mine" in err


def test_a_package_that_cannot_be_imported_costs_one_line_and_not_the_app(tmp_path: Path) -> None:
    (tmp_path / "holdfast.py").write_text("raise RuntimeError('broken')")
    environment = hook_environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    out, err = python("print('alive')", environment)
    assert out == "alive"
    assert err.splitlines() == [
        "holdfast: hook not loaded, widgets will not survive F5: RuntimeError('broken')"
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("del s.SessionState.on_script_finished", "SessionState.on_script_finished"),
        ("s.SessionState.register_widget = lambda self, m: 0", "SessionState.register_widget"),
        ("del s.SessionState.__dataclass_fields__['_old_state']", "SessionState._old_state"),
        ("import streamlit.runtime.state.common as c; del c.RegisterWidgetResult", "RegisterWidgetResult"),
        (
            "import streamlit.runtime.websocket_session_manager as w;"
            "w.WebsocketSessionManager.connect_session = lambda self, client: ''",
            "connect_session(existing_session_id)",
        ),
    ],
)
def test_where_a_name_is_missing_the_app_runs_unpatched_with_one_line(change: str, named: str) -> None:
    code = f"""
import streamlit.runtime.state.session_state as s
before = getattr(s.SessionState, "on_script_will_rerun")
{change}
import holdfast
holdfast.restore()
print(s.SessionState.on_script_will_rerun is before)
"""
    out, err = python(code, without("HOLDFAST"))
    assert out == "True"
    assert len(err.splitlines()) == 1
    assert err.startswith("holdfast: this Streamlit is not supported, widgets will not survive F5: no ")
    assert named in err


def test_restore_in_the_app_does_what_the_hook_does_however_often_it_is_called() -> None:
    code = """
import streamlit, holdfast
from streamlit.runtime.state.session_state import SessionState
def state():
    return (SessionState.register_widget, streamlit.login)
bare = state()
holdfast.restore()
once = state()
holdfast.restore()
print(all(a is not b for a, b in zip(bare, once)), all(a is b for a, b in zip(once, state())))
"""
    assert python(code, without("HOLDFAST")) == ("True True", "")


def test_under_apptest_the_hook_keeps_out() -> None:
    code = """
from streamlit.testing.v1 import AppTest
app = "import streamlit as st; st.text(st.text_input('a', key='a') + str(st.slider('b', 0, 9)))"
# The default of three seconds is short on a machine that has other things to do.
test = AppTest.from_string(app, default_timeout=30).run()
test.text_input[0].set_value("x").run()
test.slider[0].set_value(3).run()
print(test.text[0].value, len(test.exception))
"""
    out, err = python(code, hook_environment())
    assert out == "x3 0"
    assert "holdfast" not in err


def test_in_a_bare_script_the_guards_stop_instead_of_falling_through() -> None:
    code = """
import holdfast
try:
    holdfast.require_role("admin")
    print("through")
except PermissionError as reason:
    print(reason)
"""
    out, _ = python(code, hook_environment())
    assert out == "not allowed: no script run to stop"
