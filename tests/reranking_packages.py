"""Stand-ins for packages that are no dependency: what LanceDB calls of cohere, voyageai and rerankers.

They behave as cohere 7.3.1, voyageai 0.5.0 and, with transformers 5.23, rerankers 0.10.0 were seen to:
arguments by name, attempts, errors as they print, and a model that transformers 5 does not load as it is.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections import namedtuple
from types import ModuleType, SimpleNamespace
from typing import Any

from rerank_server import RerankServer

#: Headers as Cohere sends them, longer than any sentence for a reader.
HEADERS = {"x-debug-trace-id": "0123456789abcdef" * 2, "cache-control": "no-cache, no-store, private " * 8}


def stand_in_cohere(server: RerankServer) -> ModuleType:
    """`Client.rerank` asks up to three times; an error prints the headers first, then status and body."""

    class ApiError(Exception):
        def __init__(self, status_code: int, body: Any) -> None:
            self.headers, self.status_code, self.body = HEADERS, status_code, body

        def __str__(self) -> str:
            return f"headers: {self.headers}, status_code: {self.status_code}, body: {self.body}"

    class Client:
        def __init__(self, api_key: str | None = None, *, timeout: float | None = None) -> None:
            self._key = api_key

        def rerank(
            self,
            *,
            query: str,
            documents: list[str],
            model: str,
            top_n: int | None = None,
            request_options: dict[str, Any] | None = None,
        ) -> Any:
            body = {"query": query, "documents": documents, "model": model, "top_n": top_n}
            for _ in range((request_options or {}).get("max_retries", 2) + 1):
                status, found = _posted(f"{server.base_url}/cohere/v1/rerank", body, self._key)
                if status != 429 and status < 500:
                    break
            if status >= 400:
                raise ApiError(status, found)
            results = [SimpleNamespace(document=None, **own) for own in found["results"]]
            return SimpleNamespace(id=found["id"], results=results)

    return _module("cohere", Client=Client)


def stand_in_voyageai(server: RerankServer) -> ModuleType:
    """`Client.rerank` reads `data`, not `results`; an error keeps its status beside its words."""

    class VoyageError(Exception):
        def __init__(self, message: str, http_status: int, json_body: Any) -> None:
            super().__init__(message)
            self.http_status, self.json_body = http_status, json_body

    Result = namedtuple("Result", ["index", "document", "relevance_score"])

    class Client:
        def __init__(
            self, api_key: str | None = None, max_retries: int = 0, timeout: float | None = None
        ) -> None:
            self._key = api_key

        def rerank(
            self,
            query: str,
            documents: list[str],
            model: str,
            top_k: int | None = None,
            truncation: bool = True,
        ) -> Any:
            body = {
                "query": query,
                "documents": documents,
                "model": model,
                "top_k": top_k,
                "truncation": truncation,
            }
            status, found = _posted(f"{server.base_url}/voyage/v1/rerank", body, self._key)
            if status == 500:
                raise VoyageError("The server failed to process the request.", status, None)
            if status >= 400:
                raise VoyageError(found["detail"], status, found)
            results = [
                Result(own["index"], documents[own["index"]], own["relevance_score"]) for own in found["data"]
            ]
            return SimpleNamespace(results=results, total_tokens=found["usage"]["total_tokens"])

    return _module("voyageai", Client=Client)


def stand_in_rerankers() -> dict[str, ModuleType]:
    """The modules of the package rerankers. Its ColBERT does not tell transformers that it is complete."""
    import torch
    from transformers import AutoTokenizer, BertModel, BertPreTrainedModel

    class ColBERTModel(BertPreTrainedModel):  # type: ignore[misc]
        def __init__(self, config: Any, verbose: int) -> None:
            super().__init__(config)
            self.bert = BertModel(config)
            self.linear = torch.nn.Linear(config.hidden_size, 128, bias=False)
            self.init_weights()

        def forward(self, **given: Any) -> Any:
            return self.linear(self.bert(**given)[0])

    class ColBERTRanker:
        def __init__(self, model_name: str, verbose: int = 1) -> None:
            if verbose:
                sys.stdout.write(f"Loading model {model_name}, this might take a while...\n")
            self._tokenizer = AutoTokenizer.from_pretrained(model_name)
            self._model = colbert_ranker.ColBERTModel.from_pretrained(model_name, verbose=verbose).eval()

        @torch.inference_mode()
        def rank(self, query: str, docs: list[str], doc_ids: list[int]) -> Any:
            asked, told = self._vectors([query]), self._vectors(docs)
            scores = torch.einsum("qd,ptd->pqt", asked[0], told).amax(-1).mean(-1).tolist()
            found = dict(zip(doc_ids, scores, strict=True))
            return SimpleNamespace(get_result_by_docid=lambda own: SimpleNamespace(score=found[own]))

        def _vectors(self, texts: list[str]) -> Any:
            tokens = self._tokenizer(
                texts, return_tensors="pt", padding="max_length", max_length=64, truncation=True
            )
            return torch.nn.functional.normalize(self._model(**tokens), dim=-1)

    def reranker(model_name: str, lang: str = "en", model_type: str = "", verbose: int = 1) -> Any:
        return ColBERTRanker(model_name, verbose=verbose) if model_type == "colbert" else None

    colbert_ranker: Any = _module("rerankers.models.colbert_ranker", ColBERTModel=ColBERTModel)
    models = _module("rerankers.models", colbert_ranker=colbert_ranker)
    package = _module("rerankers", Reranker=reranker, models=models)
    return {own.__name__: own for own in (package, models, colbert_ranker)}


def _posted(address: str, body: dict[str, Any], key: str | None) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 (loopback)
        address,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
    vars(module).update(content)
    return module
