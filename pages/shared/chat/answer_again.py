"""Another answer to the same question: as before, or by another answerer, or from more passages."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.answerer_titles import answerer_title
from rag.answerers import set_up
from rag.history import Turn
from rag.settings import value_at
from rag.styles import style_titles
from rag.turns import meant_by_user, scope_of, style_of
from rag.waiting_questions import WaitingQuestion

MODES = {"hybrid": "By meaning and words", "vector": "By meaning", "text": "By words"}
MOST_PASSAGES = 50
BESIDE = ("answer.model", "answer.style")
PATHS = (*BESIDE, "retrieval.mode", "retrieval.k")


def draw_answer_again(turn: Turn) -> None:
    """A button for a dialog; the new answer becomes another version of the turn."""
    if st.button("Again", icon=":material/refresh:", type="tertiary", key=f"regenerate-{turn.id}"):
        _answer_again(turn)


@st.dialog("Answer again", on_dismiss="rerun")
def _answer_again(turn: Turn) -> None:
    now = session.settings()
    answerers = set_up(now)
    keys = {path: f"again-{path}-{turn.id}" for path in PATHS}
    st.selectbox(
        "Answered by",
        answerers,
        index=answerers.index(session.chosen_answerer()),
        format_func=answerer_title,
        key=keys["answer.model"],
        disabled=len(answerers) < 2,
    )
    titles = style_titles(now.data_dir)
    st.selectbox(
        "Style",
        list(titles),
        index=list(titles).index(style_of(turn) if style_of(turn) in titles else session.chosen_style()),
        format_func=titles.__getitem__,
        key=keys["answer.style"],
    )
    st.selectbox(
        "Search",
        list(MODES),
        index=list(MODES).index(now.retrieval.mode),
        format_func=lambda name: MODES[name],
        key=keys["retrieval.mode"],
    )
    most = max(MOST_PASSAGES, now.retrieval.k)
    st.number_input("Passages read", 1, most, now.retrieval.k, key=keys["retrieval.k"])
    st.caption("The answer so far is kept: flip between them with the arrows.")
    if st.button(
        "Answer",
        icon=":material/refresh:",
        type="primary",
        key=f"ask-again-{turn.id}",
        on_click=_ask_again,
        args=(turn, keys),
    ):
        st.rerun()


def _ask_again(turn: Turn, keys: dict[str, str]) -> None:
    now = session.settings()
    chosen = {path: session.typed(key) for path, key in keys.items()}
    session.waiting().put(
        WaitingQuestion(
            turn.question,
            standalone=meant_by_user(turn),
            beside=turn.id,
            scope=scope_of(turn),
            overrides=tuple(
                (path, value)
                for path, value in chosen.items()
                # What is chosen beside the question box would win where none is named.
                if value is not None and (path in BESIDE or value != value_at(now, path))
            ),
        )
    )
