"""Cuts a parsed document into passages that fit the embedder, keeping page and character offsets.

A passage never crosses a page or a heading, and its text is exactly `document.text[start:end]`. A
table that fits stays in one passage; a longer one is cut between rows, and each passage's header repeats
its header row. Sizes are counted by the embedder's own tokenizer, special tokens and header included, so that
nothing is cut off silently later. Nothing here reads files or embeds.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.separators import SENTENCE_END, TABLE_SEPARATORS, separators_of
from rag.document_authors import authors_of
from rag.embedders import Embedder
from rag.errors import SettingsError
from rag.settings import ChunkingSettings
from rag.types import Chunk, Heading, ParsedDocument, TableSpan, TokenIds

#: Most characters a token may stand for on average; a passage of longer "words" is cut by length.
CHARACTERS_A_TOKEN = 20
#: A section longer than this is tokenised in parts, so that a 100 MB line needs little memory.
LONGEST_SEGMENT = 1_000_000
#: Least text tokens a passage may have room for beside its header.
LEAST_TEXT_TOKENS = 16


@dataclass(frozen=True, slots=True)
class _Segment:
    start: int
    end: int
    page: int | None
    headings: tuple[str, ...]
    table: TableSpan | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a passage's header, how many tokens it has, and where known which."""

    text: str
    tokens: int
    token_ids: TokenIds | None


_NO_LINE = _Line("", 0, np.empty(0, np.int32))


class _Cells:
    """Which cells parts of a spreadsheet's table cover, as A3:F20; "" for other tables.

    Parts are asked for in order, so that every row is counted once however many parts there are.
    """

    def __init__(self, table: TableSpan, text: str) -> None:
        self.table = table
        self._text = text
        self._place, self._row = table.start, table.first_row
        rows = text.count("\n", table.start, table.end) if table.first_row else 0
        self.last = self._named(table.first_row + rows, table.first_row + rows)

    def of(self, start: int, end: int) -> str:
        """The cells between two places of the text."""
        return self._named(self._row_at(start), self._row_at(end))

    def _row_at(self, place: int) -> int:
        if self.table.first_row:
            self._row += self._text.count("\n", self._place, place)
            self._place = place
        return self._row

    def _named(self, first: int, last: int) -> str:
        left, _, right = self.table.columns.partition(":")
        return f"{left}{first}:{right or left}{last}" if self.table.first_row else ""


def chunk_document(
    document: ParsedDocument,
    *,
    document_id: str,
    name: str,
    embedder: Embedder,
    settings: ChunkingSettings,
    tags: tuple[str, ...] = (),
) -> Iterator[Chunk]:
    """Yield the passages of a document in order of their place.

    Raises SettingsError when the settings leave no room for text.
    """
    limit = min(settings.max_tokens, embedder.max_tokens) - embedder.special_tokens
    if limit < LEAST_TEXT_TOKENS:
        raise SettingsError(
            f"chunking.max_tokens = {settings.max_tokens} leaves no room for text beside "
            f"{embedder.special_tokens} special tokens. Set it to at least "
            f"{LEAST_TEXT_TOKENS + embedder.special_tokens}."
        )
    header_limit = min(settings.header_tokens, limit - LEAST_TEXT_TOKENS)
    authors = authors_of(document.author)
    dated = document.created.date() if document.created else None
    long_tables, short_tables = _sorted_tables(document, embedder, (limit - header_limit) // 2)
    whole = [(table.start, table.end) for table in short_tables]
    cells: _Cells | None = None
    for segment in _segments(document, long_tables):
        if segment.table is not (cells.table if cells else None):
            cells = _Cells(segment.table, document.text) if segment.table else None
        for start, end, header, headings, token_ids in _passages(
            document, segment, cells, whole, embedder, settings.overlap_tokens, limit, header_limit
        ):
            yield Chunk(
                id=hashlib.sha256(f"{document_id}:{start}:{end}".encode()).hexdigest()[:32],
                document_id=document_id,
                document=name,
                text=document.text[start:end],
                header=header,
                title=document.title,
                headings=" > ".join(headings),
                page=segment.page,
                start=start,
                end=end,
                mime_type=document.mime_type,
                tags=tags,
                authors=authors,
                dated=dated,
                token_ids=token_ids,
            )


def _passages(
    document: ParsedDocument,
    segment: _Segment,
    cells: _Cells | None,
    whole: Sequence[tuple[int, int]],
    embedder: Embedder,
    overlap: int,
    limit: int,
    header_limit: int,
) -> Iterator[tuple[int, int, str, tuple[str, ...], TokenIds | None]]:
    """Start, end, header, heading path and, where known, the tokens of each passage of a segment."""
    table, text = segment.table, document.text
    widest = (*segment.headings, *([cells.last] if cells else []))
    header = _header(document.title, widest, embedder, header_limit)
    row = _NO_LINE if table is None else _header_row(table, embedder, header_limit, limit // 4)
    pieces = _pieces(
        text,
        segment,
        embedder=embedder,
        budget=limit - header.tokens - row.tokens,
        overlap=0 if table else overlap,
        separators=TABLE_SEPARATORS if table else separators_of(document.mime_type),
        whole=[] if table else whole,
    )
    for start, end, token_ids in pieces:
        if table is None or cells is None:
            yield start, end, header.text, segment.headings, _joined(header.token_ids, token_ids)
            continue
        headings = tuple(part for part in (*segment.headings, cells.of(start, end)) if part)
        own = _header(document.title, headings, embedder, header.tokens)
        # The passage with which the table begins holds the header row itself.
        repeated = row if start > table.start else _NO_LINE
        lines = "\n".join(part for part in (own.text, repeated.text) if part)
        yield start, end, lines, headings, _joined(own.token_ids, repeated.token_ids, token_ids)


def _joined(*parts: TokenIds | None) -> TokenIds | None:
    """The tokens of lines one below the other, which no word crosses; None unless those of all are known."""
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _sorted_tables(
    document: ParsedDocument, embedder: Embedder, most_tokens: int
) -> tuple[list[TableSpan], list[TableSpan]]:
    """The tables that are cut between their rows, and those short enough to stay whole in a passage."""
    long_tables: list[TableSpan] = []
    short_tables: list[TableSpan] = []
    for table in document.tables:
        length = table.end - table.start
        fits = length <= most_tokens * CHARACTERS_A_TOKEN and (
            length <= most_tokens
            or len(embedder.token_spans(document.text[table.start : table.end])) <= most_tokens
        )
        (short_tables if fits else long_tables).append(table)
    return long_tables, short_tables


def _header_row(table: TableSpan, embedder: Embedder, header_limit: int, limit: int) -> _Line:
    """The row that passages repeat, cut to `limit` tokens."""
    return _NO_LINE if header_limit <= 0 else _cut_to(" ".join(table.header.split()), embedder, limit)


def _segments(document: ParsedDocument, long_tables: Sequence[TableSpan]) -> Iterator[_Segment]:
    """Stretches of text between pages, headings and long tables, without surrounding white space."""
    text = document.text
    pages = document.pages
    page_starts = [page.start for page in pages]
    boundaries = {0, len(text), *page_starts, *(page.end for page in pages)}
    boundaries.update(_section_starts(document))
    boundaries.update(place for table in long_tables for place in (table.start, table.end))
    table_starts = [table.start for table in long_tables]
    ordered = sorted(boundary for boundary in boundaries if 0 <= boundary <= len(text))
    path: list[Heading] = []
    upcoming = 0
    for start, end in pairwise(ordered):
        while upcoming < len(document.headings) and document.headings[upcoming].start < end:
            heading = document.headings[upcoming]
            while path and path[-1].level >= heading.level:
                path.pop()
            path.append(heading)
            upcoming += 1
        page = None
        if pages:
            index = bisect.bisect_right(page_starts, start) - 1
            page = pages[max(index, 0)].number
        headings = tuple(heading.text for heading in path if heading.text)
        last_table = bisect.bisect_right(table_starts, start) - 1
        table = long_tables[last_table] if last_table >= 0 and start < long_tables[last_table].end else None
        for part_start, part_end in _parts(text, start, end):
            trimmed = _trimmed(text, part_start, part_end)
            if trimmed:
                yield _Segment(*trimmed, page, headings, table)


def _section_starts(document: ParsedDocument) -> Iterator[int]:
    """Where headings begin; one whose section holds nothing but itself is joined to the next."""
    page_starts = {page.start for page in document.pages}
    previous = None
    for heading in document.headings:
        if previous is not None and heading.start not in page_starts:
            between = document.text[previous : heading.start].strip()
            if between and not re.sub(r"^[^\n]*\n?[=\-\s]*", "", between):
                continue
        yield heading.start
        previous = heading.start


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST_SEGMENT:
        cut = start + LONGEST_SEGMENT
        for separator in ("\n\n", "\n", " "):
            found = text.rfind(separator, start + LONGEST_SEGMENT // 2, cut)
            if found > 0:
                cut = found + len(separator)
                break
        yield start, cut
        start = cut
    yield start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    own = text[start:end]
    stripped = own.strip()
    if not stripped:
        return None
    lead = len(own) - len(own.lstrip())
    return start + lead, start + lead + len(stripped)


def _header(title: str, headings: tuple[str, ...], embedder: Embedder, limit: int) -> _Line:
    """Title and heading path on one line, of at most `limit` tokens."""
    parts = [" ".join(part.split()) for part in (title, *headings)]
    unrepeated = [
        part
        for index, part in enumerate(parts)
        if part and (index == 0 or part.casefold() != parts[index - 1].casefold())
    ]
    return _cut_to(" > ".join(unrepeated), embedder, limit)


def _cut_to(line: str, embedder: Embedder, limit: int) -> _Line:
    """The line, or as much of it as has at most `limit` tokens."""
    line = line[: limit * CHARACTERS_A_TOKEN]
    tokenised = embedder.tokenised(line)
    if len(tokenised) > limit:
        line = line[: tokenised.ends[limit - 1] if limit else 0]
        tokenised = embedder.tokenised(line)
    return _Line(line, len(tokenised), tokenised.ids)


def _pieces(
    text: str,
    segment: _Segment,
    *,
    embedder: Embedder,
    budget: int,
    overlap: int,
    separators: tuple[re.Pattern[str], ...],
    whole: Sequence[tuple[int, int]],
) -> Iterator[tuple[int, int, TokenIds | None]]:
    """Split one segment into spans of at most `budget` tokens, of about equal length, with their tokens.

    No span begins or ends within one of `whole`, each of which is far shorter than the budget.
    """
    base = segment.start
    first_whole = bisect.bisect_left(whole, (base, base))
    kept = [(start - base, end - base) for start, end in whole[first_whole:] if start < segment.end]
    own = text[base : segment.end]
    tokenised = embedder.tokenised(own)
    starts = tokenised.starts
    longest = budget * CHARACTERS_A_TOKEN
    position, first = 0, 0
    while position < len(own):
        remaining = len(starts) - first
        if remaining <= budget and len(own) - position <= longest:
            cut = len(own)
        else:
            pieces_left = max(-(-remaining // budget), -(-(len(own) - position) // longest))
            ideal = max(remaining // pieces_left, 1)
            hard_end = min(_position_of(starts, first + budget, len(own)), position + longest)
            ideal_end = min(_position_of(starts, first + ideal, len(own)), hard_end)
            earliest = min(
                _position_of(starts, first + max(ideal // 2, 1), len(own)),
                position + (hard_end - position) // 2,
            )
            cut = _best_cut(own, max(earliest, position + 1), ideal_end, hard_end, separators)
            cut = _outside(kept, position, cut)
        cut = _fitting_cut(own, position, cut, budget, embedder)
        trimmed = _trimmed(own, position, cut)
        if trimmed:
            yield base + trimmed[0], base + trimmed[1], tokenised.part(*trimmed)
        following = _overlap_start(own, starts, position, cut, overlap)
        position = following if _holding(kept, following) is None else cut
        while position < len(own) and own[position].isspace():
            position += 1
        first = bisect.bisect_left(starts, position)


def _outside(whole: Sequence[tuple[int, int]], position: int, cut: int) -> int:
    """`cut`, or where the stretch begins that it would divide; its end where the piece begins with it."""
    stretch = _holding(whole, cut)
    if stretch is None:
        return cut
    return stretch[0] if stretch[0] > position else stretch[1]


def _holding(whole: Sequence[tuple[int, int]], place: int) -> tuple[int, int] | None:
    """The stretch that has this place in its middle."""
    index = bisect.bisect_left(whole, (place, place)) - 1
    return whole[index] if index >= 0 and whole[index][0] < place < whole[index][1] else None


def _position_of(starts: Sequence[int], index: int, end: int) -> int:
    return starts[index] if index < len(starts) else end


def _best_cut(
    text: str, earliest: int, ideal: int, latest: int, separators: tuple[re.Pattern[str], ...]
) -> int:
    """The end of the strongest separator in the window, the one nearest to `ideal` if several."""
    for separator in separators:
        ends = [match.end() for match in separator.finditer(text, earliest, latest)]
        if ends:
            return min(ends, key=lambda end: abs(end - ideal))
    return latest


def _fitting_cut(text: str, position: int, cut: int, budget: int, embedder: Embedder) -> int:
    """`cut`, or earlier where the piece has more tokens by itself than it had within the whole text.

    That happens only to pieces of a word: its parts are other tokens than the word's.
    """
    while _within_word(text, position) or _within_word(text, cut):
        spans = embedder.token_spans(text[position:cut])
        if len(spans) <= budget:
            break
        cut = min(position + spans[budget - 1][1], cut - 1)
    return cut


def _within_word(text: str, position: int) -> bool:
    return 0 < position < len(text) and not text[position - 1].isspace() and not text[position].isspace()


def _overlap_start(text: str, starts: Sequence[int], position: int, cut: int, overlap: int) -> int:
    """Where the next piece begins: a sentence, else a word, at most `overlap` tokens before the cut."""
    if overlap <= 0 or cut >= len(text):
        return cut
    index = bisect.bisect_left(starts, cut) - overlap
    if index <= 0 or starts[index] <= position:
        return cut
    window = starts[index]
    sentence = SENTENCE_END.search(text, max(window - 1, 0), cut)
    if sentence and sentence.end() < cut:
        return sentence.end()
    word = re.compile(r"\s+").search(text, max(window - 1, 0), cut)
    return word.end() if word and word.end() < cut else cut
