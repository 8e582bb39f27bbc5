"""Passages as they are read: found small, and joined with their neighbours into larger ones.

Neighbours are passages of one document, page and section that overlap or touch. A joined passage is exactly
the document's text from its first to its last character, so what is quoted of it is found again. Nothing is
ranked anew, and nothing is taken in beyond the tokens allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.embedders import Embedder
from rag.settings import Settings
from rag.several_tables import Searched
from rag.tokens import TokenCounter
from rag.types import Hit

#: Pieces in one passage at most: a citation of a whole chapter tells nothing.
MOST_PIECES = 4
#: What a passage costs in a prompt beside its text: its marks, document, page and headings, about.
TOKENS_AROUND = 60


def as_read(hits: Sequence[Hit], table: Searched, settings: Settings, counter: TokenCounter) -> list[Hit]:
    """The hits in the form in which they are read, in their order; a joined one has the place of its best.

    With `retrieval.neighbours` the best ones take in so many passages on either side, as long as all hits
    together stay within `answer.context_tokens`.
    """
    chosen = settings.retrieval
    pieces = list(hits)
    if chosen.neighbours:
        own = settings.answer
        room = min(own.context_tokens, own.window_tokens - own.reserve_tokens)
        room -= sum(counter.count(hit.chunk.text) + TOKENS_AROUND for hit in hits)
        pieces += _taken_in(hits, table.neighbours(hits, chosen.neighbours), chosen.neighbours, room, counter)
    elif not chosen.join_neighbours:
        return pieces
    place = {hit.chunk.id: number for number, hit in enumerate(pieces)}
    joined = [
        _joined(run, min(run, key=lambda hit: place[hit.chunk.id]), table.embedder) for run in _runs(pieces)
    ]
    read = [hit for run in joined for hit in run if place[hit.chunk.id] < len(hits)]
    return sorted(read, key=lambda hit: place[hit.chunk.id])


def _taken_in(
    hits: Sequence[Hit], there: Iterable[Hit], most: int, room: int, counter: TokenCounter
) -> list[Hit]:
    """The neighbours that fit, those of the best hits and the nearest first."""
    in_order: dict[tuple[str, str], list[Hit]] = {}
    for hit in sorted(there, key=lambda hit: (hit.chunk.start, hit.chunk.end)):
        in_order.setdefault((hit.collection, hit.chunk.document_id), []).append(hit)
    known = {hit.chunk.id for hit in hits}
    taken: list[Hit] = []
    for hit in hits:
        document = in_order.get((hit.collection, hit.chunk.document_id), [])
        place = next((number for number, own in enumerate(document) if own.chunk.id == hit.chunk.id), None)
        if place is None:
            continue
        for step in (1, -1):
            for distance in range(1, most + 1):
                at = place + step * distance
                if not 0 <= at < len(document):
                    break
                nearer, own = document[at - step], document[at]
                if not _touch(*((nearer, own) if step > 0 else (own, nearer))):
                    break
                if own.chunk.id in known:
                    continue
                cost = counter.count(own.chunk.text)
                if cost > room or not own.token_bits:
                    break
                known.add(own.chunk.id)
                taken.append(own)
                room -= cost
    return taken


def _touch(one: Hit, other: Hit) -> bool:
    """Whether the other goes on in the one's section and page where that ends, or earlier."""
    first, second = one.chunk, other.chunk
    return _part(one) == _part(other) and first.start <= second.start <= first.end < second.end


def _part(hit: Hit) -> tuple[object, ...]:
    return (hit.collection, hit.chunk.document_id, hit.chunk.page, hit.chunk.header)


def _runs(pieces: Sequence[Hit]) -> list[list[Hit]]:
    """The pieces parted into runs in which each touches the next, at most MOST_PIECES in one."""
    runs: list[list[Hit]] = []
    ordered = sorted(
        pieces, key=lambda hit: (hit.collection, hit.chunk.document_id, hit.chunk.start, hit.chunk.end)
    )
    for piece in ordered:
        last = runs[-1] if runs else []
        if last and len(last) < MOST_PIECES and _touch(last[-1], piece):
            last.append(piece)
        else:
            runs.append([piece])
    return runs


def _joined(run: Sequence[Hit], best: Hit, embedder: Embedder) -> list[Hit]:
    """One hit for a run; the run as it is where its tokens cannot be told apart exactly."""
    if len(run) == 1:
        return list(run)
    chunks = [hit.chunk for hit in run]
    text = chunks[0].text
    for before, chunk in pairwise(chunks):
        text += chunk.text[before.end - chunk.start :]
    whole = replace(best.chunk, text=text, start=chunks[0].start, end=chunks[-1].end)
    bits = _joined_bits(run, embedder)
    if len(embedder.token_spans(whole.embedded_text)) * (embedder.dimension // 8) != len(bits):
        return list(run)
    copies = tuple(copy for hit in run for copy in hit.also_in)
    return [replace(best, chunk=whole, token_bits=bits, vector=None, also_in=copies, parts=tuple(chunks))]


def _joined_bits(run: Sequence[Hit], embedder: Embedder) -> bytes:
    """The token bits of the first piece, and of each further one those of the tokens not yet there."""
    size = embedder.dimension // 8
    joined = b""
    covered = 0
    for hit in run:
        chunk, own = hit.chunk, hit.token_bits or b""
        offset = len(chunk.embedded_text) - len(chunk.text)
        spans = embedder.token_spans(chunk.embedded_text)
        seen = offset + covered - chunk.start if joined else 0
        first = sum(start < seen for start, _ in spans)
        joined += own[first * size : len(spans) * size]
        covered = chunk.end
    return joined
