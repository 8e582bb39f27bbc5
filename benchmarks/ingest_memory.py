"""Memory while many PDF pages go in: the most that this process and its readers occupy at once.

    python -m benchmarks.ingest_memory [--data DIR] [--pages N] [--model minilm|hash]

The files of uda_pdf and kgrag_10q are repeated under other names, a comment of their own at the end,
until there are N pages. What is counted is resident memory, sampled every 50 ms, above that of this
process with the model loaded and used once. It prints a line and writes results/ingest_memory.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from benchmarks.evaluation_sets import benchmark_settings, data_folder
from benchmarks.record import RESULTS, write_record
from ingest.pipeline import Pipeline
from ingest.reader_process import resident_bytes
from ingest.sources import Source
from rag.settings import with_overrides
from rag.workspace import open_workspace

MOST_MEGABYTES = 600
MEGABYTE = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when more than MOST_MEGABYTES are taken above the loaded model's."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    files = sorted(file for name in ("uda_pdf", "kgrag_10q") for file in (data / name).rglob("*.pdf"))
    with tempfile.TemporaryDirectory() as folder:
        settings = with_overrides(benchmark_settings(Path(folder)), {"embedding.model": options.model})
        workspace = open_workspace(settings)
        workspace.store.embedder.embed_with_tokens(["The model is loaded and used."] * 32)
        pipeline = Pipeline("memory", workspace)
        before = resident_bytes(os.getpid())
        pages = passages = 0
        started = time.perf_counter()
        with _Peak() as peak:
            results = pipeline.run(_sources(files, options.pages))
            for result in results:
                pages, passages = pages + result.pages, passages + result.chunks
    taken = (peak.bytes - before) / MEGABYTE
    record = {
        "model": options.model,
        "pages": pages,
        "passages": passages,
        "seconds": round(time.perf_counter() - started, 1),
        "before_mb": round(before / MEGABYTE),
        "above_mb": round(taken),
        "readers_peak_mb": round(peak.readers / MEGABYTE),
    }
    print(
        f"{pages} pages, {passages} passages: at most {taken:.0f} MB above {record['before_mb']} MB, "
        f"readers at most {record['readers_peak_mb']} MB of it; limit {MOST_MEGABYTES}"
    )
    print(f"written: {write_record('ingest_memory', record, options.results)}")
    return int(taken > MOST_MEGABYTES)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            listed += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return listed


class _Peak:
    """The most memory seen while it is entered: `bytes` in all, `readers` of the processes started."""

    def __init__(self) -> None:
        self.bytes = self.readers = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        own = os.getpid()
        while not self._over.wait(0.05):
            readers = sum(map(resident_bytes, children(own)))
            self.readers = max(self.readers, readers)
            self.bytes = max(self.bytes, resident_bytes(own) + readers)


def _sources(files: Sequence[Path], wanted: int) -> Iterator[Source]:
    """The files again and again, each time with other bytes at the end, until there are enough pages."""
    import pypdfium2

    counted: dict[Path, int] = {}
    pages = 0
    for number, file in enumerate(cycle(files)):
        if pages >= wanted:
            return
        if file not in counted:
            document = pypdfium2.PdfDocument(file)
            counted[file] = len(document)
            document.close()
        pages += counted[file]
        yield Source(
            f"{number}-{file.name}",
            file.stat().st_size,
            lambda file=file, number=number: file.read_bytes() + b"\n%% copy %d\n" % number,  # type: ignore[misc]
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest_memory", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--pages", type=int, default=3000, help="PDF pages in all")
    parser.add_argument("--model", default="minilm", help="the embedding model")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where ingest_memory.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
