"""The hook, seen from the socket: what a page is told after F5, and what it is believed."""

from __future__ import annotations

from pathlib import Path

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit_server import (
    APPS,
    Run,
    Server,
    Tab,
    files,
    hook_environment,
    numbers,
    pressed,
    serving,
    string,
)


def fill(tab: Tab) -> Run:
    """Fills the widgets of the app as a person would."""
    first = tab.run()
    states = [string(first.widgets["plain"], "Ann"), numbers(first.widgets["keyed"], 7)]
    states += [string(first.widgets["draft"], "half a"), pressed(first.widgets["send"])]
    run = tab.run(*states)
    assert run.text("plain=") == "'Ann' keyed=7 draft='half a' file=None"
    assert run.text("fired=") == "plain,keyed"
    return run


def reported(run: Run, *, plain: str, keyed: float, file: bool = True) -> list[WidgetState]:
    states = [string(run.widgets["plain"], plain), numbers(run.widgets["keyed"], keyed)]
    return states + ([files(run.widgets["file"])] if file else [])


def test_a_new_page_is_told_every_value_the_session_holds(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
    assert after.session_id == before.session_id
    assert run.text("plain=") == "'Ann' keyed=7 draft='half a' file=None"
    assert (run.widgets["plain"].set_value, run.widgets["plain"].value) == (True, "Ann")
    assert (run.widgets["keyed"].set_value, list(run.widgets["keyed"].value)) == (True, [7])
    assert (run.widgets["draft"].set_value, run.widgets["draft"].value) == (True, "half a")


def test_without_the_hook_the_new_page_is_told_nothing(logs: Path) -> None:
    with serving(APPS / "widgets.py", logs / "bare.log", {}) as server:
        with Tab(server) as before:
            fill(before)
        with Tab(server, before.session_id) as after:
            run = after.run()
        assert after.session_id == before.session_id
        assert not run.widgets["plain"].set_value


def test_telling_a_page_its_values_fires_no_callback(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        run = after.run(*reported(run, plain="Ann", keyed=7), pressed(run.widgets["other"]))
    assert run.text("plain=") == "'Ann' keyed=7 draft='half a' file=None"
    assert run.text("fired=") == "plain,keyed"


def test_once_the_page_has_spoken_it_is_not_told_again(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        run = after.run(*reported(run, plain="Bob", keyed=7), pressed(run.widgets["other"]))
    assert run.text("plain=").startswith("'Bob' keyed=7")
    assert not run.widgets["plain"].set_value
    assert not run.widgets["keyed"].set_value


def test_a_draft_in_a_form_is_not_overwritten_by_the_next_run(widgets_app: Server) -> None:
    # The page reports nothing of a form before it is submitted, so the server cannot know of the
    # draft: it must not speak of that widget a second time.
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        run = after.run(*reported(run, plain="Ann", keyed=7), pressed(run.widgets["other"]))
        assert not run.widgets["draft"].set_value
        run = after.run(*reported(run, plain="Ann", keyed=7), pressed(run.widgets["other"]))
    assert not run.widgets["draft"].set_value
    assert run.text("plain=") == "'Ann' keyed=7 draft='half a' file=None"


def test_a_widget_the_page_has_not_drawn_yet_is_told_until_it_reports(widgets_app: Server) -> None:
    # A closed popover draws nothing: what it is told in the first run would be gone when it opens.
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        run = after.run(string(run.widgets["plain"], "Ann"), pressed(run.widgets["other"]))
    assert (run.widgets["keyed"].set_value, list(run.widgets["keyed"].value)) == (True, [7])
    assert not run.widgets["plain"].set_value


def test_a_script_that_stops_early_still_tells_the_page_only_once(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        run = fill(before)
        stop = run.widgets["stop here"]
        stopped = string(stop, "")
        stopped.bool_value = True
        before.run(*reported(run, plain="Ann", keyed=7), stopped)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        assert run.widgets["draft"].set_value
        run = after.run(*reported(run, plain="Ann", keyed=7), stopped)
    assert not run.widgets["draft"].set_value


def test_an_uploaded_file_outlives_the_empty_widget_of_a_new_page(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        run = before.run()
        uploaded = ("a.txt", *before.upload("a.txt", b"abc"))
        run = before.run(files(run.widgets["file"], uploaded))
        assert run.text("plain=").endswith("file='a.txt'")
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        run = after.run(files(run.widgets["file"]), pressed(run.widgets["other"]))
        assert run.text("plain=").endswith("file='a.txt'")
        assert run.text("fired=") == "file"
        another = ("b.txt", *after.upload("b.txt", b"def"))
        run = after.run(files(run.widgets["file"], another))
        assert run.text("plain=").endswith("file='b.txt'")
        run = after.run(files(run.widgets["file"]))
    assert run.text("plain=").endswith("file=None"), "the page's own file can be taken away again"


def test_a_page_whose_script_shows_the_file_may_take_it_away_first_of_all(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        run = before.run()
        uploaded = ("a.txt", *before.upload("a.txt", b"abc"))
        run = before.run(files(run.widgets["file"], uploaded))
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        shown = WidgetState(id=f"holdfast-shown {run.widgets['file'].id}", bool_value=True)
        invented = WidgetState(id="holdfast-shown nothing", bool_value=True)
        run = after.run(files(run.widgets["file"]), shown, invented)
        assert run.text("plain=").endswith("file=None")
        assert run.text("fired=") == "file,file"
    assert "holdfast:" not in widgets_app.log.read_text()


def test_a_page_that_only_lost_its_connection_is_believed_at_once(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        run = before.run()
        uploaded = ("a.txt", *before.upload("a.txt", b"abc"))
        run = before.run(files(run.widgets["file"], uploaded))
        run = before.run(files(run.widgets["file"], uploaded), pressed(run.widgets["other"]))
    with Tab(widgets_app, before.session_id) as same_page:
        run = same_page.run(files(run.widgets["file"]), string(run.widgets["plain"], "Cy"))
    assert run.text("plain=") == "'Cy' keyed=1 draft='' file=None"
    assert not run.widgets["keyed"].set_value


def test_a_forged_report_disturbs_nobody_else(
    widgets_app: Server,
) -> None:
    # The id names a data frame in st.session_state, whose truth cannot be asked. Streamlit itself
    # fails on it, in the forger's own run.
    forged = WidgetState(id="frame")
    forged.file_uploader_state_value.SetInParent()
    with Tab(widgets_app) as before, Tab(widgets_app) as other:
        fill(before)
        fill(other)
    with Tab(widgets_app, before.session_id) as after:
        run = after.run()
        after.run(forged, pressed(run.widgets["other"]))
    with Tab(widgets_app, other.session_id) as after:
        assert after.run().widgets["plain"].set_value
    assert "holdfast:" not in widgets_app.log.read_text()


def test_another_session_is_told_nothing(widgets_app: Server) -> None:
    with Tab(widgets_app) as somebody:
        fill(somebody)
        with Tab(widgets_app) as somebody_else:
            run = somebody_else.run()
    assert run.text("plain=") == "'' keyed=1 draft='' file=None"
    assert not run.widgets["plain"].set_value


def test_reloading_a_page_of_st_navigation_keeps_its_widgets(pages_app: Server) -> None:
    user = {"sub": "1", "roles": ["admin"]}
    with Tab(pages_app, user=user) as before:
        run = before.run(page="admin")
        run = before.run(
            string(run.widgets["for admins"], "kept"),
            string(run.widgets["on every page"], "too"),
            page_script_hash=run.page_script_hash,
        )
    with Tab(pages_app, before.session_id, user) as after:
        run = after.run(page="admin")
    assert after.session_id == before.session_id
    assert run.widgets["for admins"].value == "kept"
    assert run.widgets["on every page"].value == "too"


def test_a_page_that_was_left_forgets_its_widgets_as_streamlit_does(pages_app: Server) -> None:
    user = {"sub": "1", "roles": ["admin"]}
    with Tab(pages_app, user=user) as before:
        run = before.run(page="admin")
        admin = run.page_script_hash
        run = before.run(string(run.widgets["for admins"], "gone"), page_script_hash=admin)
    with Tab(pages_app, before.session_id, user) as after:
        run = after.run(page="")
        assert "open page" in run.texts
        run = after.run(
            string(run.widgets["on every page"], "x"),
            string(run.widgets["on this page"], "y"),
            page_script_hash=admin,
        )
    assert "the secret" in run.texts
    assert run.widgets["for admins"].value == ""
    assert not run.widgets["for admins"].set_value


def test_the_hook_says_nothing_when_all_is_well(widgets_app: Server) -> None:
    with Tab(widgets_app) as before:
        fill(before)
    with Tab(widgets_app, before.session_id) as after:
        after.run()
    assert "holdfast:" not in widgets_app.log.read_text()
    assert hook_environment()["HOLDFAST"] == "1"
