"""`@persist("name")`: a class whose objects are as the person left them.

An object of it holds nothing. Whatever is asked of it goes to the body that belongs to the script run
that asks, so an object at the top of a shared module is each person's own. The body is made as the
class says, gets the fields that are kept, and when the run ends each field that changed is stored by
itself, under `name/field`: two tabs that change different fields both keep theirs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from holdfast._errors import StateError, joined
from holdfast._notice import notice
from holdfast._run import Run, current_run
from holdfast._scope_run import ScopeRun
from holdfast._typed import Misfit, from_plain, hints_of, to_plain

T = TypeVar("T")
ScopeName = Literal["tab", "session", "user", "app"]
Migrate = Callable[[dict[str, Any], int], dict[str, Any]]


@dataclass(frozen=True)
class _Plan:
    """How a class is kept."""

    kind: type[Any]
    name: str
    scope: ScopeName
    version: int
    migrate: Migrate | None


def persisted(
    name: str, *, scope: ScopeName = "session", version: int = 1, migrate: Migrate | None = None
) -> Callable[[type[T]], type[T]]:
    """A decorator whose classes keep their objects' public fields under `name` in a scope."""
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError('persist needs a name without slashes, such as persist("app-state")')
    if type(version) is not int or version < 1:
        raise ValueError(f"version must be a whole number from 1 on, not {version!r}")

    def decorate(kind: type[T]) -> type[T]:
        handles: type[T] = _handle_class(_Plan(kind, name, scope, version, migrate))
        return handles

    return decorate


def _handle_class(plan: _Plan) -> Any:
    kind = plan.kind

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        handle = object.__new__(cls)
        object.__setattr__(handle, "_holdfast_arguments", (args, kwargs))
        return handle

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        # The body is made when it is first asked for, in the run that asks.
        return None

    def __getattribute__(self: Any, attribute: str) -> Any:
        return kind if attribute == "__class__" else getattr(_body(plan, self), attribute)

    def __setattr__(self: Any, attribute: str, value: Any) -> None:
        setattr(_body(plan, self), attribute, value)

    def __delattr__(self: Any, attribute: str) -> None:
        delattr(_body(plan, self), attribute)

    members: dict[str, Any] = {
        "__new__": __new__,
        "__init__": __init__,
        "__getattribute__": __getattribute__,
        "__setattr__": __setattr__,
        "__delattr__": __delattr__,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    # Python looks these up on the class, past __getattribute__.
    for special in _SPECIAL:
        if getattr(kind, special, None) is not getattr(object, special, None):
            members[special] = _forwarded(plan, special)
    return type(kind.__name__, (kind,), members)


_SPECIAL = (
    *("__repr__", "__str__", "__eq__", "__hash__", "__bool__", "__len__", "__iter__", "__contains__"),
    *("__getitem__", "__setitem__", "__delitem__", "__call__", "__lt__", "__le__", "__gt__", "__ge__"),
)


def _forwarded(plan: _Plan, special: str) -> Any:
    if getattr(plan.kind, special) is None:
        return None

    @functools.wraps(getattr(plan.kind, special))
    def forward(self: Any, *args: Any) -> Any:
        others = (_body(plan, one) if type(one) is type(self) else one for one in args)
        return getattr(plan.kind, special)(_body(plan, self), *others)

    return forward


def _body(plan: _Plan, handle: Any) -> Any:
    run = current_run()
    with run.lock:
        body = run.kept.get(plan)
        if body is None:
            args, kwargs = object.__getattribute__(handle, "_holdfast_arguments")
            body = run.kept[plan] = plan.kind(*args, **kwargs)
            try:
                _load(plan, run, body)
            except BaseException:
                del run.kept[plan]
                raise
        return body


def _load(plan: _Plan, run: Run, body: Any) -> None:
    scope = run.scope(plan.scope)
    known = _version(scope, plan)
    if known > plan.version:
        # An older release beside a newer one, as while one is being deployed: it reads and writes nothing.
        notice(f"{plan.name} is kept in version {known}, and this app knows {plan.version}: it starts empty")
        return
    start = f"{plan.name}/"
    fields = {key.removeprefix(start): scope.get(key) for key in scope.names() if key.startswith(start)}
    if known < plan.version and fields and plan.migrate is not None:
        fields = plan.migrate(fields, known)
    hints = hints_of(plan.kind)
    for name, value in fields.items():
        hint = _hint(hints, body, name)
        try:
            setattr(body, name, from_plain(value, hint))
        except Misfit as reason:
            notice(f"{plan.name}.{name} starts anew, since what is kept is none for its annotation: {reason}")
        except AttributeError:
            # The class has no such field any more.
            continue
    before, refused = _texts(plan, body, hints)
    if refused:
        raise joined(list(refused.values()))
    migrated = known < plan.version and bool(fields)
    run.before_flush(lambda: _collect(plan, scope, body, {} if migrated else before, migrated))


def _collect(plan: _Plan, scope: ScopeRun, body: Any, before: dict[str, Any], migrated: bool) -> None:
    now, refused = _texts(plan, body, hints_of(plan.kind))
    if migrated and refused:
        # Half of the old form and half of the new would be neither.
        raise joined(list(refused.values()))
    start = f"{plan.name}/"
    for name, (plain, text) in now.items():
        if before.get(name, (None, None))[1] != text:
            scope.set(start + name, plain)
            before[name] = (plain, text)
    gone = set(before) - set(now) - set(refused)
    if migrated:
        gone |= {key.removeprefix(start) for key in scope.names() if key.startswith(start)} - set(now)
    for name in gone:
        before.pop(name, None)
        if scope.has(start + name):
            scope.delete(start + name)
    if any(key.startswith(start) for key in scope.names()) and _version(scope, plan, 0) != plan.version:
        scope.set(plan.name, {"version": plan.version})
    if refused:
        raise joined(list(refused.values()))


def _texts(plan: _Plan, body: Any, hints: dict[str, Any]) -> tuple[dict[str, Any], dict[str, StateError]]:
    """Each public field as plain data and as text, which is compared; and why which cannot be kept."""
    from holdfast._scope_run import text_of

    texts: dict[str, Any] = {}
    refused: dict[str, StateError] = {}
    for name in _fields(body):
        plain = to_plain(getattr(body, name), _hint(hints, body, name))
        try:
            texts[name] = (plain, text_of(f"{plan.name}/{name}", plain))
        except StateError as reason:
            refused[name] = reason
    return texts, refused


def _fields(body: Any) -> list[str]:
    slots = [name for kind in type(body).__mro__ for name in _listed(getattr(kind, "__slots__", ()))]
    names = [*getattr(body, "__dict__", {}), *slots]
    return [name for name in dict.fromkeys(names) if not name.startswith("_") and hasattr(body, name)]


def _listed(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots)


def _hint(hints: dict[str, Any], body: Any, name: str) -> Any:
    """The field's annotation; without one, the class of a dataclass or enum that it has by default."""
    if name in hints:
        return hints[name]
    import dataclasses
    import enum

    value = getattr(body, name, None)
    is_own = dataclasses.is_dataclass(value) or isinstance(value, enum.Enum)
    return type(value) if is_own else None


def _version(scope: ScopeRun, plan: _Plan, otherwise: int = 1) -> int:
    try:
        kept = scope.get(plan.name)
    except (KeyError, StateError):
        return otherwise
    version = kept.get("version") if type(kept) is dict else None
    return version if type(version) is int else otherwise
