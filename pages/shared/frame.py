"""What every page shares: a plain message where the settings or the data folder are unusable."""

import streamlit as st

from pages.shared import session
from rag.errors import AskanceError


def draw_frame() -> None:
    """Check that the data folder opens; otherwise say why and stop."""
    try:
        session.workspace()
    except AskanceError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
