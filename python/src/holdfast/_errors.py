"""The one error of Holdfast's state, told apart by its code."""

from __future__ import annotations

from collections.abc import Sequence


class StateError(Exception):
    """State could not be read, written or understood; `code` says why, and stays the same over versions.

    `ERR_STATE_UNAVAILABLE`: there is no gateway, or it cannot tell now; nothing was changed, or it is
    not known to be. `ERR_SESSION_ENDED`, `ERR_STATE_ANONYMOUS`: there is no such session, or nobody is
    signed in. `ERR_STATE_CONFLICT`: someone else wrote first; `keys` says which. `ERR_STATE_TOO_LARGE`:
    one value, or all of them, are more than is kept. `ERR_VALUE_…`: what was given, or found, is no
    value that can be kept; the message says where in it.
    """

    def __init__(
        self, code: str, message: str, *, keys: tuple[str, ...] = (), excess: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.keys = keys
        self.excess = excess
        """By how many bytes all values together are more than is kept; None if it is not about all."""


def joined(failures: Sequence[Exception]) -> Exception:
    """One error for all that went wrong: with the first one's code, what each says, and all their keys."""
    first = failures[0]
    foreign = next((one for one in failures if not isinstance(one, StateError)), None)
    if foreign is not None or len(failures) == 1 or not isinstance(first, StateError):
        return foreign or first
    said = dict.fromkeys(str(one) for one in failures)
    keys = dict.fromkeys(key for one in failures if isinstance(one, StateError) for key in one.keys)
    return StateError(first.code, "; ".join(said), keys=tuple(keys))
