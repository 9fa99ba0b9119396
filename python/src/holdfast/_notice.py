"""What Holdfast says on stderr inside an app: one line, once."""

from __future__ import annotations

import sys


def notice(text: str) -> None:
    """Prints one line on stderr; a closed or missing stderr is no reason to fail."""
    try:
        print(f"holdfast: {text}", file=sys.stderr, flush=True)
    except (AttributeError, OSError, ValueError):
        pass
