"""The library: documents come in, are listed, opened, described, read again and deleted."""

import streamlit as st

from pages.shared import session
from pages.shared.collection_bar import draw_collection_bar
from pages.shared.job_cards import draw_jobs
from pages.shared.library.document_actions import draw_actions
from pages.shared.library.document_filters import draw_filters
from pages.shared.library.document_list import draw_documents
from pages.shared.library.drop_zone import draw_drop_zone
from pages.shared.library.revision_notice import draw_revision_notice
from pages.shared.sample_button import draw_sample_button

with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Library", width="content")
    st.space("stretch")
    collection = draw_collection_bar()

records = session.documents(collection)
busy = any(job.active or job.state == "paused" for job in session.jobs().jobs(collection))

if not records and not busy:
    st.markdown("**Add the documents that you want to ask about.** They stay on this computer.")
draw_drop_zone(collection)
if not records and not busy:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "PDF, Word, Excel, PowerPoint, OpenDocument, e-mails, books (EPUB), web pages, text and code; "
            "folders and archives (ZIP, TAR) of them.",
            width="stretch",
        )
        if draw_sample_button("library-samples"):
            st.rerun()
draw_jobs(collection)
draw_revision_notice(collection, records)
if records:
    alike = session.near_duplicates_of(collection)
    shown = draw_filters(records, alike)
    draw_actions(collection, draw_documents(records, shown, alike), alike)
