"""How passages are found and put in order, and how documents are cut into them."""

from __future__ import annotations

import streamlit as st

from pages.shared.reranker_choice import LABELS, draw_sentence
from pages.shared.settings.group import SettingGroup
from pages.shared.settings.model_download import draw_model_download
from rag.agreement import check_passages, check_search
from rag.errors import SettingsError
from rag.rerankers import BY_NAME, members_of
from rag.settings import Settings

MODES = {"hybrid": "Both", "vector": "By meaning", "text": "By words"}
#: Names plainer than the settings' own.
FIELDS = {
    "reranking.linear_weight": "Share of meaning",
    "reranking.rank_weight": "Share of meaning",
    "reranking.mmr_balance": "Good match before something new",
    "reranking.ensemble": "Rerankers, joined by +",
    "reranking.llm_candidates": "Passages put in order",
    "reranking.own": "Your class",
}
#: Rerankers with a model that can be fetched: the setting that names it, and its label.
MODELS = {
    "cross-encoder": ("reranking.cross_encoder", "Second model"),
    "colbert": ("reranking.colbert", "ColBERT model"),
}


def draw_search() -> None:
    """The card of searching and ranking."""
    group = SettingGroup("search", check=_check, live=True)
    st.markdown("#### Finding passages")
    group.choice("retrieval.mode", "Search", MODES)
    reranker = group.choice("retrieval.reranker", "Order of what was found", LABELS)
    sentence = st.container()
    if reranker in MODELS:
        setting, label = MODELS[reranker]
        name = group.text(setting, label, placeholder="a folder, or a name on the hub")
        draw_model_download(name, setting)
    else:
        for path in BY_NAME[reranker].settings if reranker in BY_NAME else ():
            group.any(path, FIELDS.get(path, ""))
    if reranker == "cross-encoder":
        group.switch("reranking.allow_downloads", "Download missing models without asking")
    with sentence:
        draw_sentence(reranker, _previewed(group), with_problem=reranker != "cross-encoder")
    with st.container(horizontal=True):
        group.number("retrieval.k", "Passages kept")
        group.number("retrieval.candidates", "Looked at first", step=10)
        group.number("retrieval.milliseconds", "Time allowed (ms, 0: any)", step=50)
    group.draw_foot()


def _check(settings: Settings) -> None:
    check_search(settings.retrieval)
    members_of(settings.retrieval.reranker, settings)


def _previewed(group: SettingGroup) -> Settings:
    """The settings as typed, or those in force where what is typed is refused below."""
    try:
        return group.preview()
    except SettingsError:
        return group.settings


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
