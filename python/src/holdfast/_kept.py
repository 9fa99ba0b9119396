"""What the store keeps of one tab's Streamlit session: plain `st.session_state`, and its widgets' values.

A key of the store is `s:` and the key in `st.session_state`, or `w:` and the id of a widget. Of a widget
the value itself is kept where it can be written; else (enums, options of the app's own classes) what
its page would report, which the widget's own deserializer turns into its value when it is drawn again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from holdfast._client import Change, Entry
from holdfast._errors import StateError
from holdfast._link import Link
from holdfast._names import Names
from holdfast._scope_run import LARGEST_VALUE
from holdfast._values import decode, encode
from holdfast._values_read import read
from holdfast._values_write import to_text

_WIDGET = "$$ID"
_INTERNAL = ("$$", "__holdfast")
_LONGEST_KEY = 1000
# Presses are over, and files are held by the process: neither is anything to come back to.
NOT_KEPT = frozenset(
    {
        "trigger_value",
        "string_trigger_value",
        "json_trigger_value",
        "chat_input_value",
        "file_uploader_state_value",
    }
)
_ATOMS = (type(None), bool, int, float, str, bytes)


@dataclass(eq=False)
class Kept:
    """One tab's session: whose it is, and what of it the store is known to hold."""

    link: Link
    waiting: bool
    """Whether the session is new, and has yet to be given what the store keeps."""

    wires: dict[str, bytes] = field(default_factory=dict)
    """Widgets' reports, to be understood when the script draws them."""

    stored: dict[str, bytes] = field(default_factory=dict)
    """Digests of what the store holds, by its keys."""

    atoms: dict[str, Any] = field(default_factory=dict)
    """Values that cannot change inside: the same object again needs no second look."""

    passwords: set[str] = field(default_factory=set)
    """Widgets that passwords are typed into: SECURITY: not even sealed do they belong in a store."""

    refused: set[str] = field(default_factory=set)
    """Keys whose values cannot be kept, and were said to be so."""

    ended: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What a session held when a run ended. Texts are final; of the rest only references were taken."""

    texts: dict[str, str]
    plain: dict[str, Any]
    untouched: frozenset[str]


def give_back(names: Names, kept: Kept, state: Any, entries: Mapping[str, Entry]) -> list[str]:
    """Puts what the store keeps into a new session, before its first run; the keys that could not be read."""
    unread = []
    for stored_key, entry in entries.items():
        kept.stored[stored_key] = _digest(entry.text)
        kind, key = stored_key[:2], stored_key[2:]
        try:
            if kind == "s:":
                state._old_state.setdefault(key, decode(entry.text))
            elif kind == "w:" and key.startswith(_WIDGET):
                _give_widget(kept, state, key, json.loads(entry.text))
        except (StateError, ValueError, TypeError, KeyError, AttributeError):
            unread.append(key)
    return unread


def _give_widget(kept: Kept, state: Any, widget_id: str, tree: Any) -> None:
    user_key = tree.get("key")
    if isinstance(user_key, str):
        # So that st.session_state[key] is there before the widget is drawn, as in any later run.
        state._key_id_mapper[user_key] = widget_id
    if "wire" in tree:
        kept.wires[widget_id] = read(tree["wire"])
    else:
        state._old_state.setdefault(widget_id, read(tree["value"]))


def understand(names: Names, kept: Kept, state: Any, metadata: Any) -> None:
    """Gives a widget that is about to be drawn the value that its page once reported."""
    wire = kept.wires.pop(metadata.id, None)
    if wire is None or metadata.id in state._old_state or metadata.id in state._new_widget_state.states:
        return
    reported = names.widget_state()
    reported.ParseFromString(wire)
    if reported.id != metadata.id:
        return
    alone = names.wstates()
    alone.set_widget_from_proto(reported)
    alone.set_widget_metadata(metadata)
    state._old_state[metadata.id] = alone[metadata.id]


def take(names: Names, kept: Kept, state: Any) -> tuple[Snapshot, dict[str, str]]:
    """What the session holds now, and why which widgets cannot be kept. For the script's thread."""
    texts: dict[str, str] = {}
    plain: dict[str, Any] = {}
    refusals: dict[str, str] = {}
    untouched = {f"w:{widget_id}" for widget_id in kept.wires}
    keys = state._key_id_mapper.id_key_mapping
    for key in list(state._keys()):
        if not key.startswith(_WIDGET):
            if not key.startswith(_INTERNAL) and not _is_ours(state, key):
                plain[f"s:{key}"] = state._getitem(None, key)
            continue
        metadata = state._new_widget_state.widget_metadata.get(key)
        if metadata is None or metadata.value_type is None:
            # Given back and not drawn yet: it is as it was.
            untouched.add(f"w:{key}")
            continue
        if metadata.value_type in NOT_KEPT or key in kept.passwords:
            continue
        try:
            value = state._getitem(key, keys.get(key))
        except KeyError:
            continue
        if type(value) in _ATOMS and kept.atoms.get(key, kept) is value:
            untouched.add(f"w:{key}")
            continue
        try:
            texts[f"w:{key}"] = _widget_text(names, value, metadata, keys.get(key))
        except Exception as reason:
            refusals[keys.get(key) or key] = str(reason)
            continue
        if type(value) in _ATOMS:
            kept.atoms[key] = value
    return Snapshot(texts, plain, frozenset(untouched)), refusals


def _is_ours(state: Any, key: str) -> bool:
    # A store of URL sessions, which people put into st.session_state: what it holds is not there.
    return bool(getattr(type(state._getitem(None, key)), "holdfast_unkept", False))


def _widget_text(names: Names, value: Any, metadata: Any, user_key: str | None) -> str:
    named = to_text(user_key)
    try:
        return f'{{"key":{named},"value":{encode(value)}}}'
    except StateError:
        alone = names.wstates()
        alone.set_from_value(metadata.id, value)
        alone.set_widget_metadata(metadata)
        wire = alone.get_serialized(metadata.id)
        return f'{{"key":{named},"wire":{encode(wire.SerializeToString())}}}'


def changes_of(kept: Kept, snapshot: Snapshot) -> tuple[list[Change], dict[str, str]]:
    """What has to be written so that the store holds the snapshot, and why what of it cannot be kept."""
    refusals: dict[str, str] = {}
    texts = dict(snapshot.texts)
    untouched = set(snapshot.untouched)
    for key, value in snapshot.plain.items():
        if type(value) in _ATOMS and kept.atoms.get(key, kept) is value:
            untouched.add(key)
            continue
        kept.atoms.pop(key, None)
        try:
            texts[key] = _bounded(key, value)
        except StateError as reason:
            refusals[key[2:]] = str(reason)
            continue
        if type(value) in _ATOMS:
            kept.atoms[key] = value
    changes = [Change(key, text) for key, text in texts.items() if kept.stored.get(key) != _digest(text)]
    gone = [key for key in kept.stored if key not in texts and key not in untouched]
    return changes + [Change(key, None) for key in gone], refusals


def _bounded(key: str, value: Any) -> str:
    if len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY:
        raise StateError("ERR_STATE_KEY", "its key is too long")
    # Asked before the work of writing it: a table of a gigabyte is no reason to stop everything.
    size = getattr(value, "nbytes", 0)
    if isinstance(size, int) and size > LARGEST_VALUE:
        raise StateError("ERR_STATE_TOO_LARGE", f"it has {size:,} bytes; {LARGEST_VALUE:,} are kept")
    usage = getattr(value, "memory_usage", None)
    if callable(usage) and _total(usage) > 4 * LARGEST_VALUE:
        raise StateError(
            "ERR_STATE_TOO_LARGE", f"it is larger than the {LARGEST_VALUE:,} bytes that are kept"
        )
    text = encode(value)
    if len(text) > LARGEST_VALUE or len(text.encode()) > LARGEST_VALUE:
        raise StateError("ERR_STATE_TOO_LARGE", f"it has {len(text):,} bytes; {LARGEST_VALUE:,} are kept")
    return text


def _total(usage: Any) -> int:
    try:
        used = usage(index=True)
        return int(used.sum()) if hasattr(used, "sum") else int(used)
    except Exception:
        return 0


def written(kept: Kept, changes: list[Change]) -> None:
    """Takes note of what the store holds from now on."""
    for change in changes:
        if change.text is None:
            kept.stored.pop(change.key, None)
        else:
            kept.stored[change.key] = _digest(change.text)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
