"""The frame around every page: configuration and navigation. The pages themselves are files beside it."""

from pathlib import Path

import streamlit as st

from pages.shared.frame import draw_frame

# An icon by name would be fetched from its maker's server by every visitor's browser.
ICON = str(Path(__file__).parent / "shared" / "icon.png")
st.set_page_config(page_title="Askance", page_icon=ICON, layout="wide")

page = st.navigation(
    [
        st.Page("chat.py", title="Chat", icon=":material/forum:", default=True),
        st.Page("library.py", title="Library", icon=":material/library_books:"),
        st.Page("compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("settings.py", title="Settings", icon=":material/tune:"),
        st.Page("status.py", title="Status", icon=":material/monitor_heart:"),
    ],
    position="top",
)
draw_frame(mends=page.title == "Settings")
page.run()
