"""Who has signed in during this very script run; no other run sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast._user import User

_ATTRIBUTE = "_holdfast_signed_in"


def just_signed_in() -> User | None:
    """The person whom this run has signed in."""
    known: User | None = getattr(_context(), _ATTRIBUTE, None)
    return known


def note_signed_in(person: User) -> bool:
    """Lets this run know; False where its end would go unnoticed, so that the next one would know too."""
    from holdfast._run_end import at_run_end, calls_at_run_end

    at_run_end(_forget)
    if not calls_at_run_end():
        return False
    setattr(_context(), _ATTRIBUTE, person)
    return True


def _forget(ctx: Any) -> None:
    # Streamlit uses one context for run after run of a page.
    setattr(ctx, _ATTRIBUTE, None)


def _context() -> Any:
    if "streamlit" not in sys.modules:
        return None
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    return get_script_run_ctx(suppress_warning=True)
