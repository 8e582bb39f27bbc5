"""Measuring the settings of the compare page over many questions: begin, watch, stop, go on, reopen.

The work is done in the background by rag/evaluation_runs.py; nothing is computed here.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.comparison.draft import Draft, is_in_force
from pages.shared.comparison.variant_editor import draw_editor
from pages.shared.comparison.view import PLACE
from pages.shared.evaluation.findings import draw_findings
from pages.shared.evaluation.question_set import draw_question_set
from pages.shared.figures import counted, date_text
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.scope.question_filter import draw_chips, draw_scope
from pages.shared.scope.words import in_words, listed
from rag.errors import QuestionsError
from rag.evaluation_runs import Evaluation, collections_gone, get_evaluations, question_sets
from rag.settings import Settings

REFRESH_SECONDS = 1.0
STATES = {"stopped": "stopped", "failed": "failed", "running": "under way", "done": ""}


def draw_measuring(draft: Draft, collection: str) -> None:
    """The questions, the settings, and what came out. Raises AskanceError."""
    known = session.collections()
    beside = [own for own in session.chosen_scope(PLACE).collections if own in known and own != collection]
    sets = question_sets(session.workspace())
    chosen = draw_question_set(draft, collection, beside)
    others = [own for own in known if own != collection and sets.sets(own)] if chosen is None else []
    if others:
        names, it = listed([f"“{name}”" for name in others]), "it" if len(others) == 1 else "one"
        st.caption(
            markdown_plain(f"There are questions for {names}. Ask {it}, too, and they are offered here:")
        )
    if chosen is not None or others:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-scope"):
            draft.scope = draw_scope(PLACE, collection)
            draw_chips(PLACE, draft.scope)
    if chosen is not None:
        settings = session.settings()
        draw_editor(draft, settings, expanded=False)
        st.caption(markdown_plain(_named(draft, settings)))
        if st.button(
            f"Measure over {counted(chosen.questions, 'question')}",
            key="evaluation-start",
            type="primary",
            icon=":material/straighten:",
        ):
            draft.evaluation = get_evaluations().start(
                session.workspace(),
                collection,
                chosen.name,
                draft.variants(settings),
                draft.scope,
                set_collection=chosen.collection,
            )
            st.rerun()
    measured = get_evaluations().listed(session.workspace(), collection)
    if measured:
        _draw_chosen(draft, measured)


def _draw_chosen(draft: Draft, known: list[Evaluation]) -> None:
    ids = [own.id for own in known]
    place = ids.index(draft.evaluation) if draft.evaluation in ids else 0
    if len(known) > 1:
        # The key changes with what is known: a new evaluation is shown at once, and none that is done is
        # said to be under way.
        place = st.selectbox(
            "Results",
            range(len(known)),
            index=place,
            format_func=lambda number: _label(known[number]),
            key=f"evaluation-chosen-{ids[0]}-{'-'.join(own.state for own in known)}",
            width=460,
        )
        draft.evaluation = ids[place]
    identifier = ids[place]
    running = known[place].state == "running"
    if running:
        st.fragment(_draw_progress, run_every=REFRESH_SECONDS)(identifier)
    found = get_evaluations().get(session.workspace(), identifier)
    gone = collections_gone(session.workspace(), found)
    if gone:
        names, was = listed([f"“{name}”" for name in gone]), "was" if len(gone) == 1 else "were"
        st.info(
            markdown_plain(
                f"{names} {was} deleted since. These figures stay as they were measured, but nothing more "
                "can be asked of what is gone."
            ),
            icon=":material/folder_off:",
        )
    if found.state in ("stopped", "failed"):
        _draw_ended_early(found, can_go_on=not gone)
    if found.lines:
        draw_findings(draft, found)
    if not running and st.button(
        "Delete these results", key="evaluation-delete", type="tertiary", icon=":material/delete:"
    ):
        get_evaluations().delete(session.workspace(), identifier)
        draft.evaluation = None
        st.rerun()


def _draw_progress(identifier: str) -> None:
    found = get_evaluations().get(session.workspace(), identifier)
    if found.state != "running":
        st.rerun()
    done, total = len(found.lines), len(found.questions)
    with st.container(border=True, key="evaluation-progress"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/straighten: **Measuring**")
            st.space("stretch")
            if st.button("Stop", key="evaluation-stop", icon=":material/stop_circle:"):
                get_evaluations().stop(identifier)
        said = f"{done:,} of {counted(total, 'question')}" if done else "Beginning"
        st.progress(min(done / max(total, 1), 1.0), text=said)


def _draw_ended_early(found: Evaluation, *, can_go_on: bool) -> None:
    if found.error and can_go_on:
        st.error(markdown_plain(found.error), icon=":material/error:")
    left = len(found.questions) - len(found.lines)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Stopped: {counted(left, 'question')} not asked yet.", width="content")
        if can_go_on and st.button("Go on", key="evaluation-resume", icon=":material/play_arrow:"):
            try:
                get_evaluations().resume(session.workspace(), found.id)
            except QuestionsError as error:
                st.error(markdown_plain(str(error)), icon=":material/error:")
            else:
                st.rerun()


def _named(draft: Draft, settings: Settings) -> str:
    """The settings that will be measured, in a line."""
    names = [
        f"{place}. {variant.name}" + (" (in use)" if is_in_force(variant.changes, settings) else "")
        for place, variant in enumerate(draft.variants(settings), start=1)
    ]
    return f"To be measured: {', '.join(names)}"


def _label(own: Evaluation) -> str:
    state = STATES.get(own.state, own.state)
    of_another = f"{shortened(own.set_collection, 20)}: " if own.set_collection != own.collection else ""
    questions = of_another + shortened(own.set_name, 30)
    parts = [date_text(own.created_at), questions, counted(len(own.variants), "setting")]
    asked_of = [shortened(in_words(own.scope), 40)] if own.scope else []
    return " · ".join([*parts, *asked_of, *([state] if state else [])])
