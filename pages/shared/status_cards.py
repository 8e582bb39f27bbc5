"""The cards of the status page: what is in use, where the data lies, and what is under way.

Only the Check button asks a server; nothing loads a model, nothing secret is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.language import language_name
from pages.shared import session
from pages.shared.facts import draw_facts
from pages.shared.figures import counted, size_text
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.reranker_choice import LABELS
from pages.shared.settings.connection_test import draw_check
from pages.shared.settings.search import MODES
from rag.disclosure import who_answers
from rag.errors import AskanceError
from rag.llms import get_chat_model
from rag.rerankers import CacheFigures, score_cache
from rag.settings import Settings
from rag.status import CollectionStatus, DiskStatus, EmbedderStatus, reranker_problem, versions
from rag.tokens import get_token_counter

LOADED = {True: "Loaded", False: "Not yet; it loads at the first use", None: "Nothing to load"}


def draw_totals(collections: Sequence[CollectionStatus], disk: DiskStatus) -> None:
    """The figures at a glance."""
    tables = sum(own.size for own in collections)
    with st.container(horizontal=True):
        st.metric("Documents", f"{sum(own.documents for own in collections):,}", border=True)
        st.metric("Passages", f"{sum(own.passages for own in collections):,}", border=True)
        st.metric("On disk", size_text(tables + disk.originals), border=True)


def draw_embedder(embedder: EmbedderStatus) -> None:
    """What turns text into vectors."""
    st.markdown("#### Understanding text")
    languages = ", ".join(language_name(code) for code in embedder.languages)
    draw_facts(
        {
            "Embedder": embedder.name,
            "In memory": LOADED[embedder.loaded],
            "Arithmetic": f"{embedder.precision}: {embedder.precision_reason}",
            "Vector": f"{embedder.dimension:,} numbers a passage",
            "Longest passage": f"{embedder.max_tokens:,} tokens",
            "Trained on": languages or "many languages",
        }
    )


def draw_searching(settings: Settings) -> None:
    """How passages are found and put in order."""
    st.markdown("#### Finding passages")
    chosen = settings.retrieval
    second = settings.reranking.cross_encoder if chosen.reranker == "cross-encoder" else ""
    draw_facts(
        {
            "Search": {"hybrid": "By meaning and by words"}.get(chosen.mode, MODES[chosen.mode]),
            "Order": LABELS.get(chosen.reranker, chosen.reranker),
            "Second model": second,
            "Passages": f"{chosen.k:,} kept of {chosen.candidates:,} looked at",
            "Time allowed": f"{chosen.milliseconds:,} ms a question" if chosen.milliseconds else "",
            "Remembered scores": _remembered(score_cache(settings.reranking.cached_scores).figures()),
        }
    )
    problem = reranker_problem(settings)
    if problem:
        st.warning(markdown_plain(problem), icon=":material/warning:")


def _remembered(figures: CacheFigures) -> str:
    if not figures.wanted:
        return ""
    return f"{figures.kept:,}; {figures.hit_rate:.0%} of {figures.wanted:,} needed were there already"


def draw_answering(settings: Settings) -> None:
    """Who answers, and on request whether it can be reached."""
    st.markdown("#### Who answers")
    st.markdown(markdown_plain(who_answers(settings)))
    if settings.answer.model == "extractive":
        draw_facts({"Tokens counted with": get_token_counter().name})
        return
    try:
        model = get_chat_model(settings)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    draw_facts({"Tokens counted with": get_token_counter(model.name).name})
    if st.button("Check now", icon=":material/network_check:", help="Asks the server for a word."):
        draw_check(settings)


def draw_jobs() -> None:
    """What is being added to collections, and models being downloaded."""
    st.markdown("#### Under way")
    active = [job for job in session.jobs().jobs() if job.active]
    if not active:
        st.caption("Nothing at the moment.")
    for job in active:
        state = "waits" if job.state == "waiting" else "is being added"
        files = counted(job.files, "file")
        st.markdown(
            f"**{markdown_plain(shortened(job.label, 60))}** {state} to {markdown_plain(job.collection)}: "
            f"{job.done:,} of {files} done."
        )


def draw_collections(collections: Sequence[CollectionStatus]) -> None:
    """A row for each collection."""
    st.markdown("#### Collections")
    if not collections:
        st.caption("None yet: add documents in the library.")
        return
    st.dataframe(
        [
            {
                "Collection": own.name,
                "Documents": own.documents,
                "Not read": own.failed,
                "Passages": own.passages,
                "Table version": own.version,
                "Size": size_text(own.size),
            }
            for own in collections
        ],
        hide_index=True,
        width="stretch",
        column_config={
            "Not read": st.column_config.NumberColumn(help="Files that could not be read."),
            "Table version": st.column_config.NumberColumn(help="Grows with every change of the collection."),
            "Size": st.column_config.TextColumn(help="Passages, vectors and indexes; originals come on top."),
        },
    )
    for own in collections:
        if own.problem:
            st.warning(markdown_plain(own.problem), icon=":material/warning:")


def draw_installation(disk: DiskStatus) -> None:
    """Where the data lies, and what it all runs on."""
    st.markdown("#### Installation")
    draw_facts(
        {
            "Data folder": str(disk.folder),
            "Originals": size_text(disk.originals),
            "Free on its disk": size_text(disk.free),
            **versions(),
        }
    )
