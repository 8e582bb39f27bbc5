"""LangChain's usual pipeline over the same documents: its loaders, its recursive splitter, its LanceDB store.

The embedder is Askance's own, so that only the pipeline differs. Chunks are those of the splitter's
documentation (1,000 characters, 200 of them shared). Its packages are no part of Askance: see
benchmarks/README.md. It measures nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rag.embedders import Embedder
from rag.rerankers import CrossEncoderReranker
from rag.types import Chunk, Filters

CHUNK_CHARACTERS, SHARED_CHARACTERS = 1_000, 200


class LangChainPipeline:
    """A collection of one evaluation set. Passages come back as Askance's chunks, so that gold counts alike.

    `documents` are (id, text) pairs or files; a PDF becomes a document a page, as PyPDFLoader reads it.
    """

    def __init__(self, folder: Path, embedder: Embedder, documents: Iterable[tuple[str, str] | Path]) -> None:
        import lancedb
        from langchain_community.vectorstores import LanceDB

        folder.mkdir(parents=True, exist_ok=True)
        ready = folder / "stored.json"
        self._store = LanceDB(
            connection=lancedb.connect(str(folder)), embedding=_adapted(embedder), mode="append"
        )
        if not ready.exists():
            count = self._add(documents)
            ready.write_text(json.dumps({"passages": count}), encoding="utf-8")
        self.passages = int(json.loads(ready.read_text(encoding="utf-8"))["passages"])

    def search(
        self, question: str, k: int, filters: Filters, reader: CrossEncoderReranker | None, depth: int
    ) -> tuple[list[Chunk], float]:
        """The best `k` passages and the milliseconds; with a reader, the best of `depth` in its order."""
        options: dict[str, Any] = {"k": depth if reader else k}
        if filters.documents:
            options["filter"] = (
                f"metadata.source IN ({', '.join(_quoted(name) for name in filters.documents)})"
            )
            options["prefilter"] = True
        retriever: Any = self._store.as_retriever(search_kwargs=options)
        if reader:
            retriever = _compressed(retriever, reader, k)
        started = time.perf_counter()
        found = retriever.invoke(question)
        return [_chunk(own) for own in found], (time.perf_counter() - started) * 1000

    def _add(self, documents: Iterable[tuple[str, str] | Path]) -> int:
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK_CHARACTERS, chunk_overlap=SHARED_CHARACTERS, add_start_index=True
        )
        count = 0
        for own in documents:
            loaded = (
                _loaded(own)
                if isinstance(own, Path)
                else [Document(page_content=own[1], metadata={"source": own[0], "page": -1})]
            )
            pieces = [piece for piece in splitter.split_documents(loaded) if piece.page_content.strip()]
            if pieces:
                self._store.add_texts(
                    [piece.page_content for piece in pieces], [piece.metadata for piece in pieces]
                )
            count += len(pieces)
        return count


def _loaded(file: Path) -> list[Any]:
    from langchain_community.document_loaders import PyPDFLoader, TextLoader
    from langchain_core.documents import Document

    if file.suffix.lower() != ".pdf":
        text = TextLoader(str(file), encoding="utf-8").load()[0].page_content
        return [Document(page_content=text, metadata={"source": file.name, "page": -1})]
    return [
        Document(
            page_content=own.page_content, metadata={"source": file.name, "page": own.metadata["page"] + 1}
        )
        for own in PyPDFLoader(str(file)).load()
    ]


def _adapted(embedder: Embedder) -> Any:
    from langchain_core.embeddings import Embeddings

    class Adapted(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return embedder.embed([text], query=True)[0].tolist()

    return Adapted()


def _compressed(retriever: Any, reader: CrossEncoderReranker, k: int) -> Any:
    from langchain_classic.retrievers import ContextualCompressionRetriever
    from langchain_classic.retrievers.document_compressors import CrossEncoderReranker as Compressor
    from langchain_community.cross_encoders.base import BaseCrossEncoder

    class Adapted(BaseCrossEncoder):
        def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
            return reader.read_pairs(text_pairs)

    return ContextualCompressionRetriever(
        base_compressor=Compressor(model=Adapted(), top_n=k), base_retriever=retriever
    )


def _chunk(document: Any) -> Chunk:
    own = document.metadata
    start, text = int(own["start_index"]), document.page_content
    page = int(own["page"]) if int(own["page"]) > 0 else None
    return Chunk(
        f"{own['source']} {page} {start}",
        own["source"],
        own["source"],
        text,
        "",
        "",
        "",
        page,
        start,
        start + len(text),
    )


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def known_documents(files: Sequence[Path]) -> dict[str, str]:
    """The text of each file that is no PDF, by its name: what a gold span is a place in."""
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.suffix.lower() != ".pdf"}
