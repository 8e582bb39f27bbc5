"""Where an expected phrase stands in a document as it was read, and which passages hold it.

It reads what ingestion kept and searches nothing. The same rule as in evaluation says when a passage
counts as holding a span (`rag.questions.Unit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.catalog import DocumentRecord
from rag.questions import Unit, located
from rag.types import Chunk, ParsedDocument
from rag.workspace import Workspace

#: Characters of a page below which it counts as having no text of its own.
EMPTY_PAGE = 20
#: Words of a phrase that are looked for in parts.
MOST_WORDS = 40

Span = tuple[int, int]


@dataclass(frozen=True)
class Expected:
    """What should have been found: a phrase of a document, or any passage of it where `phrase` is empty.

    `spans` are the phrase's places in the document's text, `passages` the stored passages that hold
    one of them; `is_whole` says whether one of those holds a place whole. Where the phrase has no
    place, `longest_part` is the longest run of its words that has one. `characters` and `empty_pages`
    describe the document as it was read.
    """

    record: DocumentRecord
    phrase: str
    spans: tuple[Span, ...]
    passages: tuple[Chunk, ...]
    is_whole: bool
    longest_part: str
    characters: int
    empty_pages: int

    @property
    def passage_ids(self) -> frozenset[str]:
        """The ids of the passages that hold it."""
        return frozenset(chunk.id for chunk in self.passages)


def expected_passage(
    workspace: Workspace, collection: str, document: str, phrase: str = "", *, span: Span | None = None
) -> Expected:
    """Look the phrase, or a span known already, up in the document named.

    Raises DocumentNotFound, or CollectionNotFound.
    """
    record = workspace.catalog.resolve(collection, document)
    parsed = workspace.blobs.get_parsed(record.document_id) if record.status == "ready" else None
    text = parsed.text if parsed else ""
    phrase = " ".join(phrase.split())
    spans = [span] if span else places(phrase, text)
    stored = workspace.table(collection).chunks(record.document_id) if record.status == "ready" else []
    passages = _holding(record.document_id, spans, stored) if spans or phrase else stored
    return Expected(
        record=record,
        phrase=" ".join(text[span[0] : span[1]].split()) if span else phrase,
        spans=tuple(spans),
        passages=tuple(passages),
        is_whole=any(chunk.start <= start and end <= chunk.end for start, end in spans for chunk in passages),
        longest_part="" if spans else longest_part(phrase, text),
        characters=len(text),
        empty_pages=_empty_pages(parsed),
    )


def places(phrase: str, text: str) -> list[Span]:
    """Where the phrase stands, any white space matching any other; where it does not, whatever its case."""
    return located(phrase, text) or located(phrase, text, any_case=True)


def longest_part(phrase: str, text: str) -> str:
    """The longest run of the phrase's words that stands in the text, whatever its case; "" for none."""
    words = phrase.split()[:MOST_WORDS]
    folded = f" {' '.join(text.split())} ".lower()
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            part = " ".join(words[first : first + length])
            if f" {part} ".lower() in folded:
                return part
    return ""


def _holding(document_id: str, spans: Sequence[Span], stored: Sequence[Chunk]) -> list[Chunk]:
    units = [Unit(document_id, span=span) for span in spans]
    return [chunk for chunk in stored if any(unit.found_by(chunk) for unit in units)]


def _empty_pages(parsed: ParsedDocument | None) -> int:
    if parsed is None:
        return 0
    return sum(len(parsed.text[page.start : page.end].strip()) < EMPTY_PAGE for page in parsed.pages)
