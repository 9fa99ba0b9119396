"""The written form of values, which Python and TypeScript share: JSON text, and nothing that executes.

What JSON has is itself. Everything else is an object with one key that begins with `$`. There is no
pickle in it and no class is revived by its name: only the kinds below come back, as themselves.
"""

from __future__ import annotations

import json
from typing import Any

from holdfast._errors import StateError
from holdfast._values_read import read
from holdfast._values_write import to_text, write


def encode(value: object) -> str:
    """The written form of `value`; raises `StateError` that says what in it cannot be kept, and where.

    Types are matched exactly: a subclass may hold more than its parent, and would come back as less.
    """
    return to_text(write(value))


def decode(text: str) -> Any:
    """The value that `text` is the written form of, or `StateError` if it is none that Python knows."""
    try:
        tree = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise StateError("ERR_VALUE_DEPTH", "the value is nested too deep to be read") from None
    except ValueError as reason:
        raise StateError("ERR_VALUE_SYNTAX", f"the value is no JSON: {reason}") from None
    return read(tree)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is beyond all numbers")
    return number
