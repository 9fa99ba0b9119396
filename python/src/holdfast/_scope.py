"""State as the app sees it: mappings that belong to whoever's page is running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from holdfast._scope_run import Conflict, ScopeRun


class Scope(MutableMapping[str, Any]):
    """State that outlives the page, as a mapping. It holds nothing itself, but asks whose page it is.

    So it may lie in a module that all sessions share. `scope["items"].append(x)` is enough; what
    changed, at whatever depth, is stored when the script run ends, or by `flush()`.
    """

    def __init__(self, name: str, run: Callable[[str], ScopeRun]) -> None:
        self._name = name
        self._run = run

    def __getitem__(self, key: str) -> Any:
        return self._run(self._name).get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._run(self._name).set(key, value)

    def __delitem__(self, key: str) -> None:
        self._run(self._name).delete(key)

    def __contains__(self, key: object) -> bool:
        return self._run(self._name).has(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._run(self._name).names())

    def __len__(self) -> int:
        return len(self._run(self._name).names())

    def __repr__(self) -> str:
        return f"<holdfast.state.{self._name}>"

    def version(self, key: str) -> int | None:
        """The key's version, which grows with every write by anyone; None if it is absent."""
        return self._run(self._name).version(key)

    def write(
        self,
        values: Mapping[str, Any],
        *,
        if_version: Mapping[str, int | None] | None = None,
        on_conflict: Callable[[Conflict], Any] | None = None,
    ) -> None:
        """Writes all `values` at once, or none of them; they are kept when this returns.

        Keys in `if_version` are written only if that is still their version (None: still absent).
        If it is not, `StateError` (`ERR_STATE_CONFLICT`) names the keys; or `on_conflict`, if given,
        is asked for each of them what to write instead, and has the last word.
        """
        self._run(self._name).write(values, if_version or {}, on_conflict)

    def flush(self) -> None:
        """Stores what this run has changed so far; it is kept when this returns.

        Of what cannot be kept a `StateError` names the keys, once the rest is stored.
        """
        self._run(self._name).flush()

    def refresh(self) -> None:
        """Reads anew what others have written since; what this run changed is stored first."""
        run = self._run(self._name)
        run.flush()
        run.forget()
