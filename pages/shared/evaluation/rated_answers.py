"""Questions for measuring out of thumbs given in the chat: what there is, and a button that makes a set."""

from __future__ import annotations

from pathlib import PurePosixPath

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from rag.evaluation_runs import question_sets
from rag.judgements import REASONS, AnswerJudgement
from rag.rated_questions import RATED_SET, keep_rated_set, telling


def draw_rated_answers(collection: str) -> None:
    """The rated answers of a collection, and the button; how to rate where there are none."""
    judgements = session.workspace().history.judgements(collection)
    of_use = telling(judgements)
    if not of_use:
        st.markdown(
            "Give answers in the chat a thumb: up where the quoted passages answer the question, down where "
            "they do not. Each becomes a question whose right passage is known."
        )
        return
    left_out = len(judgements) - len(of_use)
    st.markdown(
        f"{counted(len(of_use), 'rated answer')}: what a thumb up cites is right, what a thumb down cites is "
        "not."
        + (f" {counted(left_out, 'other')} only speak of the wording, or cite nothing." if left_out else "")
    )
    st.dataframe(
        {
            "Question": [own.question for own in of_use],
            "Cited": [_cited(own) for own in of_use],
            "Thumb": ["up" if own.rating else "down" for own in of_use],
            "Why": [_why(own) for own in of_use],
        },
        hide_index=True,
        height=min(38 + 35 * len(of_use), 320),
    )
    if st.button(
        "Make questions of them",
        key="evaluation-rated",
        type="primary",
        icon=":material/thumbs_up_down:",
        help=markdown_plain(f"They become the set “{RATED_SET}”; made again, it follows the thumbs."),
    ):
        keep_rated_set(question_sets(session.workspace()), collection, judgements)
        st.rerun()


def _cited(own: AnswerJudgement) -> str:
    places = [
        PurePosixPath(place.document).name + (f", p. {place.page}" if place.page is not None else "")
        for place in own.places
    ]
    return "; ".join(dict.fromkeys(places))


def _why(own: AnswerJudgement) -> str:
    return ", ".join(part for part in (REASONS[own.rating].get(own.reason, ""), own.note) if part)
