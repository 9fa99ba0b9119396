"""State at the top of a module that every session of the process shares."""

import holdfast
from holdfast import state

S = state.session


def start(self: object) -> None:
    self.value = None  # type: ignore[attr-defined]
    self.who = None  # type: ignore[attr-defined]


theirs = [holdfast.persist(f"theirs-{n}")(type(f"Theirs{n}", (), {"__init__": start}))() for n in range(5)]
first = theirs[0]
