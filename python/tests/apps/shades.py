"""Options of a class of the app's own: their values have no written form."""

import enum


class Shade(enum.Enum):
    LIGHT = 1
    DARK = 2
