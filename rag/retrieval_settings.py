"""How passages are found. Read, checked and kept as all other settings (rag.settings)."""

from __future__ import annotations

from dataclasses import dataclass

from rag.setting_field import setting


@dataclass(frozen=True)
class RetrievalSettings:
    """How passages are found."""

    mode: str = setting("hybrid", "By meaning, by words, or both.", choices=("hybrid", "vector", "text"))
    k: int = setting(10, "Passages kept.", minimum=1, maximum=200)
    candidates: int = setting(
        50, "Passages fetched by each search before reranking.", minimum=1, maximum=1000
    )
    fusion_constant: int = setting(5, "The constant of reciprocal rank fusion.", minimum=1, maximum=1000)
    reranker: str = setting("late-interaction", "What puts the candidates in their final order.")
    words_in: str = setting(
        "embedded_text",
        "What the search by words reads: title, headings and passage (embedded_text), or the passage (text).",
        choices=("embedded_text", "text"),
    )
    title_boost: float = setting(
        0.0,
        "What a word of the question counts for when it is in a document's title or file name, too.",
        minimum=0,
        maximum=10,
    )
    heading_boost: float = setting(
        0.0, "What it counts for when it is in the headings above a passage, too.", minimum=0, maximum=10
    )
    exact_first: bool = setting(
        True, "Whether passages that hold the codes and quoted phrases of a question come first."
    )
    fold_copies: bool = setting(
        True, "Whether passages that say the same become one, which names the places of all."
    )
    correct_spelling: bool = setting(
        True, "Whether a misspelt word that stands in no passage is searched for as the collection spells it."
    )
    join_neighbours: bool = setting(
        True, "Whether passages that go on in one another are joined before a chat model reads them."
    )
    neighbours: int = setting(
        1,
        "Passages before and after each one found that a chat model reads with it, where there is room.",
        minimum=0,
        maximum=10,
    )
    milliseconds: int = setting(
        0,
        "Most milliseconds that a question may spend; ranking then reads less. 0 sets no bound.",
        minimum=0,
        maximum=600_000,
    )
