"""Starts the gateway's own state API (`state_gateway.ts`), and makes sessions in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Gateway:
    """A running state API."""

    url: str
    key: str
    child: subprocess.Popen[str]
    # One line is one answer: two threads that ask at once would read half of each other's, or wait for ever.
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """What an app finds it by."""
        return {"HOLDFAST_URL": self.url, "HOLDFAST_STATE_KEY": self.key}

    def session(
        self, user: str | None = "anna", tab: str = "one-tab-of-the-session", authenticator: str = "test"
    ) -> dict[str, str]:
        """The headers of a request in a new session of this user; None for nobody."""
        made = self._ask({"do": "session", "user": user, "authenticator": authenticator})
        links = {"Holdfast-Session": made["capability"], "Holdfast-Page": made["page"]}
        return {**links, "Holdfast-Tab": tab, "sid": made["sid"]}

    def end(self, headers: dict[str, str]) -> None:
        """Ends the session."""
        assert self._ask({"do": "end", "sid": headers["sid"]}) == {"ended": True}

    @contextmanager
    def failing_revocations(self) -> Iterator[None]:
        """For the time of the block, the store can end the sessions of nobody."""
        assert self._ask({"do": "revocations", "fail": True}) == {"fail": True}
        try:
            yield
        finally:
            assert self._ask({"do": "revocations", "fail": False}) == {"fail": False}

    def copy(self, headers: dict[str, str], key: str, to: str) -> None:
        """Has TypeScript read a value of the session, and write what it has under another key."""
        asked = {"do": "copy", "capability": headers["Holdfast-Session"], "from": key, "to": to}
        assert self._ask(asked) == {"copied": True}

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        with self._turn:
            self.child.stdin.write(json.dumps(question) + "\n")
            self.child.stdin.flush()
            answer: dict[str, Any] = json.loads(self.child.stdout.readline())
        return answer


@contextmanager
def state_gateway() -> Iterator[Gateway]:
    """A state API for the time of the block; what it keeps ends with it."""
    path = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    command = [str(node), str(HERE / "state_gateway.ts")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            told = json.loads(child.stdout.readline())
            yield Gateway(told["url"], told["key"], child)
        finally:
            child.terminate()
            child.wait(timeout=10)
