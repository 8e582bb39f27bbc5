"""What has become of a cited document since: it is as it was, was replaced, or is gone.

The quote is kept with the answer whatever happens; here it is looked for in the version of today, word for
word but for the white space. Nothing is opened, changed or asked.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rag.catalog import DocumentRecord
from rag.types import Citation, ParsedDocument

CURRENT, CHANGED, REMOVED = "current", "changed", "removed"

#: The parse of a document id, None when none is kept.
GetParsed = Callable[[str], ParsedDocument | None]


@dataclass(frozen=True)
class Standing:
    """The state of a citation's document; when changed, `now` is the quote in its version of today.

    `now` is None when that version no longer says it, or is not known.
    """

    state: str = CURRENT
    now: Citation | None = None

    @property
    def still_said(self) -> bool:
        """Whether the documents of today say what was quoted."""
        return self.state == CURRENT or self.now is not None

    @property
    def sentence(self) -> str:
        """What to tell of it; empty when there is nothing to tell."""
        if self.state == REMOVED:
            return "Removed since; the quote is kept."
        if self.state == CHANGED:
            says = "still says this" if self.still_said else "no longer says this; the quote is kept"
            return f"Replaced since by another version, which {says}."
        return ""


class Standings:
    """The standing of citations of one collection, whose records are given; each is looked up once."""

    def __init__(self, records: Iterable[DocumentRecord], parsed: GetParsed) -> None:
        self._by_name = {record.name: record for record in records}
        self._ids = {record.document_id for record in self._by_name.values()}
        self._parsed = parsed
        self._known: dict[Citation, Standing] = {}

    def of(self, citation: Citation) -> Standing:
        """What has become of the citation's document. Raises StoreError when a parse is damaged."""
        if citation not in self._known:
            self._known[citation] = self._found(citation)
        return self._known[citation]

    def _found(self, citation: Citation) -> Standing:
        # A file that was only renamed, or is there under another name, too, has the same bytes.
        if citation.document_id in self._ids:
            return Standing()
        record = self._by_name.get(citation.document)
        if record is None:
            return Standing(REMOVED)
        return Standing(CHANGED, self._quote_now(citation, record))

    def _quote_now(self, citation: Citation, record: DocumentRecord) -> Citation | None:
        parsed = self._parsed(record.document_id) if record.status == "ready" else None
        if parsed is None:
            return None
        return as_in(parsed, replace(citation, document_id=record.document_id))


class StandingsApart(Standings):
    """The standing of citations of several collections: each is looked up in its own.

    `of_collection` gives a collection's standings by name, and is asked once for each; `home` is that of
    citations which name none. What changes afterwards is not seen, so make one anew to draw anew.
    """

    def __init__(self, home: str, of_collection: Callable[[str], Standings]) -> None:
        super().__init__((), lambda _: None)
        self._home = home
        self._of_collection = of_collection
        self._apart: dict[str, Standings] = {}

    def of(self, citation: Citation) -> Standing:
        """What has become of the citation's document, in the collection that it was found in."""
        name = citation.collection or self._home
        if name not in self._apart:
            self._apart[name] = self._of_collection(name)
        return self._apart[name].of(citation)


def as_in(parsed: ParsedDocument, citation: Citation) -> Citation | None:
    """The citation as this text of its document has it; None when the text does not hold the quote."""
    start, end = citation.start, citation.end
    if parsed.text[start:end] != citation.quote or not citation.quote:
        place = place_of_quote(parsed.text, citation.quote, near=citation.start)
        if place is None:
            return None
        start, end = place
    return replace(
        citation,
        page=next((span.number for span in parsed.pages if span.start <= start < span.end), citation.page),
        start=start,
        end=end,
        quote=parsed.text[start:end],
        words=_words_at(citation, parsed.text[start:end], start),
    )


def _words_at(citation: Citation, text: str, start: int) -> tuple[tuple[int, int], ...]:
    """The words to mark where the quote stands as `text` from `start`, perhaps with other white space."""
    before = [place for place, sign in enumerate(citation.quote) if not sign.isspace()]
    now = [start + place for place, sign in enumerate(text) if not sign.isspace()]
    spans = (
        (bisect_left(before, first - citation.start), bisect_left(before, last - citation.start) - 1)
        for first, last in citation.words
    )
    return tuple((now[first], now[last] + 1) for first, last in spans if first <= last < len(now))


def place_of_quote(text: str, quote: str, *, near: int) -> tuple[int, int] | None:
    """Where a text holds a quote, white space aside; of several places the one nearest to `near`."""
    words = quote.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    places = [found.span() for found in pattern.finditer(text)]
    return min(places, key=lambda place: abs(place[0] - near), default=None)
