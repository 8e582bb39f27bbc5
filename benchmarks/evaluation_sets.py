"""The evaluation sets: where they lie, and their documents in a collection of their own.

It downloads nothing, and stops with a clear sentence where the data is absent. Documents that are
in the collection already and unchanged are not read again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.beir import ingest_beir
from ingest.pipeline import Pipeline
from ingest.sources import Source, bytes_source, path_sources
from rag.beir import load_beir
from rag.evaluate import Task, beir_tasks, question_tasks
from rag.questions import load_questions
from rag.settings import Settings, load_settings
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[1]
DATA_VARIABLE = "BENCHMARK_DATA"
DEFAULT_DATA = ROOT.parent / "shared" / "data"
#: Where collections are kept between runs; git ignores it.
DEFAULT_WORK = ROOT / "build" / "benchmarks"


@dataclass(frozen=True)
class EvaluationSet:
    """A set by its folder; without a question file it is in BEIR form. `floors` are for the defaults."""

    folder: str
    questions: str
    main_figure: str
    floors: dict[str, float]

    @property
    def name(self) -> str:
        """The folder's last part; sets of one group by language bear the group's name, too."""
        group, _, last = self.folder.rpartition("/")
        return f"{group}-{last}" if group == "xquad" else last


SETS = {
    own.name: own
    for own in (
        EvaluationSet("squad", "questions_small.jsonl", "hit@1", {"hit@1": 0.77, "hit@10": 0.95}),
        EvaluationSet(
            "uda_pdf",
            "questions.jsonl",
            "hit@1",
            {"hit@1": 0.56, "hit@5": 0.86, "hit@10": 0.90, "p50_ms": 60},
        ),
        EvaluationSet("chunking", "questions.jsonl", "ndcg@10", {}),
        EvaluationSet("ir/cranfield", "", "ndcg@10", {"ndcg@10": 0.45}),
        EvaluationSet("ir/cisi", "", "ndcg@10", {"ndcg@10": 0.38}),
        EvaluationSet("kgrag_10q", "questions.jsonl", "hit@1", {}),
        *(
            EvaluationSet(f"xquad/{language}", "questions.jsonl", "ndcg@10", {})
            for language in ("ar", "de", "es", "zh")
        ),
    )
}
#: What `make bench` runs; the others are there to see whether a setting that wins also wins elsewhere.
MAIN_SETS = ("squad", "uda_pdf", "chunking", "cranfield", "cisi")


def set_names(text: str) -> list[str]:
    """The sets that an option names, joined by commas; a folder before a name is passed over."""
    names = [name.rpartition("/")[2] for name in text.split(",") if name]
    for name in names:
        if name not in SETS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SETS)}")
    return names


def data_folder(given: Path | None) -> Path:
    """The evaluation data; ends the program with a sentence when it is absent."""
    folder = given or Path(os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    if not folder.is_dir():
        sys.exit(
            f"There is no evaluation data at {folder}. Give its folder with --data, or in {DATA_VARIABLE}; "
            "its form is described in benchmarks/README.md."
        )
    return folder


def benchmark_settings(work: Path) -> Settings:
    """The defaults, in a data folder of the benchmark's own; the environment's settings still count."""
    return load_settings(data_dir=work)


@dataclass(frozen=True)
class Prepared:
    """A set whose documents are stored: what to ask, in which collection, and how to count hits."""

    tasks: list[Task]
    collection: str
    by_document: bool
    chunks: int


def prepare(own: EvaluationSet, data: Path, settings: Settings, limit: int | None = None) -> Prepared:
    """Store the set's documents, unless they are, and make its questions ready (the first `limit`)."""
    workspace = open_workspace(settings)
    folder = data / own.folder
    if not own.questions:
        beir = load_beir(folder)
        collection, ids = ingest_beir(beir, workspace)
        tasks = beir_tasks(beir, ids)[:limit]
    else:
        collection = own.name
        sources = path_sources([folder / "documents"], workspace.settings.ingest)
        for failure in _stored(sources, collection, workspace):
            print(failure, file=sys.stderr)
        tasks = question_tasks(
            load_questions(folder / own.questions, limit),
            collection=collection,
            catalog=workspace.catalog,
            blobs=workspace.blobs,
        )
    return Prepared(tasks, collection, not own.questions, workspace.table(collection).count())


def store_texts(texts: Mapping[str, str], collection: str, workspace: Workspace) -> list[str]:
    """Put texts by name into a collection; returns a line for each that gave no passages."""
    sources = [
        source
        for name, text in texts.items()
        for source in bytes_source(name, text.encode(), workspace.settings.ingest)
    ]
    return _stored(sources, collection, workspace)


def _stored(sources: Iterable[Source], collection: str, workspace: Workspace) -> list[str]:
    pipeline = Pipeline(collection, workspace)
    failures = [
        f"{result.file}: {result.status}: {result.error}"
        for result in pipeline.run(sources)
        if result.status in ("empty", "failed")
    ]
    pipeline.tidy()
    return failures
