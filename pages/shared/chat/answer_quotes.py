"""Quotes of documents as HTML: everything escaped, the matched words marked, the number a link.

Nothing but our own tags and the escaped words of the document comes out.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import replace

from rag.table_rows import cells
from rag.types import Citation

#: Readable on light and on dark grounds: the marker is translucent and the text keeps its colour.
_MARK = "background:rgba(255,176,32,.35);color:inherit;border-radius:.2rem;padding:0 .1em"
_QUOTE = (
    "margin:0 0 .6rem 0;padding:.1rem 0 .1rem .9rem;border-left:3px solid rgba(38,150,130,.75);"
    "overflow-wrap:anywhere;line-height:1.55"
)
_COLUMNS = "font-size:.875rem;opacity:.75"
_NUMBER = "color:inherit;font-weight:600;text-decoration:underline;text-underline-offset:.15em"


def quotes_as_html(quotes: Iterable[tuple[Citation, str]]) -> str:
    """Quote blocks of citations, each with the address that its number links to."""
    return "".join(
        f'<blockquote dir="auto" style="{_QUOTE}{_lines(citation)}">{_columns(citation)}'
        f"{marked_words(citation)} "
        f'<a style="{_NUMBER}" href="{html.escape(address)}" aria-label="Open citation {citation.number}">'
        f"[{citation.number}]</a></blockquote>"
        for citation, address in quotes
    )


def _columns(citation: Citation) -> str:
    """What the columns of quoted rows are called, above them and set apart, for it stands elsewhere."""
    return f'<div style="{_COLUMNS}">{html.escape(citation.columns)}</div>' if citation.columns else ""


def _lines(citation: Citation) -> str:
    """Lines of a table or list stay lines; those of a printed page only show where its margin was."""
    rows = all(map(cells, filter(str.strip, citation.quote.splitlines())))
    return ";white-space:pre-line" if citation.page is None or rows else ""


def excerpt_as_html(citation: Citation, most: int) -> str:
    """About so many characters of a quote, the words that matched among them and marked."""
    first = min((start for start, _ in citation.words), default=citation.start)
    begin = citation.start
    if first - begin > most // 2:
        # From the last space before, or in scripts without spaces from there.
        begin = max(begin, first - most // 3)
        begin = citation.start + citation.quote.rfind(" ", 0, begin - citation.start) + 1 or begin
    end = min(citation.end, begin + most)
    quote = citation.quote[begin - citation.start : end - citation.start]
    shown = marked_words(replace(citation, start=begin, end=end, quote=quote))
    before, after = "…" * (begin > citation.start), "…" * (end < citation.end)
    return f'<div dir="auto" style="overflow-wrap:anywhere;line-height:1.5">{before}{shown}{after}</div>'


def marked_words(citation: Citation) -> str:
    """The quote, escaped, with the words that matched the question marked."""
    parts: list[str] = []
    position = citation.start
    for start, end in sorted(citation.words):
        begin, finish = max(start, position), min(end, citation.end)
        if begin >= finish:
            continue
        parts.append(html.escape(citation.quote[position - citation.start : begin - citation.start]))
        word = html.escape(citation.quote[begin - citation.start : finish - citation.start])
        parts.append(f'<mark style="{_MARK}">{word}</mark>')
        position = finish
    parts.append(html.escape(citation.quote[position - citation.start :]))
    return "".join(parts)
