"""Ingest: passages a second through the whole pipeline against the bare embedder's, padding, memory.

    python -m benchmarks.ingest [--data DIR] [--files N] [--rounds N] [--pages N] [--apart] [--layers N]

Both take the same passages in one process, in alternating rounds, so that whatever else the machine
does meanwhile strikes both; the ratio is the figure, not the speeds. The bare embedder makes vectors of
passages alone, no token's, and gets its passages sorted by length, its best case. Processor seconds are
compared too, which suffer less from other programs; those of the pipeline's reading processes are not in
them. Where the embedder takes every core, reading and storing take from it whatever they cost, however well
they overlap; with --apart it has one core, in both, and all else another (Linux). What share of the time from
its first passage to its last that core embeds tells whether it ever waits. Memory is that of
benchmarks.ingest_memory over so many pages, in a process of its own. With --layers the model has only its
first N layers: it makes worse vectors, as quickly as a faster processor would, and shows what that leaves of
the ratio. It prints a line for each figure and writes results/ingest.json (ingest_apart, ingest_layers).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import rag.embedders
from benchmarks.evaluation_sets import benchmark_settings, data_folder
from benchmarks.record import RESULTS, write_record
from ingest.pipeline import POOL_CHUNKS, Pipeline
from ingest.sources import path_sources
from rag.embedders import LENGTH_STEP, Embedder
from rag.settings import Settings
from rag.workspace import open_workspace

FLOOR = 0.95
MOST_PADDING = 0.05
EMBEDDER_CORE, REST_CORE = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when it is slower, pads more or takes more memory than it may."""
    options = _parser().parse_args(arguments)
    files = smallest_reports(options.data, options.files)
    if options.apart:
        # The reading processes and the threads of the store inherit it.
        os.sched_setaffinity(0, {REST_CORE})
    with tempfile.TemporaryDirectory() as folder:
        settings = benchmark_settings(Path(folder))
        embedder = open_workspace(settings).store.embedder
        if options.layers:
            _keep_layers(embedder, options.layers)
        busy = _keep_apart(embedder) if options.apart else None
        # The model and the reading processes are there before the clock runs.
        list(_pipeline(settings).run(path_sources(files[:1], settings.ingest)))
        rounds: list[dict[str, Any]] = []
        for number in range(options.rounds):
            pipeline = _pipeline(benchmark_settings(Path(folder) / str(number)))
            sources = list(path_sources(files, settings.ingest))
            forget_words()
            if busy:
                busy.begin()
            whole = _timed(lambda pipeline=pipeline, sources=sources: list(pipeline.run(sources)))
            if busy:
                whole["embedding"] = busy.share()
                print(f"its core embeds {whole['embedding']:.1%} of the time from first to last")
            tidying = _timed(pipeline.tidy)
            texts = _embedded_texts(pipeline)
            bare = _timed(lambda texts=texts: _embed(texts, embedder))
            rounds.append({"passages": len(texts), "pipeline": whole, "tidying": tidying, "embedder": bare})
            print(_line(rounds[-1]), flush=True)
        padding = {
            "pipeline": padding_share(_lengths(texts, embedder), POOL_CHUNKS, settings.embedding.batch_size),
            "sorted": padding_share(_lengths(texts, embedder), len(texts), settings.embedding.batch_size),
        }
    ratios = {
        clock: round(median(row["embedder"][clock] / row["pipeline"][clock] for row in rounds), 4)
        for clock in ("wall_s", "processor_s")
    }
    print(
        f"median ratio {ratios['wall_s']:.3f}, of processor time {ratios['processor_s']:.3f}; floor {FLOOR}"
    )
    print(f"padding computed: {padding['pipeline']:.1%}; all sorted by length: {padding['sorted']:.1%}")
    record = {
        "apart": options.apart,
        "layers": options.layers,
        "files": len(files),
        "rounds": rounds,
        "median_ratio": ratios,
        "padding": padding,
    }
    name = "ingest_layers" if options.layers else "ingest_apart" if options.apart else "ingest"
    print(f"written: {write_record(name, record, options.results)}")
    too_much = options.pages and subprocess.run(_memory_command(options), check=False).returncode
    return int(ratios["wall_s"] < FLOOR or padding["pipeline"] > MOST_PADDING or bool(too_much))


def smallest_reports(data: Path | None, most: int) -> list[Path]:
    """The smallest PDFs of uda_pdf, so many at most, in order of their size."""
    documents = data_folder(data) / "uda_pdf" / "documents"
    return sorted(documents.glob("*.pdf"), key=lambda file: file.stat().st_size)[:most]


def forget_words() -> None:
    """Let the next run begin as in a new process, knowing no word that was met before."""
    rag.embedders._word_tokens.cache_clear()


class _Busy:
    """How much of a time a core embeds: processor seconds of the threads that do, against the clock."""

    def __init__(self) -> None:
        self._adding = threading.Lock()
        self.begin()

    def begin(self) -> None:
        """Forget what was counted."""
        self._seconds, self._first, self._last = 0.0, float("inf"), 0.0

    def add(self, began: float, seconds: float) -> None:
        """Count a piece of embedding that has just ended."""
        with self._adding:
            self._seconds += seconds
            self._first, self._last = min(self._first, began), time.perf_counter()

    def share(self) -> float:
        """Of the time from the first piece's beginning to the last one's end."""
        return round(self._seconds / (self._last - self._first), 4)


def _keep_layers(embedder: Any, layers: int) -> None:
    encoder = embedder._loaded_model()[0].auto_model.encoder
    encoder.layer = encoder.layer[:layers]


def _keep_apart(embedder: Embedder) -> _Busy:
    """Let every thread that embeds do so on one core, which nothing else uses; gives how busy it is."""
    import torch

    torch.set_num_threads(1)
    busy = _Busy()
    for name in ("embed", "embed_with_signs"):
        own = getattr(embedder, name)

        def on_its_core(*texts: Any, own: Callable[..., Any] = own, **options: Any) -> Any:
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {EMBEDDER_CORE})
            began, processor = time.perf_counter(), time.thread_time()
            try:
                return own(*texts, **options)
            finally:
                busy.add(began, time.thread_time() - processor)
                os.sched_setaffinity(0, before)

        setattr(embedder, name, on_its_core)
    return busy


def padding_share(lengths: Sequence[int], pool: int, batch_size: int) -> float:
    """The share of computed token places that is padding, when pools are cut into batches of like length."""
    computed = 0
    for first in range(0, len(lengths), pool):
        own = sorted(lengths[first : first + pool], reverse=True)
        batches = [own[start : start + batch_size] for start in range(0, len(own), batch_size)]
        computed += sum((batch[0] + -batch[0] % LENGTH_STEP) * len(batch) for batch in batches)
    return round(1 - sum(lengths) / computed, 4) if computed else 0.0


def _memory_command(options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.ingest_memory", "--pages", str(options.pages)]
    data = ["--data", str(options.data)] if options.data else []
    return [*command, *data, "--results", str(options.results)]


def _pipeline(settings: Settings) -> Pipeline:
    workspace = open_workspace(settings)
    return Pipeline("ingest", workspace)


def _embedded_texts(pipeline: Pipeline) -> list[str]:
    documents = sorted(pipeline.table.chunk_counts())
    return [chunk.embedded_text for own in documents for chunk in pipeline.table.chunks(own)]


def _embed(texts: Sequence[str], embedder: Embedder) -> None:
    ordered = sorted(texts, key=len)
    for first in range(0, len(ordered), POOL_CHUNKS):
        embedder.embed(ordered[first : first + POOL_CHUNKS])


def _line(row: dict[str, Any]) -> str:
    passages, whole, bare = row["passages"], row["pipeline"], row["embedder"]
    return (
        f"{passages} passages: pipeline {passages / whole['wall_s']:.1f}/s, "
        f"embedder {passages / bare['wall_s']:.1f}/s; ratio {bare['wall_s'] / whole['wall_s']:.3f}, "
        f"of processor time {bare['processor_s'] / whole['processor_s']:.3f}; "
        f"tidied afterwards in {row['tidying']['wall_s']:.2f} s"
    )


def _timed(work: Callable[[], Any]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return {
        "wall_s": round(time.perf_counter() - wall, 3),
        "processor_s": round(time.process_time() - processor, 3),
    }


def _lengths(texts: Sequence[str], embedder: Embedder) -> list[int]:
    return [len(embedder.token_spans(text)) + embedder.special_tokens for text in texts]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--files", type=int, default=12, help="only the N smallest of the 12 files")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run")
    parser.add_argument("--pages", type=int, default=3000, help="PDF pages for the memory figure; 0: none")
    parser.add_argument("--apart", action="store_true", help="a core for the embedder, one for all else")
    parser.add_argument("--layers", type=int, default=0, help="only the first N layers of the model")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where ingest.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
