"""Whether this run of the page has opened a dialog. It opens none."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx


def dialog_is_open() -> bool:
    """True from the call that opened one to the end of the run."""
    context = get_script_run_ctx()
    return context is not None and context.has_dialog_opened
