"""Dataclasses and enums as plain data, and back by the annotation of where they lie.

What is stored names no class. An annotation in the app's own code says what to make of it, so data
cannot choose what is built from it.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Any, Union

_LISTS = (list, tuple, set, frozenset)


class Misfit(ValueError):
    """Says which stored value is none for its annotation."""


def to_plain(value: Any, hint: Any) -> Any:
    """The value with dataclasses as dicts and enums as their names, wherever the annotation tells of them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if _choice(hint, type(value)) is None:
            return value
        hints = typing.get_type_hints(type(value))
        fields = dataclasses.fields(value)
        return {one.name: to_plain(getattr(value, one.name), hints.get(one.name)) for one in fields}
    if isinstance(value, enum.Enum):
        return value if _choice(hint, type(value)) is None else value.name
    kind = type(value)
    if kind in _LISTS:
        inner = _inner(hint, kind, len(value))
        return kind(to_plain(one, inner[at]) for at, one in enumerate(value)) if any(inner) else value
    if kind is dict:
        (inside,) = _inner(hint, dict, 1)
        return {key: to_plain(one, inside) for key, one in value.items()} if inside is not None else value
    return value


def from_plain(value: Any, hint: Any) -> Any:
    """What `to_plain` was given; `Misfit` if the value is none for the annotation."""
    if hint is None or hint is Any or isinstance(hint, typing.TypeVar):
        return value
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of(value, typing.get_args(hint))
    if origin is typing.Annotated:
        return from_plain(value, typing.get_args(hint)[0])
    if origin is typing.Literal:
        if value in typing.get_args(hint):
            return value
        raise Misfit(f"{value!r} is none of {typing.get_args(hint)}")
    kind: Any = origin or hint
    if not isinstance(kind, type):
        return value
    if dataclasses.is_dataclass(kind):
        return _dataclass(value, kind)
    if issubclass(kind, enum.Enum):
        if isinstance(value, str) and value in kind.__members__:
            return kind[value]
        raise Misfit(f"{value!r} is no {kind.__name__}")
    if kind is float and type(value) is int:
        # TypeScript has one kind of number, and writes 1.0 as 1.
        return float(value)
    if not isinstance(value, kind) or (type(value) is bool and kind is int):
        raise Misfit(f"a {type(value).__name__} is no {kind.__name__}")
    return _container(value, hint, kind)


def _container(value: Any, hint: Any, kind: Any) -> Any:
    if kind in _LISTS:
        inner = _inner(hint, kind, len(value))
        return kind(from_plain(one, inner[at]) for at, one in enumerate(value)) if any(inner) else value
    if kind is dict:
        (inside,) = _inner(hint, dict, 1)
        return {key: from_plain(one, inside) for key, one in value.items()} if inside is not None else value
    return value


def hints_of(kind: type) -> dict[str, Any]:
    """The annotations of a class and its bases; none where they name what is not there at run time."""
    try:
        return typing.get_type_hints(kind)
    except (NameError, TypeError, AttributeError):
        return {}


def _one_of(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            if hint is type(None):
                if value is None:
                    return None
                continue
            return from_plain(value, hint)
        except Misfit:
            continue
    raise Misfit(f"a {type(value).__name__} is none of {', '.join(map(str, hints))}")


def _dataclass(value: Any, kind: Any) -> Any:
    if type(value) is not dict:
        raise Misfit(f"a {type(value).__name__} is no {kind.__name__}")
    hints = typing.get_type_hints(kind)
    fields = [one for one in dataclasses.fields(kind) if one.name in value]
    try:
        made = kind(
            **{one.name: from_plain(value[one.name], hints.get(one.name)) for one in fields if one.init}
        )
    except TypeError as reason:
        raise Misfit(f"no {kind.__name__}: {reason}") from None
    for one in fields:
        if not one.init:
            object.__setattr__(made, one.name, from_plain(value[one.name], hints.get(one.name)))
    return made


def _inner(hint: Any, kind: type, length: int) -> list[Any]:
    """The annotations of a container's parts: of a dict that of its values."""
    for one in _choices(hint):
        origin, arguments = typing.get_origin(one), typing.get_args(one)
        if origin is not kind or not arguments:
            continue
        if kind is dict:
            return [arguments[1]]
        if kind is tuple and not (len(arguments) == 2 and arguments[1] is ...):
            return [*arguments, *[None] * length][:length]
        return [arguments[0]] * length
    return [None] * (1 if kind is dict else length)


def _choice(hint: Any, kind: type) -> Any:
    return next((one for one in _choices(hint) if one is kind), None)


def _choices(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    return typing.get_args(hint) if typing.get_origin(hint) in (Union, types.UnionType) else (hint,)
