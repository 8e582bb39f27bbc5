"""How long it takes to delete and to tag many documents, and to draw the list that shows them.

    python -m benchmarks.deleting [--documents N] [--passages N]

A folder is filled without parsing or embedding (random vectors), each document with an original on
disk; then half of the documents are tagged, the list is read, and all documents are deleted. It prints
the seconds and writes results/deleting.json; returns 1 when deleting takes 10 seconds or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import RESULTS, write_record
from ingest.documents import remove_documents, tag_documents
from rag.catalog import DocumentRecord
from rag.settings import Settings, with_overrides
from rag.types import Chunk
from rag.workspace import Workspace, open_workspace

MOST_SECONDS = 10.0
ROWS_AT_ONCE = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deleting", description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--passages", type=int, default=10, help="of each document")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = with_overrides(Settings(data_dir=Path(folder)), {"embedding.model": "hash"})
        workspace = open_workspace(settings)
        names = _fill(workspace, options.documents, options.passages)
        seconds = {
            "tag half": _timed(lambda: tag_documents(workspace, "default", names[::2], add=["archive"])),
            "read the list": _timed(lambda: workspace.catalog.documents("default")),
            "delete half": _timed(lambda: remove_documents(workspace, "default", names[::2])),
            "delete the rest": _timed(lambda: remove_documents(workspace, "default", names[1::2])),
        }
    deleting = seconds["delete half"] + seconds["delete the rest"]
    for what, taken in seconds.items():
        print(f"{what}: {taken:.2f} s")
    print(f"{options.documents} documents deleted in {deleting:.2f} s; at most {MOST_SECONDS:.0f} s")
    figures: dict[str, Any] = {
        "documents": options.documents, "passages": options.passages, "seconds": seconds,
    }  # fmt: skip
    print(f"written: {write_record('deleting', figures, options.results)}")
    return int(deleting >= MOST_SECONDS)


def _fill(workspace: Workspace, documents: int, passages: int) -> list[str]:
    table = workspace.store.open_or_create("default")
    names = [f"folder/{number:06}.txt" for number in range(documents)]
    ids = [workspace.blobs.put_bytes(name.encode()) for name in names]
    chunks = [
        Chunk(f"{own}-{place}", own, name, f"{name} {place}", "", "", "", None, place, place + 1)
        for own, name in zip(ids, names, strict=True)
        for place in range(passages)
    ]
    random = np.random.default_rng(0)
    for start in range(0, len(chunks), ROWS_AT_ONCE):
        some = chunks[start : start + ROWS_AT_ONCE]
        vectors = random.standard_normal((len(some), table.embedder.dimension), np.float32)
        table.replace_documents(some, vectors, [b"\0" * 96] * len(some))
    workspace.catalog.put_many(
        DocumentRecord("default", name, own, chunks=passages, signature=own[:32].encode() * 8)
        for own, name in zip(ids, names, strict=True)
    )
    return names


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 3)


if __name__ == "__main__":
    sys.exit(main())
