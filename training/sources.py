"""The texts that the cross-encoder learns from, as documents of one Askance collection.

Only sources whose licence is stated are read (see DATA_CARD.md), and nothing of the sets that the result is
measured on. It asks no network and stops with a sentence where the data is absent.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

ARTICLES = Path(__file__).parent / "articles.json"
#: Fixtures in formats whose text is prose, tables or slides.
PROSE = {
    ".html",
    ".htm",
    ".docx",
    ".pptx",
    ".md",
    ".rst",
    ".txt",
    ".odt",
    ".epub",
    ".org",
    ".rtf",
    ".xlsx",
    ".pdf",
}
LARGEST_FIXTURE = 400_000


def articles(part: str) -> list[str]:
    """The file names of SQuAD's articles to `train` or to `test` with."""
    names: list[str] = json.loads(ARTICLES.read_text(encoding="utf-8"))[part]
    return names


def document_paths(data: Path, work: Path) -> list[Path]:
    """The files to store: training articles, Natural Questions' passages by document, and fixtures."""
    squad = [data / "squad" / "documents" / name for name in articles("train")]
    return [*squad, *_natural_question_files(data, work), *_fixtures(data)]


def natural_questions(data: Path) -> list[dict[str, str]]:
    """Question, passage and document of each; those that uda_pdf asks or has the document of are left out."""
    held_out = _records(data / "uda_pdf" / "questions.jsonl")
    asked = {_plain(record["question"]) for record in held_out}
    documents = {Path(str(record["document"])).stem.casefold() for record in held_out}
    documents |= {Path(name).stem.replace("_", " ").casefold() for name in articles("test")}
    return [
        record
        for record in _records(data / "rerank_train" / "natural_questions.jsonl")
        if _plain(record["question"]) not in asked and record["document"].casefold() not in documents
    ]


def squad_questions(data: Path) -> list[dict[str, str]]:
    """Question, gold passage and document of the training articles' answerable questions."""
    import gzip

    wanted = set(articles("train"))
    with gzip.open(data / "squad" / "questions_full.jsonl.gz", "rt", encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    return [
        {"question": own["question"], "passage": own["gold_text"], "document": own["document"]}
        for own in records
        if own["document"] in wanted and own["answerable"] and own["gold_text"]
    ]


def stand_alone_questions(data: Path) -> list[str]:
    """Questions of people who chat, none of which the texts need answer."""
    return [
        own["standalone"] for own in _records(data / "mtrag_rewrites" / "rewrites.jsonl") if own["standalone"]
    ]


def _natural_question_files(data: Path, work: Path) -> list[Path]:
    folder = work / "natural_questions"
    folder.mkdir(parents=True, exist_ok=True)
    passages: dict[str, dict[str, None]] = defaultdict(dict)
    for record in natural_questions(data):
        passages[record["document"]][record["passage"]] = None
    files = []
    for document, own in passages.items():
        file = folder / f"{re.sub(r'[^A-Za-z0-9]+', '_', document).strip('_')[:80]}.md"
        file.write_text("\n\n".join([f"# {document}", *own]) + "\n", encoding="utf-8")
        files.append(file)
    return sorted(set(files))


def _fixtures(data: Path) -> list[Path]:
    folder = data / "fixtures" / "files"
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in PROSE and file.stat().st_size <= LARGEST_FIXTURE
    )


def _records(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
