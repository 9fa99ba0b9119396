"""URL sessions in the pages of a real Streamlit app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit_server import APPS, Server, Tab, serving, string


@pytest.fixture(scope="module")
def bare(logs: Path) -> Iterator[Server]:
    source = {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    with serving(APPS / "url_pages" / "app.py", logs / "url.log", source) as server:
        yield server


def test_the_documented_quick_pattern_survives_a_new_session(bare: Server) -> None:
    with Tab(bare) as tab:
        run = tab.run()
        query = run.query or ""
        (token,) = parse_qs(query)["holdfast_sid"]
        run = tab.run(
            string(run.widgets["keyed"], "Ann"),
            string(run.widgets["line"], "st.session_state.update(n=5)"),
            query=query,
        )
    with Tab(bare) as tab:
        run = tab.run(query=query)
        assert run.text("own=") == "{'keyed': 'Ann', 'n': 5}"
        assert (run.widgets["keyed"].set_value, run.widgets["keyed"].value) == (True, "Ann")
    with Tab(bare, user={"sub": "anna"}) as tab:
        run = tab.run(query=query)
        assert "n" not in run.text("own="), "what nobody made is no signed-in person's"
        assert run.query not in (None, query)
    with Tab(bare) as tab:
        assert "n" not in tab.run(query="holdfast_sid=x" + token).text("own=")
    assert "holdfast:" not in bare.log.read_text()


def test_a_page_change_drops_the_token_and_it_is_put_back(bare: Server) -> None:
    with Tab(bare) as tab:
        run = tab.run()
        query = run.query or ""
        run = tab.run(string(run.widgets["line"], "st.session_state.update(n=5)"), query=query)
        run = tab.run(page="other")
        assert run.text("other=") == "5"
        assert run.query == query
