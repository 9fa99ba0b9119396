"""A module that every session shares, and that keeps the state at its top: what must be safe."""

from holdfast import state

session = state.session
tab = state.tab
