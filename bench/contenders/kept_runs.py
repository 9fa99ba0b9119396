"""Runs `kept_app.py` in a real Streamlit server, in front of the state API that the environment names.

One JSON line for each number of keys: the median milliseconds of a run's own part, of the storing beside it,
and of reading everything back into a new session.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "python" / "tests"), str(HERE.parents[1] / "python" / "src")]

from streamlit_server import Tab, hook_environment, serving  # noqa: E402

from holdfast._client import Client  # noqa: E402
from holdfast._link import link_of  # noqa: E402


def main(runs: int) -> None:
    capability = os.environ.pop("CAPABILITY")
    with tempfile.TemporaryDirectory() as folder:
        for keys in (10, 100, 1000):
            headers = {"Holdfast-Session": capability, "Holdfast-Tab": f"a-tab-of-{keys:04}-keys-own"}
            environment = {**hook_environment(), "KEYS": str(keys)}
            with serving(HERE / "kept_app.py", Path(folder) / "log", environment) as server:
                print(json.dumps({"keys": keys, **measured(server, headers, runs)}), flush=True)


def measured(server, headers, runs):
    with Tab(server, headers=headers) as tab:
        for number in range(runs):
            run = tab.run()
            assert run.text("count=") == str(number + 1)
        took = json.loads(run.text("took="))
    client, link = Client(os.environ["HOLDFAST_URL"], os.environ["HOLDFAST_STATE_KEY"]), link_of(headers)
    found = []
    for number in range(9):
        # What the last run left is stored beside it: wait until it is, and for the right reason.
        while f'"count":{runs + number}}}' not in client.read(link, "page", ["s:key 0"])["s:key 0"].text:
            pass
        # Another session of the same tab, as after a restart: it has what the last one left, or the figure is worthless.
        with Tab(server, headers=headers) as tab:
            run = tab.run()
            assert run.text("count=") == str(runs + number + 1), run.texts
            found.append(json.loads(run.text("took="))["read"][-1])
    client.close()
    # The first runs store everything, and later ones what has changed.
    return {
        "run": statistics.median(took["run"][3:]),
        "stored": statistics.median(took["stored"][3:]),
        "read": statistics.median(found),
    }


main(int(sys.argv[1]))
