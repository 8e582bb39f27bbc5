"""The questions that settings are measured with: a set is chosen, made, looked at.

What documents say and files hold is shown as text. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import session
from pages.shared.comparison.draft import Draft
from pages.shared.evaluation.importing import draw_import, draw_imported
from pages.shared.evaluation.rated_answers import draw_rated_answers
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain, shortened
from rag.errors import AskanceError
from rag.evaluation_runs import question_sets
from rag.passage_grades import OWN_SET
from rag.question_making import make_questions
from rag.question_sets import ORIGINS, RELEVANT, JudgedQuestion, QuestionSet

MADE = "Made from my documents"
#: Questions to begin with: written ones cost time, those by rules none, and more of them tell more.
WRITTEN, BY_RULES, MOST = 20, 60, 200


def draw_question_set(draft: Draft, collection: str, beside: Sequence[str] = ()) -> QuestionSet | None:
    """The set chosen, of this collection or of those asked `beside` it, with what can be done about it.

    None while there is none, with an invitation.
    """
    kept = question_sets(session.workspace())
    sets = [own for name in (collection, *beside) for own in kept.sets(name)]
    if not sets:
        st.markdown(
            "**Find out which setting is best for your documents.** Askance asks many questions whose right "
            "passages are known, and counts how often each setting finds them. For that it needs questions:"
        )
        _draw_ways(draft, collection)
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        labels = [set_label(own, collection) for own in sets]
        ids = [own.id for own in sets]
        # The key changes with what is offered, or a set that has grown would go by its old label.
        place = st.selectbox(
            "Questions",
            range(len(sets)),
            index=ids.index(draft.question_set) if draft.question_set in ids else 0,
            format_func=labels.__getitem__,
            key=f"evaluation-set-{'-'.join(labels)}",
            width=320,
        )
        chosen = sets[place]
        draft.question_set = chosen.id
        # The key changes once questions were added, which closes it over what there is to see then.
        key = f"evaluation-add-{draft.additions}"
        with st.popover("Add questions", icon=":material/add:", type="tertiary", key=key):
            _draw_ways(draft, collection)
    draw_imported(draft, chosen)
    _draw_contents(chosen)
    return chosen


def set_label(own: QuestionSet, collection: str) -> str:
    """A set with the number of its questions; one of another collection than this names it."""
    where = "" if own.collection == collection else f"{shortened(own.collection, 30)}: "
    return f"{where}{own.name} ({own.questions})"


def _draw_ways(draft: Draft, collection: str) -> None:
    by_documents, by_file, by_hand, by_thumbs = st.tabs(
        ["From my documents", "From a file", "By marking passages", "From rated answers"]
    )
    with by_documents:
        _draw_making(draft, collection)
    with by_file:
        draw_import(draft, collection)
    with by_hand:
        st.markdown(
            "Ask a question under **One question**, and mark the passages found. Questions that people "
            f"really ask are the best ones. They are kept as “{OWN_SET}”."
        )
    with by_thumbs:
        draw_rated_answers(collection)


def _draw_making(draft: Draft, collection: str) -> None:
    with_model = session.settings().answer.model != "extractive"
    st.markdown(
        "A question for each of several passages, written by the chat model."
        if with_model
        else "Questions that sentences and headings of your documents answer, made without a model. They "
        "share words with their passages, so they are easier than real ones; with a chat model (see "
        "Settings) they are better."
    )
    with st.form("evaluation-make", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        most = st.number_input(
            "How many at most",
            1,
            MOST,
            WRITTEN if with_model else BY_RULES,
            key=f"evaluation-make-most-{with_model}",
            width=160,
        )
        sent = st.form_submit_button("Make questions", type="primary", icon=":material/auto_awesome:")
    if not sent:
        return
    place = st.empty()
    status = place.status("Making questions")
    try:
        made = make_questions(
            session.workspace(),
            collection,
            int(most),
            by_model=with_model,
            on_progress=lambda number, total: status.update(
                label=f"Writing question {number + 1} of {total}"
            ),
        )
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    finally:
        place.empty()
    _keep(draft, collection, MADE, made)


def _keep(draft: Draft, collection: str, name: str, questions: list[JudgedQuestion]) -> None:
    draft.question_set = question_sets(session.workspace()).add(collection, name, questions).id
    draft.additions += 1
    st.rerun()


def _draw_contents(chosen: QuestionSet) -> None:
    questions = question_sets(session.workspace()).questions(chosen.id)
    with st.expander(f"What is asked: {counted(len(questions), 'question')}", icon=":material/list:"):
        st.dataframe(
            {
                "Question": [own.text for own in questions],
                "Where the answer is": [_places(own) for own in questions],
                "From": [ORIGINS.get(own.origin, own.origin) for own in questions],
            },
            hide_index=True,
            height=min(38 + 35 * len(questions), 320),
        )
        if st.button(
            "Delete this set", key="evaluation-delete-set", type="tertiary", icon=":material/delete:"
        ):
            question_sets(session.workspace()).delete(chosen.id)
            st.rerun()


def _places(question: JudgedQuestion) -> str:
    right = sorted((own for own in question.judgements if own.grade > 0), key=lambda own: -own.grade)
    if not right:
        return "no right passage yet"
    first = right[0]
    where = shortened(first.document, 40) + (f", page {first.page}" if first.page else "")
    where += " (partly)" if first.grade < RELEVANT else ""
    return where if len(right) == 1 else f"{where} and {len(right) - 1} more"
