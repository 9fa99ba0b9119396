"""Switches Holdfast's Streamlit hook on in a Python that `holdfast run` started.

Python imports `sitecustomize` at every start, so three things bind here: do nothing without the
gateway's environment, import nothing of Streamlit, and never take the interpreter down. The name
can belong to one file only, so the `sitecustomize` that this one hides is run after it.
"""

from __future__ import annotations

import os
import sys


def _switch_on() -> None:
    if not os.environ.get("HOLDFAST") or os.environ.get("HOLDFAST_PRESET") != "streamlit":
        return
    try:
        from holdfast._install import install_when_imported

        install_when_imported()
    except Exception as reason:
        # An app without the hook is an app that forgets its widgets on F5; an app that does not
        # start is worse.
        print(f"holdfast: hook not loaded, widgets will not survive F5: {reason!r}", file=sys.stderr)


def _run_hidden() -> None:
    """Runs the `sitecustomize` further down the path as if this one were not there."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.realpath(os.path.dirname(__file__))
    elsewhere = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != here]
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_switch_on()
_run_hidden()
