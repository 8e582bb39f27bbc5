"""What puts candidates in their final order: one small protocol, one adapter a method.

A reranker gives every hit a score; sorting and trimming happen once, in rag.retrieve. Nothing
here opens a table, and no model is downloaded unless the settings allow it.

    seam, scales, score_cache        the protocol, common arithmetic, what was scored before
    first_stage, late, diversity     from what the searches and the embedder know already
    cross_encoder, listwise          with a second model
    hosted, lancedb_rerankers        LanceDB's own, most of them services behind a key
    service_failures                 what such a service's refusal means, in words
    ensemble, query_aware, own       made of others, or brought by the user
    offered, chosen                  what there is, in words; and the one that the settings name
    time_allowed                     fewer candidates or shorter passages where time is short
"""

from rag.rerankers.chosen import get_reranker
from rag.rerankers.cross_encoder import CrossEncoderReranker, local_model_folder
from rag.rerankers.late import ExactLateInteractionReranker, LateInteractionReranker, blended_with_searches
from rag.rerankers.offered import (
    BY_NAME,
    OFFERED,
    RERANKERS,
    Offer,
    asks_servers,
    check_reranker,
    destinations,
    members_of,
    problem_with,
)
from rag.rerankers.score_cache import CacheFigures, score_cache
from rag.rerankers.seam import Reranker
from rag.rerankers.time_allowed import Deadline, score_within

__all__ = [
    "BY_NAME",
    "OFFERED",
    "RERANKERS",
    "CacheFigures",
    "CrossEncoderReranker",
    "Deadline",
    "ExactLateInteractionReranker",
    "LateInteractionReranker",
    "Offer",
    "Reranker",
    "asks_servers",
    "blended_with_searches",
    "check_reranker",
    "destinations",
    "get_reranker",
    "local_model_folder",
    "members_of",
    "problem_with",
    "score_cache",
    "score_within",
]
