"""Compare: settings side by side, over one question with passages connected, or over many with figures."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import session
from pages.shared.collection_bar import draw_collection_bar
from pages.shared.comparison.draft import Draft, new_draft
from pages.shared.comparison.judging import draw_judged
from pages.shared.comparison.question import draw_question
from pages.shared.comparison.rank_chart import draw_ranks
from pages.shared.comparison.variant_editor import draw_editor
from pages.shared.comparison.view import PLACE, draw_columns, draw_messages, draw_times, verdict
from pages.shared.comparison.why_not import draw_why_not
from pages.shared.evaluation.measuring import draw_measuring
from pages.shared.job_cards import draw_jobs
from pages.shared.passage_panel import draw_passage_panel
from pages.shared.plain_text import markdown_plain
from pages.shared.sample_button import draw_sample_button
from pages.shared.scope.question_filter import draw_chips, draw_scope
from pages.shared.scope.words import in_words
from pages.shared.settings.settings_in_use import draw_use
from rag.compare import Comparison, compare
from rag.errors import AskanceError

KINDS = ("One question", "Many questions")
#: A row that scrolls by itself would keep the opened passage from staying in sight.
STYLE = "<style>.st-key-comparison { overflow: visible; }</style>"


def draw_empty(collection: str) -> None:
    """An invitation to add documents first."""
    st.markdown(
        "**See what each setting finds.** Ask one question, and the passages that each setting finds "
        "stand side by side. This collection has no documents yet."
    )
    if not any(job.active for job in session.jobs().jobs(collection)):
        with st.container(horizontal=True, vertical_alignment="center"):
            if draw_sample_button("compare-samples", kind="primary"):
                st.rerun()
            if st.button(
                "Add documents in the Library", key="compare-library", icon=":material/library_add:"
            ):
                st.switch_page("library.py")
    draw_jobs(collection)


def run_comparison(draft: Draft, collection: str, place: DeltaGenerator) -> None:
    """Compare, naming at `place` the setting that is being asked meanwhile."""
    session.show_opened(PLACE, None)
    draft.traced = None
    status = place.status("Comparing")
    variants = draft.variants(session.settings())
    workspace = session.workspace()
    try:
        draft.made = compare(
            draft.question,
            variants,
            workspace.searched([collection, *draft.scope.collections]),
            collection=collection,
            filters=workspace.filters(collection, draft.scope),
            on_progress=lambda number: status.update(
                label=f"Asking {number + 1} of {len(variants)}: {variants[number].name}"
            ),
        )
        draft.made_of = draft.scope
    finally:
        place.empty()


def draw_comparison(draft: Draft, made: Comparison) -> None:
    """The verdict, the columns, what was opened, and the times."""
    if draft.is_outdated:
        changed = "filter has" if draft.scope != draft.made_of else "settings have"
        st.info(f"The {changed} changed since this comparison. Press Compare.", icon=":material/update:")
    st.markdown(f"**{markdown_plain(made.question)}**  \n{verdict(made)}")
    if draft.made_of:
        st.caption(f"Asked of {markdown_plain(in_words(draft.made_of))} only")
    draw_messages(made)
    st.html(STYLE)
    settings = session.settings()
    with st.container(horizontal=True, wrap=False, gap="medium", key="comparison"):
        with st.container(width="stretch"):
            draw_columns(draft, made, settings)
        if session.opened(PLACE):
            with st.container(width=430, height="stretch"):
                draw_passage_panel(PLACE)
    draw_judged(made)
    draw_ranks(made)
    draw_times(made)
    draw_why_not(draft, made)


def draw_kind(draft: Draft) -> None:
    """Whether one question is compared or many are measured."""
    chosen = st.segmented_control(
        "Compare with",
        KINDS,
        default=KINDS[draft.many],
        key=f"compare-kind-{draft.looks}",
        label_visibility="collapsed",
        required=True,
    )
    draft.many = chosen == KINDS[True]


def draw_one_question(draft: Draft, collection: str) -> None:
    """The question, the settings, and what they find."""
    if not draft.shown(collection):
        st.caption(
            "See what each setting finds, side by side. Over a whole set of questions you find out which is "
            "best for your documents."
        )
    asked = draw_question(draft, collection)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-scope"):
        draft.scope = draw_scope(PLACE, collection)
        draw_chips(PLACE, draft.scope)
    draw_editor(draft, session.settings(), expanded=not (asked or draft.shown(collection)))
    # There in every run: were it not, what stands below would be drawn anew and lose the keyboard's place.
    progress = st.empty()
    if asked:
        run_comparison(draft, collection, progress)
    if made := draft.shown(collection):
        draw_comparison(draft, made)


with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Compare", width="content")
    st.space("stretch")
    collection = draw_collection_bar()

if not session.ready_documents(collection):
    draw_empty(collection)
else:
    try:
        draft = session.comparison() or new_draft(session.settings())
        session.keep_comparison(draft)
        draw_use(draft)
        draw_kind(draft)
        if draft.many:
            draw_measuring(draft, collection)
        else:
            draw_one_question(draft, collection)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
