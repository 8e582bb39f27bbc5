"""What measuring one question says, by the place of its right passage."""

from __future__ import annotations

from typing import Any


def row(rank: int | None, milliseconds: float = 10.0, question: str = "q") -> dict[str, Any]:
    return {
        "question": question,
        "hit@1": float(rank == 1),
        "hit@5": float(rank is not None and rank <= 5),
        "hit@10": float(rank is not None),
        "mrr@10": 1 / rank if rank else 0.0,
        "ndcg@10": 1 / rank if rank else 0.0,
        "recall@10": float(rank is not None),
        "precision@5": 0.2 if rank else 0.0,
        "rank": rank,
        "milliseconds": milliseconds,
        "tokens": 100,
        "notes": [],
    }
