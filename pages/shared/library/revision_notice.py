"""What the library says when documents were read under other settings, and while they are read again."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.rereadings import Rereading
from ingest.revision import give_up, has_begun, outdated_documents
from pages.shared import session
from pages.shared.figures import counted, time_left_text
from pages.shared.plain_text import markdown_plain
from rag.catalog import DocumentRecord
from rag.errors import AskanceError

REFRESH_SECONDS = 1.0


def draw_revision_notice(collection: str, records: Sequence[DocumentRecord]) -> None:
    """The offer to read the collection again, how far that is, what came of it; nothing when all is well."""
    under_way = session.rereadings().of(collection)
    if under_way is not None and under_way.state == "running":
        st.fragment(_draw_progress, run_every=REFRESH_SECONDS)(under_way)
        return
    if under_way is not None and under_way.state == "done":
        _draw_done(under_way)
    outdated = outdated_documents(session.workspace(), list(records))
    if under_way is not None and under_way.state == "failed":
        st.error(
            f"**Reading again did not succeed; the collection is as it was.** "
            f"{markdown_plain(under_way.error)}",
            icon=":material/error:",
        )
    if outdated:
        _draw_offer(collection, records, outdated)


def _draw_offer(
    collection: str, records: Sequence[DocumentRecord], outdated: Sequence[DocumentRecord]
) -> None:
    ready = sum(record.status == "ready" for record in records)
    which = "These documents were" if len(outdated) == ready else f"{counted(len(outdated), 'document')} "
    which += "" if len(outdated) == ready else ("was" if len(outdated) == 1 else "were")
    begun = has_begun(session.workspace(), collection)
    with st.container(border=True, key="revision-notice"):
        st.markdown(
            f":material/published_with_changes: **{which} read with other settings. Read them again?**"
        )
        st.caption(
            "The embedder, the size of passages or Askance's readers have changed since. Until everything is "
            "read again, questions are answered from the documents as they are now."
            + (" It was begun before and goes on where it stopped." if begun else "")
        )
        with st.container(horizontal=True):
            if st.button(
                "Go on" if begun else f"Read {counted(ready, 'document')} again",
                key="read-collection-again",
                type="primary",
                icon=":material/refresh:",
            ):
                session.rereadings().start(session.workspace(), collection)
                st.rerun()
            if begun and st.button("Throw away what was read", key="give-up-revision"):
                try:
                    give_up(session.workspace(), collection)
                except AskanceError as error:
                    st.error(markdown_plain(str(error)), icon=":material/error:")
                else:
                    session.rereadings().forget(collection)
                    st.rerun()


def _draw_progress(under_way: Rereading) -> None:
    if under_way.state != "running":
        st.rerun()
    progress = under_way.progress
    with st.container(border=True, key="revision-progress"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":material/refresh: **Reading all documents again**")
            st.space("stretch")
            stopping = under_way.cancelled.is_set()
            if st.button(
                "Stopping…" if stopping else "Stop",
                key="stop-revision",
                icon=":material/stop_circle:",
                disabled=stopping,
            ):
                under_way.cancelled.set()
                st.rerun(scope="fragment")
        files = len(progress.files)
        done = progress.done()
        whole = max(under_way.documents, files, 1)
        left = time_left_text(progress.seconds_left()) if done < files else "putting the passages in place"
        before = under_way.documents - files
        facts = [f"{max(before, 0) + done:,} of {counted(whole, 'document')}" if files else "Beginning", left]
        st.progress(min(done / whole, 1.0), text=" · ".join(facts))
        st.caption("Meanwhile questions are answered from the documents as they were.")


def _draw_done(under_way: Rereading) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="revision-done"):
        st.success(
            f"**{counted(under_way.documents, 'document')} read again.** Questions are answered from the new "
            "passages from now on.",
            icon=":material/check_circle:",
        )
        if st.button("Dismiss", key="dismiss-revision", type="tertiary"):
            session.rereadings().forget(under_way.collection)
            st.rerun()
