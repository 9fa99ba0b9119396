"""Calls something right after a module has been imported, without importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class PostImport(MetaPathFinder):
    """A finder that finds nothing itself; it lets the real loader run, then calls back.

    The callback runs before the importing statement goes on, so a `from module import name` that
    started the import already binds what the callback put there.
    """

    def __init__(self, callbacks: dict[str, Callable[[], None]]) -> None:
        self._callbacks = dict(callbacks)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        callback = self._callbacks.pop(fullname, None)
        if callback is None:
            return None
        spec = _find_elsewhere(self, fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        _call_after_exec(spec, callback)
        return spec


def _find_elsewhere(
    me: PostImport, fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is me:
            continue
        spec = finder.find_spec(fullname, path, target)
        if spec is not None:
            return spec
    return None


def _call_after_exec(spec: ModuleSpec, callback: Callable[[], None]) -> None:
    # Set on the loader instance, not wrapped round it: inspect, importlib.resources and pickle
    # all look at the loader's type.
    loader = spec.loader
    if loader is None:
        return
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        callback()

    loader.exec_module = exec_module  # type: ignore[method-assign]


def after_import(callbacks: dict[str, Callable[[], None]]) -> None:
    """Calls each callback once its module is imported; at once where it already is."""
    waiting: dict[str, Callable[[], None]] = {}
    for name, callback in callbacks.items():
        if name in sys.modules:
            callback()
        else:
            waiting[name] = callback
    if waiting:
        sys.meta_path.insert(0, PostImport(waiting))
