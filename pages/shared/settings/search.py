"""How passages are found and put in order, and how documents are cut into them."""

from __future__ import annotations

import streamlit as st

from pages.shared.settings.group import SettingGroup
from pages.shared.settings.model_download import draw_model_download
from rag.agreement import check_passages, check_search
from rag.rerankers import RERANKERS

MODES = {"hybrid": "Both", "vector": "By meaning", "text": "By words"}
ORDERS = {
    "late-interaction": "Word by word (built in)",
    "late-interaction-exact": "Word by word, exact: slower",
    "cross-encoder": "With a second model (cross-encoder)",
    "none": "As the search found them",
}


def draw_search() -> None:
    """The card of searching and ranking."""
    group = SettingGroup("search", check=lambda settings: check_search(settings.retrieval), live=True)
    st.markdown("#### Finding passages")
    group.choice("retrieval.mode", "Search", MODES)
    group.choice(
        "retrieval.reranker",
        "Order of what was found",
        {name: ORDERS.get(name, name) for name in (*ORDERS, *RERANKERS) if name in RERANKERS},
    )
    if group.typed["retrieval.reranker"] == "cross-encoder":
        name = group.text(
            "reranking.cross_encoder", "Second model", placeholder="a folder, or a name on the hub"
        )
        draw_model_download(name)
        group.switch("reranking.allow_downloads", "Download missing models without asking")
    with st.container(horizontal=True):
        group.number("retrieval.k", "Passages kept")
        group.number("retrieval.candidates", "Looked at first", step=10)
    group.draw_foot()


def draw_chunking() -> None:
    """The card of cutting documents into passages."""
    group = SettingGroup(
        "passages",
        check=lambda settings: check_passages(settings.chunking),
        live=True,
        saved_note="Documents already added keep their passages until you read them again in the library.",
    )
    st.markdown("#### Cutting documents into passages")
    st.caption(
        "Applies to documents added from now on. For those already there, choose them in the library and "
        "press “Read again”."
    )
    with st.container(horizontal=True):
        group.number("chunking.max_tokens", "Longest passage (tokens)", step=16)
        group.number("chunking.overlap_tokens", "Overlap (tokens)", step=4)
    group.draw_foot()
