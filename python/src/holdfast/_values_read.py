"""Turns the tree that JSON gives into the value that was written."""

from __future__ import annotations

import datetime as dt
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from holdfast import _values_arrays as arrays
from holdfast._base64url import base64url
from holdfast._errors import StateError
from holdfast._values_write import DEEPEST

_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "-0": -0.0}
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,4299})", re.ASCII)
_DECIMAL = re.compile(r"-?(\d+(\.\d*)?|\.\d+)(E[+-]?\d+)?|-?(Infinity|s?NaN\d*)", re.ASCII)
_UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = r"\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d(:\d\d(\.\d{6})?)?)?"
_TIME = re.compile(_CLOCK, re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT" + _CLOCK, re.ASCII)
_FRACTION = re.compile(r"\.(\d{1,6})")
_BESIDE = {"$datetime": "zone", "$arrow": "as"}


def read(tree: Any) -> Any:
    """The value of a tree; `StateError` if it has a kind that this version does not know."""
    return _read(tree, 0)


def _read(tree: Any, depth: int) -> Any:
    if type(tree) is str:
        return _whole(tree)
    if not isinstance(tree, (dict, list)):
        return tree
    kind = None if isinstance(tree, list) else next((key for key in tree if key.startswith("$")), None)
    # Wrappers do not count: they are how a set is written, not what it lies in.
    if depth == DEEPEST and (kind is None or kind in _CONTAINERS):
        raise StateError("ERR_VALUE_DEPTH", f"the value is nested more than {DEEPEST} deep")
    if isinstance(tree, list):
        return [_read(one, depth + 1) for one in tree]
    if kind is None:
        return {_whole(key): _read(one, depth + 1) for key, one in tree.items()}
    return _read_kind(tree, kind, depth)


def _read_kind(tree: dict[str, Any], kind: str, depth: int) -> Any:
    beside = {key: one for key, one in tree.items() if key != kind}
    if set(beside) - {_BESIDE.get(kind)}:
        raise StateError("ERR_VALUE_SYNTAX", f"a {kind[:40]!r} with other keys beside it")
    data = tree[kind]
    lists = _LISTS.get(kind)
    try:
        if lists is not None:
            return lists([_read(one, depth + 1) for one in _list(data)])
        if kind == "$map":
            return {_read(key, depth + 1): _read(one, depth + 1) for key, one in map(_pair, _list(data))}
        if kind == "$object":
            if type(data) is not dict:
                raise ValueError("no object")
            return {_whole(key): _read(one, depth + 1) for key, one in data.items()}
        if kind == "$datetime":
            return _datetime(_text(data), beside.get("zone"))
        if kind == "$ndarray":
            return arrays.read_array(data, _bytes(data.get("data")))
        if kind == "$arrow":
            return arrays.read_table(_bytes(data), beside.get("as"))
        plain = _PLAIN.get(kind)
        if plain is not None:
            return plain(_text(data))
    except StateError:
        raise
    except (arrays.Unfit, TypeError, OverflowError) as reason:
        # Well written, but nothing that Python has: a set of lists, a table without pyarrow.
        raise StateError("ERR_VALUE_TYPE", f"a {kind} cannot be read in Python: {reason}") from None
    except (ValueError, KeyError, InvalidOperation, AttributeError) as reason:
        raise StateError("ERR_VALUE_SYNTAX", f"a {kind} is not written as one: {reason}") from None
    raise StateError(
        "ERR_VALUE_UNKNOWN",
        f"a value of the kind {kind[:40]!r} is unknown here, perhaps of a newer version; it is kept as it is",
    )


def _text(data: Any) -> str:
    if type(data) is not str:
        raise ValueError("it is no text")
    return _whole(data)


def _whole(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise StateError("ERR_VALUE_TEXT", "half a surrogate pair is no character") from None
    return text


def _list(data: Any) -> list[Any]:
    if type(data) is not list:
        raise ValueError("it is no list")
    return data


def _pair(entry: Any) -> tuple[Any, Any]:
    key, value = _list(entry)
    return key, value


def _bytes(given: Any) -> bytes:
    text = _text(given)
    if not re.fullmatch(r"[\w-]*", text, re.ASCII) or len(text) % 4 == 1:
        raise ValueError("it is no base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # Two spellings of the same bytes would be two values to whoever compares the text.
    if base64url(data) != text:
        raise ValueError("it has stray bits")
    return data


def _formed(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"{text[:40]!r}")
    return text


def _integer(text: str) -> int:
    return int(_formed(_INTEGER, text))


def _iso(form: re.Pattern[str], text: str) -> str:
    _formed(form, text)
    # Before 3.11 Python reads neither a Z nor a fraction of any length but 3 and 6.
    padded = _FRACTION.sub(lambda match: f".{match[1]:0<6}", text, count=1)
    return padded[:-1] + "+00:00" if padded.endswith("Z") else padded


def _datetime(text: str, zone: Any) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_iso(_DATETIME, text))
    if zone is None:
        return moment
    if moment.tzinfo is None:
        raise ValueError("it has a zone and no offset")
    try:
        known = ZoneInfo(_text(zone))
    except (KeyError, ValueError, OSError):
        # A zone that this machine has no rules for: the instant is right all the same.
        return moment
    # Among the two readings of an hour that the clock shows twice, the one with this offset.
    for fold in (0, 1):
        local = moment.replace(tzinfo=known, fold=fold)
        if local.utcoffset() == moment.utcoffset():
            return local
    return moment.astimezone(known)


_PLAIN: dict[str, Callable[[str], Any]] = {
    "$float": lambda text: _FLOATS[text],
    "$int": _integer,
    "$bytes": _bytes,
    "$date": lambda text: dt.date.fromisoformat(_formed(_DATE, text)),
    "$time": lambda text: dt.time.fromisoformat(_iso(_TIME, text)),
    "$duration": lambda text: dt.timedelta(microseconds=_integer(text)),
    "$decimal": lambda text: Decimal(_formed(_DECIMAL, text)),
    "$uuid": lambda text: UUID(_formed(_UUID, text)),
}

_LISTS: dict[str, Callable[[list[Any]], Any]] = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}

_CONTAINERS = {*_LISTS, "$map", "$object"}
