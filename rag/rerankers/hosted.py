"""LanceDB's rerankers that are services or bring a package: Cohere, Jina, Voyage, OpenAI and ColBERT.

Each gets its client from here: with the key from the settings alone, and a limit on the wait. None is
contacted before it is asked to rank.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any

from rag.errors import MissingDependency
from rag.llms import is_loopback
from rag.rerankers.cross_encoder import local_model_folder
from rag.rerankers.lancedb_rerankers import LanceDBReranker
from rag.rerankers.service_failures import Remedies, explained
from rag.reranking_settings import RerankingSettings
from rag.server_settings import OpenAISettings

#: Services by name: the package that speaks their protocol.
PACKAGES = {"cohere": "cohere", "voyage": "voyageai", "colbert": "rerankers"}
#: LanceDB's rerankers whose scores for a passage depend on no other.
POINTWISE = ("cohere", "jina", "voyage", "colbert")


def hosted_problem(name: str, settings: RerankingSettings, openai: OpenAISettings) -> str:
    """What must be done before this one can be used; empty when nothing."""
    package = PACKAGES.get(name)
    if package and importlib.util.find_spec(package) is None:
        return f"The package {package} is not installed. Run: pip install {package}"
    if name == "cohere" and not settings.cohere_key:
        return "There is no key for Cohere. Put it in reranking.cohere_key."
    if name == "jina" and not settings.jina_key and not is_loopback(settings.jina_url):
        return "There is no key for Jina. Put it in reranking.jina_key."
    if name == "voyage" and not settings.voyage_key:
        return "There is no key for Voyage. Put it in reranking.voyage_key."
    if name == "openai" and not openai.api_key and not is_loopback(openai.base_url):
        return "There is no key for the OpenAI-compatible server. Put it in openai.api_key."
    return ""


@lru_cache(maxsize=16)
def get_hosted(name: str, settings: RerankingSettings, openai: OpenAISettings) -> LanceDBReranker:
    """One instance a process and configuration. Raises nothing: what is missing is said when it is used."""

    def make() -> Any:
        problem = hosted_problem(name, settings, openai)
        if problem:
            raise MissingDependency(problem)
        return _MAKERS[name](settings, openai)

    remedies = Remedies(
        "openai.api_key" if name == "openai" else f"reranking.{name}_key",
        "openai.model" if name == "openai" else f"reranking.{name}_model",
        settings.timeout_seconds,
    )
    keys = (settings.cohere_key, settings.jina_key, settings.voyage_key, openai.api_key)
    model = {
        "cohere": settings.cohere_model,
        "jina": f"{settings.jina_model} {settings.jina_url}",
        "voyage": settings.voyage_model,
        "openai": f"{openai.model} {openai.base_url}",
        "colbert": settings.colbert,
    }[name]
    return LanceDBReranker(
        name,
        make,
        identity=f"{name} {model}",
        effort="reading" if name == "colbert" else "remote",
        by_text=name == "openai",
        hidden=keys,
        explain=lambda error: explained(error, remedies),
    )


def _cohere(settings: RerankingSettings, openai: OpenAISettings) -> Any:
    import cohere
    from lancedb.rerankers import CohereReranker

    reranker = CohereReranker(model_name=settings.cohere_model)
    client = cohere.Client(api_key=settings.cohere_key, timeout=settings.timeout_seconds)
    # The package would ask three times, and wait as long between as the service likes.
    asked_once = partial(client.rerank, request_options={"max_retries": 0})
    reranker._client = SimpleNamespace(rerank=asked_once)
    return reranker


def _jina(settings: RerankingSettings, openai: OpenAISettings) -> Any:
    from lancedb.rerankers import JinaReranker

    reranker = JinaReranker(model_name=settings.jina_model)
    reranker._client = _JinaSession(settings)
    return reranker


def _voyage(settings: RerankingSettings, openai: OpenAISettings) -> Any:
    import voyageai
    from lancedb.rerankers import VoyageAIReranker

    reranker = VoyageAIReranker(model_name=settings.voyage_model)
    reranker._client = voyageai.Client(
        api_key=settings.voyage_key, timeout=settings.timeout_seconds, max_retries=1
    )
    return reranker


def _openai(settings: RerankingSettings, openai_settings: OpenAISettings) -> Any:
    import openai
    from lancedb.rerankers import OpenaiReranker

    reranker = OpenaiReranker(model_name=openai_settings.model)
    reranker._client = openai.OpenAI(
        api_key=openai_settings.api_key or "none",
        base_url=openai_settings.base_url,
        timeout=settings.timeout_seconds,
        max_retries=0,
    )
    return reranker


def _colbert(settings: RerankingSettings, openai: OpenAISettings) -> Any:
    from lancedb.rerankers import ColbertReranker

    folder = local_model_folder(settings.colbert, "reranking.colbert")
    _for_transformers_5()
    reranker = ColbertReranker(model_name=str(folder), verbose=0)
    if reranker.reranker is None:
        raise MissingDependency(
            "The package rerankers finds no transformers. Run: pip install 'rerankers[transformers]'"
        )
    return reranker


def _for_transformers_5() -> None:
    """Let transformers 5 load the model of rerankers 0.10, which was written for version 4.

    Version 5 asks every model which of its weights are one and the same; this one has none, and does not say.
    """
    from rerankers.models import colbert_ranker

    if not hasattr(colbert_ranker.ColBERTModel, "all_tied_weights_keys"):
        colbert_ranker.ColBERTModel.all_tied_weights_keys = {}


_MAKERS: dict[str, Callable[[RerankingSettings, OpenAISettings], Any]] = {
    "cohere": _cohere,
    "jina": _jina,
    "voyage": _voyage,
    "openai": _openai,
    "colbert": _colbert,
}


class _JinaSession:
    """What LanceDB's Jina reranker posts through: to the address in the settings, and not for ever.

    LanceDB names Jina's own address and sets no limit on the wait.
    """

    def __init__(self, settings: RerankingSettings) -> None:
        import requests

        self._session = requests.Session()
        # Without this, a .netrc of the user's would replace the key.
        self._session.trust_env = False
        self._session.headers.update({"Accept-Encoding": "identity"})
        if settings.jina_key:
            self._session.headers["Authorization"] = f"Bearer {settings.jina_key}"
        self._address = settings.jina_url
        self._timeout = settings.timeout_seconds

    def post(self, url: str, json: dict[str, Any]) -> Any:
        """Send the request to the configured address whatever `url` says. Raises for an error status."""
        answer = self._session.post(self._address, json=json, timeout=self._timeout)
        answer.raise_for_status()
        return answer
