"""Continuity where cookies cannot go: a token in the address finds what the page held, through F5.

```python
import streamlit as st
from holdfast.url_session import ensure_url_session, hydrate_url_session, persist_url_session

ensure_url_session(st)
hydrate_url_session(st)
...
persist_url_session(st)
```

The token finds state and nothing else: it never signs anyone in, and what was made while signed in is
found by that person alone. It stays in the address through page changes. Without `store` the gateway
keeps the state, and where there is none this process; any object with `get`, `set` and `delete` will do.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from holdfast import _page_state
from holdfast._errors import StateError, joined
from holdfast._notice import notice
from holdfast._run_end import at_run_end, calls_at_run_end
from holdfast._typed import from_plain
from holdfast._url_settings import checked_ttl, is_off, parameter
from holdfast._url_store import (
    GatewaySessionStore,
    InMemorySessionStore,
    OwnStore,
    SessionStore,
    default_store,
    new_session_id,
)
from holdfast._values import decode, encode
from holdfast._values_read import read

__all__ = [
    "GatewaySessionStore",
    "InMemorySessionStore",
    "SessionStore",
    "ensure_url_session",
    "hydrate_url_session",
    "hydrate_url_session_typed",
    "new_session_id",
    "persist_url_session",
]

M = TypeVar("M")
_TOKENS = "__holdfast_url_tokens"
_KNOWN = "__holdfast_url_known"
_LONGEST_TOKEN = 256
_IN_DOUBT = ""
_named: set[str] = set()


def ensure_url_session(
    st: Any,
    store: SessionStore | None = None,
    *,
    param: str | None = None,
    initial: Mapping[str, Any] | None = None,
    ttl_seconds: float | None = None,
) -> str:
    """The token in the address, if it leads to a session that may be used here; else a new one, put there.

    What clients invent is never adopted. `initial` is what a new session starts with. An `ttl_seconds`
    of 0 or less is refused.
    """
    ttl = checked_ttl(ttl_seconds)
    name = parameter(param)
    if is_off():
        return _in_address(st, name) or ""
    held: Any = default_store() if store is None else store
    presented = _presented(st, name)
    token: str
    if _is_own(held):
        token, created = held.ensure(presented, ttl)
    elif presented is not None and held.get(presented) is not None:
        token, created = presented, False
    else:
        token, created = new_session_id(), True
        held.set(token, {}, ttl_seconds=ttl)
    refused: Mapping[str, StateError] | None = None
    if created:
        _known(st).pop(name, None)
        if initial:
            refused = _apply(held, token, {key: encode(value) for key, value in initial.items()}, ttl)
    _remember(st, name, token)
    if refused:
        raise joined(list(refused.values()))
    return token


def hydrate_url_session(
    st: Any, store: SessionStore | None = None, *, param: str | None = None, merge: bool = True
) -> str | None:
    """Fills `st.session_state` with what the token in the address finds; the token, or None without one.

    With `merge` what the page has already stays as it is; without, the store wins.
    """
    name = parameter(param)
    token = None if is_off() else _presented(st, name)
    if token is None:
        return None
    texts = _texts(default_store() if store is None else store, token)
    known = _known(st).setdefault(name, {})
    for key, text in (texts or {}).items():
        if key.startswith("__") or (merge and key in st.session_state):
            continue
        try:
            value = decode(text)
        except StateError as reason:
            _name_once(key, reason)
            continue
        known[key] = text
        if _is_streamlit(st):
            _page_state.put(key, value)
        else:
            st.session_state[key] = value
    return token


def hydrate_url_session_typed(
    st: Any,
    store: SessionStore | None,
    model: type[M],
    *,
    param: str | None = None,
    merge: bool = True,
    strict: bool = False,
) -> tuple[str | None, M | None]:
    """As `hydrate_url_session`, and what was found as a `model`: a dataclass, or a class of pydantic's.

    What does not fit is None; with `strict` it raises.
    """
    token = hydrate_url_session(st, store, param=param, merge=merge)
    texts = None if token is None else _texts(default_store() if store is None else store, token)
    if texts is None:
        return token, None
    try:
        found = {key: decode(text) for key, text in texts.items() if not key.startswith("__")}
        validate = getattr(model, "model_validate", None)
        if validate is None and not dataclasses.is_dataclass(model):
            raise TypeError(f"{model.__name__} is neither a dataclass nor a model of pydantic's")
        return token, cast(M, from_plain(found, model) if validate is None else validate(found))
    except (ValueError, StateError):
        if strict:
            raise
        return token, None


def persist_url_session(
    st: Any,
    store: SessionStore | None = None,
    *,
    param: str | None = None,
    ttl_seconds: float | None = None,
) -> str | None:
    """Stores what changed in `st.session_state` since it was hydrated; the token, or None without one.

    Key by key: two tabs with the same token keep both of theirs, and what one of them deleted the other
    does not bring back. What cannot be kept is left out, and named once.
    """
    ttl = checked_ttl(ttl_seconds)
    name = parameter(param)
    token = None if is_off() else _presented(st, name)
    if token is None:
        return None
    try:
        now = _snapshot(st)
    except Exception as reason:
        notice(f"st.session_state could not be read, and was not stored: {reason!r}")
        return token
    known = _known(st).setdefault(name, {})
    changes: dict[str, str | None] = {key: text for key, text in now.items() if known.get(key) != text}
    changes.update({key: None for key in known if key not in st.session_state})
    held = default_store() if store is None else store
    try:
        refused = _apply(held, token, changes, ttl) if changes else {}
    except Exception:
        # It may be stored or not: the next call writes these keys again, whatever they hold by then.
        known.update(dict.fromkeys(changes, _IN_DOUBT))
        raise
    if refused is None:
        # It ended meanwhile: what the page holds goes into a new one.
        token = ensure_url_session(st, store, param=param, ttl_seconds=ttl_seconds)
        known = _known(st).setdefault(name, {})
        changes = dict(now)
        refused = _apply(held, token, changes, ttl)
    if refused is None:
        return token
    for key, text in changes.items():
        if key in refused:
            _name_once(key, refused[key])
        elif text is None:
            known.pop(key, None)
        else:
            known[key] = text
    return token


def _snapshot(st: Any) -> dict[str, str]:
    is_real = _is_streamlit(st)
    keys = _page_state.kept_keys() if is_real else [str(key) for key in st.session_state]
    texts = {}
    for key in keys:
        value = st.session_state[key]
        if key.startswith("__") or getattr(type(value), "holdfast_unkept", False):
            continue
        try:
            texts[key] = encode(value)
        except StateError as reason:
            _name_once(key, reason)
    return texts


def _name_once(key: str, reason: StateError) -> None:
    if key not in _named and len(_named) < 100:
        _named.add(key)
        notice(f"st.session_state[{key!r}] is not in the URL session: {reason}")


def _is_own(store: Any) -> bool:
    return isinstance(store, (GatewaySessionStore, InMemorySessionStore))


def _texts(store: Any, token: str) -> dict[str, str] | None:
    if _is_own(store):
        return cast(OwnStore, store).texts(token)
    found = store.get(token)
    if found is None:
        return None
    # Another's store keeps JSON: what JSON has no word for lies in it as it is written.
    return {str(key): encode(read(value)) for key, value in found.items()}


def _apply(
    store: Any, token: str, changes: Mapping[str, str | None], ttl: float | None
) -> dict[str, StateError] | None:
    """What was refused; None if the session has ended."""
    if _is_own(store):
        return cast(OwnStore, store).apply(token, changes)
    found = store.get(token)
    if found is None:
        return None
    for key, text in changes.items():
        if text is None:
            found.pop(key, None)
        else:
            found[key] = json.loads(text)
    store.set(token, found, ttl_seconds=ttl)
    return {}


def _presented(st: Any, name: str) -> str | None:
    """The token in the address; where a page change has dropped it, the one that this page had."""
    return _in_address(st, name) or st.session_state.get(_TOKENS, {}).get(name)


def _in_address(st: Any, name: str) -> str | None:
    value = st.query_params.get(name)
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN else None


def _known(st: Any) -> dict[str, dict[str, str]]:
    if _KNOWN not in st.session_state:
        st.session_state[_KNOWN] = {}
    known: dict[str, dict[str, str]] = st.session_state[_KNOWN]
    return known


def _remember(st: Any, name: str, token: str) -> None:
    if _in_address(st, name) != token:
        st.query_params[name] = token
    st.session_state[_TOKENS] = {**st.session_state.get(_TOKENS, {}), name: token}
    if _is_streamlit(st):
        # Pages that do not call ensure_url_session keep it in their address too.
        at_run_end(_put_back)
        calls_at_run_end()


def _put_back(ctx: Any) -> None:
    import streamlit as st

    for name, token in st.session_state.get(_TOKENS, {}).items():
        if not is_off() and name not in st.query_params:
            st.query_params[name] = token


def _is_streamlit(st: Any) -> bool:
    return st is sys.modules.get("streamlit")
