"""An enum that stays the same class from one script run to the next."""

from __future__ import annotations

import enum


class Colour(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3
