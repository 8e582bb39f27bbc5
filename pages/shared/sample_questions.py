"""Questions to begin with, made from the first documents of a collection; kept while those stay the same."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from rag.blobs import BlobStore
from rag.suggestions import suggest_questions


def sample_questions(collection_name: str) -> list[str]:
    """A few questions, each from another document."""
    ready = session.ready_documents(collection_name)
    chosen = tuple((record.name, record.document_id) for record in ready[:: max(1, len(ready) // 4)][:4])
    return _suggested(chosen, session.workspace().blobs)


@st.cache_data(show_spinner=False, max_entries=32)
def _suggested(documents: tuple[tuple[str, str], ...], _blobs: BlobStore) -> list[str]:
    parsed = [(name, _blobs.get_parsed(document_id)) for name, document_id in documents]
    return suggest_questions([(name, document) for name, document in parsed if document is not None])
