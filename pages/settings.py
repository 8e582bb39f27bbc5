"""Settings in cards: who answers, how passages are found, how sure an answer must be, and the rest.

Each card saves by itself; nothing is saved before its button is pressed.
"""

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.answer_styles import draw_styles
from pages.shared.settings.answering import draw_answering
from pages.shared.settings.budgets import draw_budgets, draw_certainty
from pages.shared.settings.named_models import draw_named_models
from pages.shared.settings.others import draw_other_settings
from pages.shared.settings.search import draw_chunking, draw_search
from rag.disclosure import who_answers

st.title("Settings")
st.markdown(f":material/shield: {markdown_plain(who_answers(session.settings()))}")

left, right = st.columns(2, gap="medium")
with left:
    with st.container(border=True):
        draw_answering()
    with st.container(border=True):
        draw_named_models()
    with st.container(border=True):
        draw_budgets()
    with st.container(border=True):
        draw_styles()
with right:
    with st.container(border=True):
        draw_search()
    with st.container(border=True):
        draw_certainty()
    with st.container(border=True):
        draw_chunking()
draw_other_settings()
