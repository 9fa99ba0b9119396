"""Between `st.session_state` and a scope: `hydrate()` where the script begins, `persist()` where it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, overload

from holdfast._errors import StateError, joined
from holdfast._notice import notice
from holdfast._page_state import kept_keys, put
from holdfast._persist import Migrate, ScopeName, persisted
from holdfast._run import current_run
from holdfast._scope_run import text_of

T = TypeVar("T")
_PREFIX = "streamlit:"
_KNOWN = "__holdfast_hydrated"
_named: set[str] = set()


def hydrate(*keys: str, scope: ScopeName = "session", merge: Literal["keep", "overwrite"] = "keep") -> None:
    """Fills `st.session_state` with what `persist()` stored; call it before the first widget.

    `keys`: only these. `merge`: `keep` leaves alone what the page has already; with `overwrite` the
    store wins, and a key that was deleted elsewhere goes here too.
    """
    import streamlit as st

    if merge not in ("keep", "overwrite"):
        raise ValueError(f"merge is 'keep' or 'overwrite', not {merge!r}")
    kept = current_run().scope(scope)
    known = st.session_state.setdefault(_KNOWN, {})
    stored = [key.removeprefix(_PREFIX) for key in kept.names() if key.startswith(_PREFIX)]
    for key in stored:
        if (keys and key not in keys) or (merge == "keep" and key in st.session_state):
            continue
        value = kept.get(_PREFIX + key)
        known[scope, key] = text_of(key, value)
        if key not in st.session_state or _text(st.session_state[key]) != known[scope, key]:
            put(key, value)
    if merge == "overwrite":
        for where, key in [one for one in known if one[0] == scope and one[1] not in stored]:
            if not keys or key in keys:
                st.session_state.pop(key, None)
                del known[where, key]


@overload
def persist(
    name: str, /, *, scope: ScopeName = "session", version: int = 1, migrate: Migrate | None = None
) -> Callable[[type[T]], type[T]]: ...


@overload
def persist(*, keys: Iterable[str] | None = None, scope: ScopeName = "session") -> None: ...


def persist(
    name: str | None = None,
    /,
    *,
    keys: Iterable[str] | None = None,
    scope: ScopeName = "session",
    version: int = 1,
    migrate: Migrate | None = None,
) -> Callable[[type[T]], type[T]] | None:
    """With a name, a class decorator; without, stores what `st.session_state` holds.

    `@persist("app-state")` keeps the public fields of a class's objects; `version` and `migrate(fields,
    version)` are for when their form changes. `persist()` stores the keys whose values changed since
    `hydrate()`, and no others, so that two tabs keep both of theirs; `keys` limits it to some. What cannot be
    kept raises if it was asked for by name, and else is skipped and named once.
    """
    if name is not None:
        return persisted(name, scope=scope, version=version, migrate=migrate)
    _persist(None if keys is None else list(keys), scope)
    return None


def _persist(keys: list[str] | None, scope: ScopeName) -> None:
    import streamlit as st

    kept = current_run().scope(scope)
    known: dict[Any, str] = st.session_state.setdefault(_KNOWN, {})
    allowed = kept_keys()
    changed: dict[str, str | None] = {}
    failures: list[Exception] = []
    for key in allowed if keys is None else [key for key in keys if key in allowed]:
        try:
            text = text_of(key, st.session_state[key])
        except StateError as reason:
            if keys is not None:
                failures.append(reason)
            elif key not in _named:
                _named.add(key)
                notice(f"st.session_state[{key!r}] is not kept: {reason}")
            continue
        if known.get((scope, key)) != text:
            kept.set(_PREFIX + key, st.session_state[key])
            changed[key] = text
    for _, key in [one for one in known if one[0] == scope and one[1] not in st.session_state]:
        if keys is None or key in keys:
            changed[key] = None
            if kept.has(_PREFIX + key):
                kept.delete(_PREFIX + key)
    try:
        kept.flush()
    except Exception as reason:
        failures.append(reason)
    for key, stored in changed.items():
        if not kept.is_stored(_PREFIX + key):
            # The next call finds it changed still.
            continue
        if stored is None:
            del known[scope, key]
        else:
            known[scope, key] = stored
    if failures:
        raise joined(failures)


def _text(value: Any) -> str | None:
    try:
        return text_of("", value)
    except StateError:
        return None
