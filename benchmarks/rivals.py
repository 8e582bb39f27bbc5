"""Askance beside the pipeline that LangChain's documentation shows, over the same questions, in one run.

    python -m benchmarks.rivals [--data DIR] [--sets squad,uda_pdf] [--limit 200]

Arms: LangChain (PyPDFLoader or TextLoader, recursive splitter, same embedder, LanceDB vector store) as it is
and with its cross-encoder compressor; Askance's preset `plain` and its defaults. Gold is the same for all:
pages, character spans or documents, as in benchmarks.quality. nDCG@10 comes with its bootstrap 95% interval
and with the paired difference of Askance's defaults. It needs packages that Askance does not (README), and
writes results/rivals.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.evaluation_sets import (
    DEFAULT_WORK,
    SETS,
    EvaluationSet,
    benchmark_settings,
    data_folder,
    prepare,
    set_names,
)
from benchmarks.figures_table import FIGURE, interval_of, print_table
from benchmarks.langchain_pipeline import LangChainPipeline, known_documents
from benchmarks.quality import paired_gain
from benchmarks.record import RESULTS, write_record
from benchmarks.rerankers import MOST, some_of
from rag.beir import load_beir
from rag.compare import Variant
from rag.embedders import Embedder
from rag.errors import ModelNotAvailable
from rag.evaluate import (
    CUT,
    Task,
    VariantResult,
    beir_tasks,
    evaluate,
    figures_of,
    first_of_each_document,
    parse_variant,
    summary,
)
from rag.questions import gold_units, load_questions
from rag.rerankers import CrossEncoderReranker, local_model_folder
from rag.rerankers.embedded import get_embedded_cross_encoder
from rag.settings import Settings
from rag.types import EVERYTHING, Chunk, Filters
from rag.workspace import open_workspace

COMPARED_SETS = ("squad", "uda_pdf", "kgrag_10q", "cranfield", "cisi", "chunking")
PACKAGES = ("langchain_community", "langchain_classic", "pypdf")
PLAIN, DEFAULT = "Askance, plain", "Askance"
RIVAL, RIVAL_COMPRESSED = "LangChain", "LangChain, compressor"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    options = _parser().parse_args(arguments)
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. Run: pip install -r benchmarks/rivals.txt")
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    embedder = open_workspace(settings).store.embedder
    reader, named = _reader(settings, embedder)
    ours = [parse_variant(f"{PLAIN}:preset=plain", settings), parse_variant(f"{DEFAULT}:", settings)]
    record: dict[str, Any] = {"precision": embedder.precision, "compressor": named, "sets": {}}
    for name in options.sets:
        own = SETS[name]
        prepared = prepare(own, data, settings)
        tasks = some_of(prepared.tasks, options.limit)
        theirs, pipeline = _rival(own, data, options.work / "langchain" / name, embedder)
        asked = [theirs[task.id] for task in tasks]
        arms = {RIVAL: None, RIVAL_COMPRESSED: reader}
        by_document = prepared.by_document
        results = [
            _asked(arm, asked, pipeline, own_reader, settings, by_document=by_document)
            for arm, own_reader in arms.items()
        ]
        table = open_workspace(settings).table(prepared.collection)
        results += evaluate(tasks, ours, table, by_document=by_document)
        figures = [_figures(result, results[-1]) for result in results]
        print_table(
            f"{name}: {len(tasks)} questions, passages {pipeline.passages} / {prepared.chunks}",
            figures,
            of="arm",
            difference="Askance minus this",
            key="askance_minus_this",
        )
        record["sets"][name] = {
            "questions": len(tasks),
            "passages": {"langchain": pipeline.passages, "askance": prepared.chunks},
            "arms": figures,
        }
        print(f"written: {write_record('rivals', record, options.results)}", flush=True)
    return 0


def _rival(
    own: EvaluationSet, data: Path, work: Path, embedder: Embedder
) -> tuple[dict[str, Task], LangChainPipeline]:
    """The same questions with gold in the rival's terms, by id, and its filled store."""
    folder = data / own.folder
    if not own.questions:
        beir = load_beir(folder)
        documents = [(corpus_id, f"{title}\n\n{text}".strip()) for corpus_id, title, text in beir.documents]
        tasks = beir_tasks(beir, {corpus_id: corpus_id for corpus_id, _ in documents})
        return {task.id: task for task in tasks}, LangChainPipeline(work, embedder, documents)
    files = sorted((folder / "documents").iterdir())
    texts = known_documents(files)
    names = {file.name for file in files}
    tasks = []
    for question in load_questions(folder / own.questions):
        if question.answerable:
            units = tuple(
                gold_units(
                    question, lambda name: name if name in names else None, lambda name: texts.get(name, "")
                )
            )
            only = question.documents if question.scope == "document" else ()
            tasks.append(
                Task(question.id, question.text, units, Filters(documents=only) if only else EVERYTHING)
            )
    return {task.id: task for task in tasks}, LangChainPipeline(work, embedder, files)


def _asked(
    name: str,
    tasks: Sequence[Task],
    pipeline: LangChainPipeline,
    reader: CrossEncoderReranker | None,
    settings: Settings,
    *,
    by_document: bool,
) -> VariantResult:
    depth = settings.retrieval.candidates
    kept = depth if by_document else CUT
    search: Callable[[Task], tuple[list[Chunk], float]] = lambda task: pipeline.search(  # noqa: E731
        task.text, kept, task.filters, reader, depth
    )
    search(tasks[0])
    rows = []
    for task in tasks:
        chunks, milliseconds = search(task)
        chunks = first_of_each_document(chunks)[:CUT] if by_document else chunks
        rows.append(
            {
                "id": task.id,
                "milliseconds": milliseconds,
                "tokens": 0,
                **figures_of(task, [[chunk] for chunk in chunks]),
            }
        )
    return summary(Variant(name, settings, {}), rows)


def _reader(settings: Settings, embedder: Embedder) -> tuple[CrossEncoderReranker, str]:
    """The cross-encoder of the settings where it is on this machine, else the embedded one, and its name."""
    wanted = settings.reranking.cross_encoder
    try:
        local_model_folder(wanted)
    except ModelNotAvailable:
        embedded = get_embedded_cross_encoder(embedder.precision)
        return embedded, embedded.name
    return CrossEncoderReranker(wanted, precision=embedder.precision), wanted


def _figures(result: VariantResult, ours: VariantResult) -> dict[str, Any]:
    return {
        **result.as_dict(),
        "interval": interval_of(result),
        "askance_minus_this": paired_gain(ours, result, FIGURE) if result is not ours else None,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where rivals.json is written")
    parser.add_argument("--sets", type=set_names, default=list(COMPARED_SETS), help=f"of: {', '.join(SETS)}")
    parser.add_argument("--limit", type=int, default=MOST, help="most questions of a set")
    return parser


if __name__ == "__main__":
    sys.exit(main())
