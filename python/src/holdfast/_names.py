"""What of Streamlit's inside the hook leans on, and whether it is all where it should be."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Names:
    """The classes of Streamlit that are wrapped, or read."""

    session_state: Any
    register_result: Any
    widget_metadata: Any
    widget_states: Any
    widget_state: Any
    wstates: Any
    session_manager: Any
    app_session: Any
    get_script_run_ctx: Any


def names() -> Names:
    """The classes, imported; `ImportError` names the one that is not there."""
    from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
    from streamlit.runtime.app_session import AppSession
    from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
    from streamlit.runtime.state.common import RegisterWidgetResult, WidgetMetadata
    from streamlit.runtime.state.session_state import SessionState, WStates
    from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

    return Names(
        session_state=SessionState,
        register_result=RegisterWidgetResult,
        widget_metadata=WidgetMetadata,
        widget_states=WidgetStates,
        widget_state=WidgetState,
        wstates=WStates,
        session_manager=WebsocketSessionManager,
        app_session=AppSession,
        get_script_run_ctx=get_script_run_ctx,
    )


def missing_names(found: Any) -> list[str]:
    """What of Streamlit's inside is not where the hook needs it; empty when all is well."""
    fields = [
        (found.session_state, ("_old_state", "_new_widget_state", "_key_id_mapper")),
        (found.wstates, ("states", "widget_metadata")),
        (found.register_result, ("value", "value_changed")),
        (found.widget_metadata, ("id", "deserializer", "value_type")),
    ]
    methods = [
        (found.session_state, "register_widget", ["self", "metadata", "user_key"]),
        (found.session_state, "on_script_will_rerun", ["self"]),
        (found.session_state, "_keys", ["self"]),
        (found.session_state, "_getitem", ["self", "widget_id", "user_key"]),
        (found.wstates, "set_widget_from_proto", ["self"]),
        (found.wstates, "set_from_value", ["self"]),
        (found.wstates, "get_serialized", ["self"]),
        (found.session_state, "on_script_finished", ["self", "widget_ids_this_run"]),
        (found.session_manager, "connect_session", ["self"]),
        (found.session_manager, "get_active_session_info", ["self", "session_id"]),
        (found.app_session, "flush_browser_queue", ["self"]),
    ]
    missing = [
        f"{owner.__name__}.{name}"
        for owner, wanted in fields
        for name in wanted
        if name not in getattr(owner, "__dataclass_fields__", {})
    ]
    for owner, name, parameters in methods:
        method = getattr(owner, name, None)
        if method is None or list(inspect.signature(method).parameters)[: len(parameters)] != parameters:
            missing.append(f"{owner.__name__}.{name}")
    connect = getattr(found.session_manager, "connect_session", None)
    if connect is not None and "existing_session_id" not in inspect.signature(connect).parameters:
        missing.append("connect_session(existing_session_id)")
    return missing
