"""What people were working on, kept through F5, restarts and replicas.

```python
from holdfast import state

draft = st.text_area("Draft", state.session.get("draft", ""))
state.session["draft"] = draft
```

`tab` is this browser tab's, `session` this browser's, `user` follows the person to every device, and
`app` is everybody's. All are mappings, ready in the first run, and hold nothing themselves: whose
state it is, is asked anew in each run, so they may be imported into any module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from holdfast._errors import StateError
from holdfast._link import link_of
from holdfast._run import Run, current_run
from holdfast._scope import Scope
from holdfast._scope_run import Conflict, ScopeRun

__all__ = ["Conflict", "Scope", "State", "StateError", "app", "of", "session", "tab", "user"]


def _of_this_run(name: str) -> ScopeRun:
    return current_run().scope(name)


tab = Scope("tab", _of_this_run)
"""Of this browser tab. Ends with the session."""

session = Scope("session", _of_this_run)
"""Of this browser, as long as it is signed in."""

user = Scope("user", _of_this_run)
"""Of the person, wherever they sign in. `StateError` (`ERR_STATE_ANONYMOUS`) while nobody is."""

app = Scope("app", _of_this_run)
"""Everybody's."""


@dataclass(frozen=True)
class State:
    """The four scopes of one request's session."""

    tab: Scope
    session: Scope
    user: Scope
    app: Scope


@contextmanager
def of(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterator[State]:
    """The state that belongs to a request, for Flask, Dash, FastAPI and all that have its headers.

    What changed is stored at the end of the `with` block; an exception in it stores nothing.
    """
    run = Run(link_of(headers))
    yield State(*(Scope(name, run.scope) for name in ("tab", "session", "user", "app")))
    run.flush()
