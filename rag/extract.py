"""The built-in answerer: the few sentences that best answer, verbatim, grouped by passage and cited.

It quotes and never writes a sentence of its own, so it needs no model beyond the embedder. Whether
to answer at all is decided in rag.confidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.asked_codes import asked_codes, speaks_of_another
from rag.embedders import Embedder
from rag.evidence import Sentence, sentence_evidence, token_weights
from rag.identifiers import holds_term
from rag.near_copies import place_of
from rag.passage_places import part_of
from rag.questions import located
from rag.sentence_value import chances
from rag.table_rows import columns_of, names_columns
from rag.types import Citation, Hit, Query
from rag.words import content_stems

#: Passages whose sentences are considered.
PASSAGES = 6
#: Sentences are quoted until the chance that the answer is among them reaches this.
ENOUGH = 0.95
#: A further sentence must have this share of the best one's chance.
NEARNESS = 0.03
#: Most quotes in an answer.
MOST_QUOTES = 3
#: A sentence that leads into what follows, or that leans on the one before, takes it along when it has
#: at most so many words.
COMPANION_WORDS = 30
_PAGE_MARK = re.compile(
    r"\W*(?:(?:page|seite)\s+)?(?:[A-Z]-)?\d+(?:\s*(?:/|of|von)\s*\d+)?\W*", re.IGNORECASE
)
#: A few words without a mark or a number: a heading, a caption, a cell of a torn table.
_LABEL = re.compile(r"[^\W\d]+(?:[ '’-][^\W\d]+){0,3}")
_LEANING = re.compile(r"\W*(?:it|they|he|she|this|these|those|such)\b", re.IGNORECASE)
_LEADING_IN = re.compile(r":\W*$")


def extract(
    query: Query,
    hits: Sequence[Hit],
    embedder: Embedder,
    *,
    most_words: int,
    most_quotes: int = MOST_QUOTES,
    enough: float = ENOUGH,
) -> list[Citation]:
    """The quotes that answer, numbered in order; the passage that answers best comes first.

    At most `most_words` words in all, unless the best sentence alone has more, and until the chance that
    the answer is among them reaches `enough`.
    """
    considered = list(hits[:PASSAGES])
    found = sentence_evidence(query, considered, embedder)
    neighbours = {(own.hit, own.position): own for own in found}
    asked, codes = content_stems(query.text), asked_codes(query.text)
    naming = {
        index
        for index, hit in enumerate(considered)
        if any(holds_term(hit.chunk.embedded_text, code) for code in codes)
    }
    sentences = [
        own
        for own in found
        if _quotable(own, considered[own.hit], asked)
        and not _leads_nowhere(own, neighbours)
        and not (naming and _of_another(own, codes, own.hit in naming))
    ]
    if not sentences:
        return []
    chance = chances(query, sentences, token_weights(query, embedder))
    chosen: list[int] = []
    taken: list[Sentence] = []
    words = 0
    for index in sorted(range(len(sentences)), key=lambda index: -chance[index]):
        if chosen and (sum(chance[chosen]) >= enough or chance[index] < NEARNESS * chance[chosen[0]]):
            break
        sentence = sentences[index]
        if any(_same(sentence, other, considered) for other in taken):
            continue
        length = _length(sentence)
        if chosen and words + length > most_words:
            continue
        chosen.append(index)
        taken.append(sentence)
        words += length
        companion = _companion(sentence, neighbours)
        if companion is not None and companion not in taken and words + _length(companion) <= most_words:
            taken.append(companion)
            words += _length(companion)
    value = {(own.hit, own.position): float(share) for own, share in zip(sentences, chance, strict=True)}
    return _citations(taken, considered, value, most_quotes)


def answer_text(citations: Sequence[Citation]) -> str:
    """The quotes as plain text, each with its number."""
    return "\n\n".join(f"“{' '.join(citation.quote.split())}” [{citation.number}]" for citation in citations)


def _citations(
    taken: Sequence[Sentence], hits: Sequence[Hit], value: dict[tuple[int, int], float], most_quotes: int
) -> list[Citation]:
    """Neighbouring sentences become one quote; the best passage leads, and each is in reading order."""
    runs: list[list[Sentence]] = []
    for sentence in sorted(taken, key=lambda sentence: (sentence.hit, sentence.position)):
        last = runs[-1][-1] if runs else None
        if last is not None and last.hit == sentence.hit and last.position + 1 == sentence.position:
            runs[-1].append(sentence)
        else:
            runs.append([sentence])

    def worth(run: Sequence[Sentence]) -> float:
        return max(value.get((own.hit, own.position), 0.0) for own in run)

    kept = sorted(runs, key=worth, reverse=True)[:most_quotes]
    lead: dict[int, int] = {}
    for place, run in enumerate(kept):
        lead.setdefault(run[0].hit, place)
    kept.sort(key=lambda run: (lead[run[0].hit], run[0].position))
    return [
        quoted(number, hits[run[0].hit], run[0].start, run[-1].end, run)
        for number, run in enumerate(kept, start=1)
    ]


def quoted(number: int, hit: Hit, start: int, end: int, sentences: Sequence[Sentence]) -> Citation:
    """A citation of a span of a hit's document, given in the document's offsets."""
    chunk = hit.chunk
    quote = chunk.text[start - chunk.start : end - chunk.start]
    return Citation(
        number=number,
        document=chunk.document,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        page=chunk.page,
        start=start,
        end=end,
        quote=quote,
        score=round(max(sentence.score for sentence in sentences), 4) if sentences else None,
        words=tuple(span for sentence in sentences for span in sentence.words),
        # A copy may lack what stands at the ends of its better.
        also_in=tuple(place_of(own) for own in hit.also_in if located(quote, own.chunk.text, any_case=True)),
        collection=hit.collection,
        columns=columns_of(chunk, start, end),
        part=part_of(chunk, start, end),
    )


def _quotable(sentence: Sentence, hit: Hit, asked: set[str]) -> bool:
    """Whether it says something by itself: no heading, page number, name of columns or mere marks, and no
    bare words of the question.
    """
    text = sentence.text
    if text.startswith("#") or _PAGE_MARK.fullmatch(text) or _LABEL.fullmatch(text):
        return False
    own = content_stems(text)
    if not own or names_columns(hit.chunk, sentence.start, sentence.end):
        return False
    if _is_prose(text):
        return True
    if _LEADING_IN.search(text):
        asked = set()
    return bool(own - content_stems(hit.chunk.header) and own - asked)


def _is_prose(text: str) -> bool:
    return " ".join(text.split()).endswith((".", "!", "?"))


def _of_another(sentence: Sentence, codes: tuple[str, ...], named: bool) -> bool:
    """Whether it speaks of another article or invoice than the one asked for by its code. A row or a bare
    line speaks of what its passage names (`named`: the one asked for); a whole sentence may be about all.
    """
    return speaks_of_another(sentence.text, codes) or not (named or _is_prose(sentence.text))


def _leads_nowhere(sentence: Sentence, neighbours: dict[tuple[int, int], Sentence]) -> bool:
    """Whether it is a label before something that cannot be quoted along with it."""
    text = sentence.text.rstrip()
    return bool(
        text.endswith(":") and _LABEL.fullmatch(text[:-1]) and _companion(sentence, neighbours) is None
    )


def _companion(sentence: Sentence, neighbours: dict[tuple[int, int], Sentence]) -> Sentence | None:
    """The neighbour without which a sentence is hard to understand, when there is such a one."""
    if _LEADING_IN.search(sentence.text):
        step = 1
    elif _LEANING.match(sentence.text):
        step = -1
    else:
        return None
    neighbour = neighbours.get((sentence.hit, sentence.position + step))
    return neighbour if neighbour is not None and _length(neighbour) <= COMPANION_WORDS else None


def _same(sentence: Sentence, other: Sentence, hits: Sequence[Hit]) -> bool:
    """Whether overlapping passages brought a sentence or a part of it twice, or it says what another said."""
    overlapping = sentence.start < other.end and other.start < sentence.end
    same_document = hits[sentence.hit].chunk.document_id == hits[other.hit].chunk.document_id
    return (same_document and overlapping) or sentence.text.split() == other.text.split()


def _length(sentence: Sentence) -> int:
    return len(sentence.text.split())
