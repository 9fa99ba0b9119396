"""What Holdfast says on stderr inside an app: one line, once."""

from __future__ import annotations

import contextlib
import sys


def notice(text: str) -> None:
    """Prints one line on stderr; a closed or missing stderr is no reason to fail."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        print(f"holdfast: {text}", file=sys.stderr, flush=True)
