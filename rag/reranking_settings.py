"""What the rerankers need to know. Read, checked and kept as all other settings (rag.settings)."""

from __future__ import annotations

from dataclasses import dataclass

from rag.setting_field import setting


@dataclass(frozen=True)
class RerankingSettings:
    """What the rerankers need to know; each line belongs to the one that it names."""

    vector_weight: float = setting(
        0.5, "Weight of the search by meaning beside late interaction's 1.", minimum=0.0, maximum=100.0
    )
    text_weight: float = setting(
        0.5, "Weight of the search by words beside late interaction's 1.", minimum=0.0, maximum=100.0
    )
    linear_weight: float = setting(
        0.5, "Share of meaning in weighted scores; words have the rest.", minimum=0.0, maximum=1.0
    )
    rank_weight: float = setting(
        0.5, "Share of meaning in weighted ranks; words have the rest.", minimum=0.0, maximum=1.0
    )
    mmr_balance: float = setting(
        0.7,
        "Weight of a good match; the rest is for saying something new. 1 ignores repetition.",
        minimum=0.0,
        maximum=1.0,
    )
    cross_encoder: str = setting(
        "cross-encoder/ms-marco-MiniLM-L6-v2", "Cross-encoder: a folder on this machine or a hub name."
    )
    allow_downloads: bool = setting(False, "Whether models may be downloaded from the hub.")
    colbert: str = setting("colbert-ir/colbertv2.0", "ColBERT model: a folder on this machine or a hub name.")
    llm_candidates: int = setting(
        20, "Passages that the chat model puts in order; the others follow.", minimum=2, maximum=100
    )
    ensemble: str = setting(
        "late-interaction+linear", "Rerankers whose scores are averaged, joined by +, each at most once."
    )
    own: str = setting("", "Your own reranker: the dotted path to its class, as my_module.MyClass.")
    cohere_model: str = setting("rerank-v3.5", "Cohere's model.")
    cohere_key: str = setting("", "Key for Cohere.", secret=True)
    jina_model: str = setting("jina-reranker-v2-base-multilingual", "Jina's model.")
    jina_key: str = setting("", "Key for Jina.", secret=True)
    jina_url: str = setting(
        "https://api.jina.ai/v1/rerank",
        "Where Jina's protocol is spoken; a server of your own may.",
        address=True,
    )
    voyage_model: str = setting("rerank-2.5", "Voyage's model.")
    voyage_key: str = setting("", "Key for Voyage.", secret=True)
    timeout_seconds: float = setting(30.0, "Longest wait for a ranking service.", minimum=1, maximum=600)
    cached_scores: int = setting(
        50_000,
        "Scores of slow rerankers remembered; 0 for none.",
        minimum=0,
        maximum=10_000_000,
    )
