"""Figures about an installation for the status page: models, collections, disk and packages.

Looking loads no model, asks no server and holds no secret. A collection that cannot be opened is
listed with its reason; the others are not affected.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from rag.embedders import Embedder
from rag.errors import AskanceError
from rag.rerankers import problem_with
from rag.settings import Settings
from rag.workspace import Workspace

#: Packages whose version matters when something behaves oddly.
PACKAGES = (
    *("streamlit", "lancedb", "pyarrow", "torch", "sentence-transformers", "transformers"),
    *("huggingface-hub", "pypdfium2", "pypdf", "tiktoken", "openai", "ollama", "sqlalchemy"),
)


@dataclass(frozen=True)
class EmbedderStatus:
    """The embedder in use. `loaded` is None for one that has nothing to load."""

    name: str
    #: Numbers in a vector.
    dimension: int
    #: Longest passage in tokens.
    max_tokens: int
    precision: str
    precision_reason: str
    loaded: bool | None
    languages: tuple[str, ...]


@dataclass(frozen=True)
class CollectionStatus:
    """A collection. `version` counts the commits of its table; `size` is the table's, in bytes.

    `version` is None without a table, or when it cannot be opened; `problem` says why, or what to beware of.
    """

    name: str
    documents: int
    failed: int
    passages: int
    version: int | None
    size: int
    problem: str = ""


@dataclass(frozen=True)
class DiskStatus:
    """The data folder, and bytes: of originals with their parses, and free on its disk."""

    folder: Path
    originals: int
    free: int


def embedder_status(settings: Settings, embedder: Embedder) -> EmbedderStatus:
    """What turns text into vectors, and in which arithmetic and why."""
    return EmbedderStatus(
        name=embedder.name,
        dimension=embedder.dimension,
        max_tokens=embedder.max_tokens,
        precision=embedder.precision,
        precision_reason=_precision_reason(settings.embedding.precision, embedder.precision),
        loaded=getattr(embedder, "loaded", None),
        languages=embedder.languages,
    )


def reranker_problem(settings: Settings) -> str:
    """Why the reranker in the settings cannot be used yet; empty when it can."""
    return problem_with(settings.retrieval.reranker, settings)


def collection_statuses(workspace: Workspace) -> list[CollectionStatus]:
    """All collections by name, with and without a table."""
    summaries = {summary.name: summary for summary in workspace.catalog.collections()}
    tables = set(workspace.store.collections())
    found = []
    for name in sorted({*summaries, *tables}):
        summary = summaries.get(name)
        documents, failed = (summary.documents, summary.failed) if summary else (0, 0)
        size = workspace.store.size(name)
        version, passages, problem = None, 0, ""
        if name in tables:
            try:
                table = workspace.table(name)
                version, passages = table.version, table.count()
                if table.embedder.name != workspace.store.embedder.name:
                    problem = (
                        f"Collection {name!r} was made with the embedder {table.embedder.name!r}. It can be "
                        "searched, but not added to before its documents are read again on the library page."
                    )
            except AskanceError as error:
                problem = str(error)
        found.append(CollectionStatus(name, documents, failed, passages, version, size, problem))
    return found


def disk_status(workspace: Workspace) -> DiskStatus:
    """The data folder and the room on its disk."""
    folder = workspace.settings.data_dir
    return DiskStatus(folder, workspace.blobs.size(), shutil.disk_usage(folder).free)


def versions() -> dict[str, str]:
    """Python, the system and the main packages with their versions, without those not installed."""
    found = {
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.machine()}, {os.cpu_count() or 1} processors",
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _precision_reason(wanted: str, used: str) -> str:
    if wanted != "auto":
        return "chosen in the settings"
    if used == "bf16":
        return "this processor computes in bf16, about twice as fast with the same results"
    return "this processor has no bf16 arithmetic of its own"
