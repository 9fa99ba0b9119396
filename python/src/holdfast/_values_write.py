"""Turns values into the tree that is written as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from holdfast import _values_arrays as arrays
from holdfast._base64url import base64url
from holdfast._errors import StateError

DEEPEST = 100
"""How many lists, dicts and sets may lie within one another."""

LARGEST_INTEGER = 2**53 - 1
"""JavaScript's numbers hold integers up to here; what is beyond is written as text."""

MOST_DIGITS = 4300
"""Longer integers Python itself refuses to read (CVE-2020-10735)."""


def write(value: object) -> Any:
    """The tree of `value`, for `json.dumps`."""
    return _Writer().write(value)


def to_text(tree: Any) -> str:
    """JSON text in the one spelling that both languages write: compact, nothing escaped without need."""
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


class _Writer:
    """One value's way into its tree; it knows where in the value it is."""

    def __init__(self) -> None:
        self._path: list[object] = []
        self._within: set[int] = set()

    def write(self, value: object) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        plain = _PLAIN.get(kind)
        if plain is not None:
            return plain(self, value)
        nested = _NESTED.get(kind)
        if nested is not None:
            return self._nested(nested, value)
        return self._foreign(value)

    def _nested(self, write: Callable[[_Writer, Any], Any], value: object) -> Any:
        if id(value) in self._within:
            raise self._refusal("ERR_VALUE_CYCLE", "it contains itself")
        if len(self._within) == DEEPEST:
            raise self._refusal("ERR_VALUE_DEPTH", f"it is nested more than {DEEPEST} deep")
        self._within.add(id(value))
        tree = write(self, value)
        self._within.discard(id(value))
        return tree

    def _at(self, step: object, value: object) -> Any:
        self._path.append(step)
        tree = self.write(value)
        self._path.pop()
        return tree

    def text(self, value: str) -> str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise self._refusal(
                    "ERR_VALUE_TEXT", "text with half a surrogate pair, which UTF-8 cannot write"
                ) from None
        return value

    def integer(self, value: int) -> Any:
        if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            return value
        # Told by its bits, since writing the digits is what can take for ever.
        if value.bit_length() > MOST_DIGITS * 3.33:
            raise self._unfit(f"an integer of more than {MOST_DIGITS} digits")
        return {"$int": str(value)}

    def number(self, value: float) -> Any:
        if value == value and value not in (float("inf"), float("-inf")):
            return {"$float": "-0"} if value == 0 and str(value) == "-0.0" else value
        return {"$float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}

    def items(self, value: Any) -> list[Any]:
        return [self._at(index, one) for index, one in enumerate(value)]

    def unordered(self, value: Any) -> list[Any]:
        # Hashes of text differ between processes; the same set has to be the same text in all of them.
        return sorted(self.items(value), key=to_text)

    def mapping(self, value: dict[object, object]) -> Any:
        if not all(type(key) is str for key in value):
            return {
                "$map": [[self._at(f"key {key!r}", key), self._at(key, one)] for key, one in value.items()]
            }
        tree = {self.text(str(key)): self._at(key, one) for key, one in value.items()}
        return {"$object": tree} if any(key.startswith("$") for key in tree) else tree

    def _foreign(self, value: object) -> Any:
        numpy, pandas, pyarrow = (sys.modules.get(name) for name in ("numpy", "pandas", "pyarrow"))
        try:
            if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
                return arrays.write_array(value)
            if pandas is not None and type(value) in (pandas.DataFrame, pandas.Series):
                return arrays.write_frame(value)
            if pyarrow is not None and type(value) is pyarrow.Table:
                return arrays.write_table(value)
        except arrays.Unfit as reason:
            raise self._unfit(str(reason)) from None
        raise self._unfit(_described(value))

    def _unfit(self, what: str) -> StateError:
        return self._refusal("ERR_VALUE_TYPE", what)

    def _refusal(self, code: str, what: str) -> StateError:
        # Enough to find it by; the names in a hundred levels would hide what is wrong.
        steps = "".join(f"[{step!r}]"[:60] for step in self._path[:12])
        return StateError(code, f"value{steps}{'…' if len(self._path) > 12 else ''} cannot be kept: {what}")


def _described(value: object) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}. Make it plain data first"


def _datetime(writer: _Writer, value: dt.datetime) -> Any:
    zone = getattr(value.tzinfo, "key", None)
    if isinstance(zone, str):
        return {"$datetime": value.isoformat(), "zone": writer.text(zone)}
    if value.tzinfo is not dt.timezone.utc:
        return {"$datetime": value.isoformat()}
    # As JavaScript's Date writes itself, where it can hold it.
    digits = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return {"$datetime": value.replace(tzinfo=None).isoformat(timespec=digits) + "Z"}


def _time(writer: _Writer, value: dt.time) -> Any:
    if value.tzinfo is not None and value.utcoffset() is None:
        raise writer._unfit("a time in a named zone, whose offset depends on the day. Use a datetime")
    return {"$time": value.isoformat()}


_PLAIN: dict[type, Callable[[_Writer, Any], Any]] = {
    str: _Writer.text,
    int: _Writer.integer,
    float: _Writer.number,
    bytes: lambda _, value: {"$bytes": base64url(value)},
    bytearray: lambda _, value: {"$bytes": base64url(bytes(value))},
    dt.datetime: _datetime,
    dt.date: lambda _, value: {"$date": value.isoformat()},
    dt.time: _time,
    dt.timedelta: lambda _, value: {"$duration": str(value // dt.timedelta(microseconds=1))},
    Decimal: lambda _, value: {"$decimal": str(value)},
    UUID: lambda _, value: {"$uuid": str(value)},
}

_NESTED: dict[type, Callable[[_Writer, Any], Any]] = {
    list: _Writer.items,
    tuple: lambda writer, value: {"$tuple": writer.items(value)},
    dict: _Writer.mapping,
    set: lambda writer, value: {"$set": writer.unordered(value)},
    frozenset: lambda writer, value: {"$frozenset": writer.unordered(value)},
}
