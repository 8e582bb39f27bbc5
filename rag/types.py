"""The values that travel between the rooms. Plain data: nothing here reads, computes or stores.

Offsets are in Unicode code points of a document's text, half open: `text[start:end]`.
Pages count from 1. Times are milliseconds unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
TokenIds = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PageSpan:
    """One page of a document: its number (from 1), printed label, and place in the document's text."""

    number: int
    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: `start` is where its section begins in the document's text; level 1 is the highest."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class TableSpan:
    """A table's place in the document's text: one row a line, `text[start:end]`.

    `header` is its header row, which every passage of the table repeats; "" for a table without one.
    A table of a spreadsheet also knows its cells: `columns` as "A:F", `first_row` from 1 (0 for others).
    """

    start: int
    end: int
    header: str = ""
    columns: str = ""
    first_row: int = 0


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a loader makes of a file's bytes.

    `pages` are pages, slides or sheets, and empty for formats without any (Markdown, HTML, DOCX, text).
    Headings and tables are in order of `start`; tables do not overlap. `warnings` are sentences for
    the user, `metadata` what the format says of itself beyond author and date, as (name, value) pairs.
    `scans` are the numbers of pages that are pictures and whose text is not known.
    """

    text: str
    title: str
    mime_type: str
    pages: tuple[PageSpan, ...] = ()
    headings: tuple[Heading, ...] = ()
    author: str = ""
    created: datetime | None = None
    language: str = ""
    warnings: tuple[str, ...] = ()
    tables: tuple[TableSpan, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    scans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage as stored and cited: `text` is exactly `document_text[start:end]`.

    `header` is the title and heading path, and on a second line the header row of a table that began
    in an earlier passage; what is embedded is `header`, a line break, `text`. Authors and date are the
    document's; they are stored to be filtered by and not read back. `token_ids` are the embedder's tokens of
    what is embedded, special ones left out, as long as whoever cut it knows them; they are not stored.
    """

    id: str
    document_id: str
    document: str
    text: str
    header: str
    title: str
    headings: str
    page: int | None
    start: int
    end: int
    mime_type: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    dated: date | None = None
    token_ids: TokenIds | None = field(default=None, compare=False, repr=False)

    @property
    def embedded_text(self) -> str:
        """What the embedder and the full-text index see."""
        return f"{self.header}\n{self.text}" if self.header else self.text


@dataclass(frozen=True, slots=True)
class Copy:
    """A passage that another stands for; `collection` is where it is from, when several were searched."""

    chunk: Chunk
    collection: str = ""


@dataclass(slots=True)
class Hit:
    """A chunk found for a query, with what each stage thought of it.

    `scores` and `ranks` have the keys vector, text, fused and rerank; a stage that did not see
    the chunk leaves None. `token_bits` is the packed sign of each token's vector (see
    rag/late_interaction.py), None when the row has none or no stage asked for it. `also_in` are worse
    ranked passages that say the same, and the same one in other collections (rag/near_copies.py), `parts`
    the passages that were joined to this one for reading (rag/wider_passages.py). `collection` is where it
    is from, when several were searched.
    """

    chunk: Chunk
    rank: int = 0
    scores: dict[str, float | None] = field(default_factory=dict)
    ranks: dict[str, int | None] = field(default_factory=dict)
    vector: Vector | None = None
    token_bits: bytes | None = None
    also_in: tuple[Copy, ...] = ()
    collection: str = ""
    parts: tuple[Chunk, ...] = ()

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """Every passage that this hit stands for, its own first."""
        return (self.chunk, *self.parts, *(copy.chunk for copy in self.also_in))

    def stands_for(self, passage_ids: Collection[str]) -> bool:
        """Whether one of these passages is among its own."""
        return any(chunk.id in passage_ids for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its vectors: `vector` float32[dimension], `tokens` float32[tokens, dimension]."""

    text: str
    vector: Vector
    tokens: Vector


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is restricted to; empty means everything. `documents` holds document ids.

    A passage must fit every part that is given, and one of the values of each. Days and pages are
    inclusive; a document without a date, an author or pages does not fit a restriction by it.
    """

    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    mime_types: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    first_page: int | None = None
    last_page: int | None = None


EVERYTHING = Filters()


@dataclass(frozen=True)
class Scope:
    """What a question is asked of, in people's words: documents by name, tags, kinds, authors, their
    date from one day to another, pages from one to another; and of which collections beside one's own.

    Empty means everything; `Filters` are what becomes of it in a collection.
    """

    documents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    first_page: int | None = None
    last_page: int | None = None
    collections: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Scope()

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the history."""
        lists = {part: list(getattr(self, part)) for part in SCOPE_LISTS}
        days = {part: day.isoformat() if (day := getattr(self, part)) else None for part in SCOPE_DAYS}
        return lists | days | {part: getattr(self, part) for part in SCOPE_PAGES}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Scope:
        """The scope kept so; what an older version did not keep is empty."""
        parts: dict[str, Any] = {part: tuple(stored.get(part) or ()) for part in SCOPE_LISTS}
        parts |= {part: date.fromisoformat(day) for part in SCOPE_DAYS if (day := stored.get(part))}
        return cls(**parts | {part: stored.get(part) for part in SCOPE_PAGES})


#: Parts of a scope that hold any number of values, days, and numbers of pages.
SCOPE_LISTS = ("documents", "tags", "kinds", "authors", "collections")
SCOPE_DAYS = ("since", "until")
SCOPE_PAGES = ("first_page", "last_page")


@dataclass(slots=True)
class SearchResult:
    """What `retrieve` returns: the hits shown, every candidate seen (copies folded), and each stage's cost.

    `milliseconds` has the keys embed, vector, text, fuse, rerank, total. `notes` are sentences
    for the user (a reranker that fell back, say). `searched` counts the passages that might have been
    found. The query's vectors are kept so that quoting and highlighting need no second pass.
    """

    query: Query
    hits: list[Hit]
    candidates: list[Hit]
    milliseconds: dict[str, float]
    mode: str
    reranker: str
    notes: tuple[str, ...] = ()
    searched: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message to or from a language model: role is system, user or assistant.

    An earlier answer also knows its `turn`, its sentences that were `cited`, and whether it is `quoted`,
    that is made of words of documents; none of these is sent.
    """

    role: str
    content: str
    turn: str = field(default="", compare=False)
    cited: tuple[str, ...] = field(default=(), compare=False)
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a language model counted for one reply; `estimated` when we counted them ourselves."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered reference from an answer to a quoted span of a document.

    `quote` is exactly `document_text[start:end]`. `also_in` are the places of copies that hold it, too.
    `collection` is "" for that which the question was asked of, or else where the document was found.
    `columns` is the row that names the columns when the quote is rows of a table, else "". `part` says
    where in the document it stands (rag/passage_places.py).
    """

    number: int
    document: str
    document_id: str
    chunk_id: str
    page: int | None
    start: int
    end: int
    quote: str
    score: float | None = None
    words: tuple[tuple[int, int], ...] = ()
    also_in: tuple[str, ...] = ()
    collection: str = ""
    columns: str = ""
    part: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the history."""
        return {
            "number": self.number,
            "document": self.document,
            "document_id": self.document_id,
            "chunk_id": self.chunk_id,
            "page": self.page,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "score": self.score,
            "words": [list(span) for span in self.words],
            "also_in": list(self.also_in),
            "collection": self.collection,
            "columns": self.columns,
            "part": self.part,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Citation:
        """Read back what `as_dict` wrote."""
        words = tuple((int(start), int(end)) for start, end in stored.get("words", ()))
        return cls(**{**stored, "words": words, "also_in": tuple(stored.get("also_in", ()))})
