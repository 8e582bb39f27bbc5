"""The reranker that the settings name, built from them. What holds a model or a client is kept."""

from __future__ import annotations

from rag.embedders import Embedder
from rag.errors import MissingDependency, SettingsError
from rag.llms import ChatModel, get_chat_model
from rag.rerankers.cross_encoder import get_cross_encoder
from rag.rerankers.diversity import DiversityReranker
from rag.rerankers.embedded import EmbeddedReranker, get_embedded_cross_encoder
from rag.rerankers.ensemble import EnsembleReranker
from rag.rerankers.first_stage import LinearReranker, NoReranker, WeightedRankFusion
from rag.rerankers.hosted import POINTWISE, get_hosted
from rag.rerankers.late import ExactLateInteractionReranker, LateInteractionReranker
from rag.rerankers.listwise import ListwiseReranker
from rag.rerankers.offered import RERANKERS, members_of
from rag.rerankers.own import get_own
from rag.rerankers.query_aware import QueryAwareReranker
from rag.rerankers.remembered import RememberedReranker
from rag.rerankers.score_cache import score_cache
from rag.rerankers.seam import Reranker
from rag.settings import Settings


def get_reranker(settings: Settings, embedder: Embedder) -> Reranker:
    """The reranker that `retrieval.reranker` names.

    Raises SettingsError for a name or an ensemble that is none, and MissingDependency when a class of
    the user's own cannot be had; other models, packages and keys are missed only when they are used.
    """
    return _built(settings.retrieval.reranker, settings, embedder)


def _built(name: str, settings: Settings, embedder: Embedder) -> Reranker:
    own = settings.reranking
    late = LateInteractionReranker(embedder, own)
    cache = score_cache(own.cached_scores)
    match name:
        case "none":
            return NoReranker()
        case "late-interaction":
            return late
        case "late-interaction-exact":
            return ExactLateInteractionReranker(embedder, own, cache)
        case "linear":
            return LinearReranker(own.linear_weight)
        case "weighted-rrf":
            return WeightedRankFusion(own.rank_weight, settings.retrieval.fusion_constant)
        case "query-aware":
            return QueryAwareReranker(late)
        case "mmr":
            return DiversityReranker(late, own.mmr_balance)
        case "embedded-cross-encoder":
            return EmbeddedReranker(embedder, own, cache, get_embedded_cross_encoder(embedder.precision))
        case "cross-encoder":
            model = get_cross_encoder(own.cross_encoder, embedder.precision, own.allow_downloads)
            return RememberedReranker(model, cache)
        case "llm":
            return ListwiseReranker(
                lambda: _chat_model(settings), most=own.llm_candidates, tokens=settings.answer.context_tokens
            )
        case "cohere" | "jina" | "voyage" | "openai" | "colbert":
            hosted = get_hosted(name, own, settings.openai)
            return RememberedReranker(hosted, cache) if name in POINTWISE else hosted
        case "own":
            return get_own(own.own)
        case "ensemble":
            members = members_of(name, settings)
            return EnsembleReranker([_built(member, settings, embedder) for member in members])
        case _:
            raise SettingsError(f"Unknown reranker {name!r}. Choose one of: {', '.join(RERANKERS)}.")


def _chat_model(settings: Settings) -> ChatModel:
    if settings.answer.model == "extractive":
        raise MissingDependency(
            "The reranker llm needs a chat model, and the built-in answerer is none. "
            "Set answer.model to openai, ollama or one of your models."
        )
    return get_chat_model(settings)
