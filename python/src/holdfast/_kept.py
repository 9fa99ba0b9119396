"""What the store keeps of one tab's Streamlit session: plain `st.session_state`, and its widgets' values.

A key of the store is `s:` and the key in `st.session_state`, or `w:` and the id of a widget. Of a widget
the value itself is kept where it can be written; else (enums, options of the app's own classes) what
its page would report, which the widget's own deserializer turns into its value when it is drawn again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from holdfast._client import Entry
from holdfast._errors import StateError
from holdfast._link import Link
from holdfast._names import Names
from holdfast._values import decode, encode
from holdfast._values_read import read
from holdfast._values_write import to_text

_WIDGET = "$$ID"
_INTERNAL = ("$$", "__holdfast")
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
ATOMS = (type(None), bool, int, float, str, bytes)
"""Kinds of values that cannot change inside: they may be looked at later, and by another thread."""


@dataclass(eq=False)
class Kept:
    """One tab's session: whose it is, and what of it the store is known to hold."""

    link: Link
    waiting: bool
    """Whether the session is new, and has yet to be given what the store keeps."""

    wires: dict[str, bytes] = field(default_factory=dict)
    """Widgets' reports, to be understood when the script draws them."""

    stored: dict[str, bytes] = field(default_factory=dict)
    """Digests of what the store has acknowledged, by its keys; the writer's alone, once a run has ended."""

    atoms: dict[str, Any] = field(default_factory=dict)
    """The values behind those digests, if they cannot change inside: the same again needs no look."""

    passwords: set[str] = field(default_factory=set)
    """Widgets that passwords are typed into: SECURITY: not even sealed do they belong in a store."""

    refused: set[str] = field(default_factory=set)
    """Keys whose values cannot be kept, and were said to be so."""

    ended: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What a session held when a run ended. Texts are final; of the rest only references were taken."""

    texts: dict[str, str]
    """Widgets whose values can change inside."""

    plain: dict[str, Any]
    """All that the app put into `st.session_state`."""

    untouched: frozenset[str]
    """Widgets that were given back and that no run has drawn yet."""

    widgets: dict[str, tuple[str | None, Any]] = field(default_factory=dict)
    """Widgets whose values cannot change inside, each with the key that the app gave it."""

    def over(self, older: Snapshot) -> Snapshot:
        """This snapshot, with what it leaves alone as an older one has it that was not written."""
        texts = {key: text for key, text in older.texts.items() if key in self.untouched}
        widgets = {key: widget for key, widget in older.widgets.items() if key in self.untouched}
        return Snapshot(
            {**texts, **self.texts},
            self.plain,
            self.untouched.difference(texts, widgets),
            {**widgets, **self.widgets},
        )


def give_back(names: Names, kept: Kept, state: Any, entries: Mapping[str, Entry]) -> list[str]:
    """Puts what the store keeps into a new session, before its first run; the keys that could not be read."""
    unread = []
    for stored_key, entry in entries.items():
        kept.stored[stored_key] = digest(entry.text)
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
    """What the session holds now, and why which widgets cannot be kept. For the script's thread.

    It asks nobody what the store holds: the snapshot before this one may be on its way there.
    """
    texts: dict[str, str] = {}
    plain: dict[str, Any] = {}
    widgets: dict[str, tuple[str | None, Any]] = {}
    refusals: dict[str, str] = {}
    untouched = {f"w:{widget_id}" for widget_id in kept.wires}
    keys = state._key_id_mapper.id_key_mapping
    for key in list(state._keys()):
        if not key.startswith(_WIDGET):
            with suppress(KeyError):
                # The next run may have begun, and deleted it.
                value = state._getitem(None, key)
                if not key.startswith(_INTERNAL) and not _is_ours(value):
                    plain[f"s:{key}"] = value
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
        if type(value) in ATOMS:
            widgets[f"w:{key}"] = (keys.get(key), value)
            continue
        try:
            texts[f"w:{key}"] = _widget_text(names, value, metadata, keys.get(key))
        except Exception as reason:
            refusals[keys.get(key) or key] = str(reason)
    return Snapshot(texts, plain, frozenset(untouched), widgets), refusals


def _is_ours(value: object) -> bool:
    # A store of URL sessions, which people put into st.session_state: what it holds is not there.
    return bool(getattr(type(value), "holdfast_unkept", False))


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


def digest(text: str) -> bytes:
    """What a text is known again by."""
    return blake2b(text.encode(), digest_size=16).digest()
