"""Every setting that has no field elsewhere on the page, made from the list of settings itself."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from pages.shared.settings.group import SettingGroup
from rag.embedders import get_embedder
from rag.rerankers import OFFERED
from rag.server_settings import KINDS
from rag.settings import Settings, known_paths

#: Settings with a field in the cards above.
SHOWN_ABOVE = frozenset(
    (
        *("answer.model", "answer.decline_below", "answer.quote_words", "answer.window_tokens"),
        *("answer.context_tokens", "answer.history_tokens", "answer.reserve_tokens", "answer.summed_up_by"),
        "answer.self_check",
        "answer.style",
        "answer.rewrite_follow_ups",
        "answer.fallbacks",
        *(path for path in known_paths() if path.partition(".")[0] in KINDS),
        *("retrieval.mode", "retrieval.reranker", "retrieval.k", "retrieval.candidates"),
        "retrieval.milliseconds",
        *(path for offer in OFFERED for path in offer.settings),
        *("chunking.max_tokens", "chunking.overlap_tokens"),
    )
)
TITLES = {
    "embedding": "Understanding text",
    "chunking": "Cutting documents into passages",
    "retrieval": "Finding passages",
    "reranking": "Order of what was found",
    "ingest": "Limits on what is read",
}

#: Names plainer than the settings' own.
LABELS = {
    "answer.currency": "Currency of prices",
    "retrieval.words_in": "Search by words reads",
    "retrieval.title_boost": "Weight of titles and file names",
    "retrieval.heading_boost": "Weight of headings",
    "retrieval.exact_first": "Codes and quoted phrases first",
    "retrieval.correct_spelling": "Correct misspelt words",
    "retrieval.fold_copies": "Passages that say the same become one",
    "retrieval.join_neighbours": "Join passages that go on in one another",
    "retrieval.neighbours": "Neighbours read with each passage",
    "reranking.cached_scores": "Scores remembered",
    "reranking.timeout_seconds": "Longest wait for a service (s)",
    "embedding.model": "Embedding model",
    "embedding.precision": "Arithmetic",
    "embedding.batch_size": "Passages at once",
    "chunking.header_tokens": "Title and headings (tokens)",
    "ingest.max_file_megabytes": "Largest file (MB)",
    "ingest.max_archive_members": "Most files in an archive",
    "ingest.max_unpacked_megabytes": "Most unpacked (MB)",
    "ingest.max_archive_depth": "Archives within archives",
    "ingest.max_sheet_rows": "Most rows of a sheet",
    "ingest.ocr": "Read scans",
    "ingest.ocr_languages": "Languages of scans",
    "ingest.ocr_page_seconds": "Longest reading of a scan (s)",
    "ingest.convert_seconds": "Longest conversion (s)",
    "ingest.parse_seconds": "Longest reading of a file (seconds)",
    "ingest.parse_memory_megabytes": "Most memory to read a file (MB)",
    "ingest.page_seconds": "Longest drawing of a page (s)",
    "ingest.lock_seconds": "Longest wait for another process that adds (seconds)",
    "ingest.program_memory_megabytes": "Most memory of a program that reads (MB)",
    "ingest.parse_processes": "Files read at once",
    "ingest.when_gone": "When a followed file is gone",
}


def draw_other_settings(shown: Collection[str] = SHOWN_ABOVE) -> None:
    """The folded card, one part a section."""
    with st.expander("All other settings", icon=":material/tune:"):
        group = SettingGroup("other", check=_check)
        sections: dict[str, list[str]] = {}
        for path in known_paths():
            if path not in shown:
                sections.setdefault(path.partition(".")[0], []).append(path)
        for section, paths in sections.items():
            st.markdown(f"**{TITLES.get(section, section.capitalize())}**")
            with st.container(horizontal=True, vertical_alignment="top"):
                for path in paths:
                    with st.container(width=280):
                        group.any(path, LABELS.get(path, ""))
        group.draw_foot()


def _check(settings: Settings) -> None:
    """Refuse an embedder that is not there: with it, no page would open."""
    get_embedder(settings.embedding)
