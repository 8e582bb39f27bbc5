"""Passages of a result that say the same, folded into the best-ranked one, which names the others' places.

A passage is a copy when every word of it stands in the better one, in order and without a gap, but for case
and punctuation. What differs in a word, a number, its sign or its unit is no copy, and both stay: a letter
may be all that parts an employer from an employee. Words are compared, never meanings, and no table is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rag.collection_names import in_words
from rag.passage_places import cited_part, place_in_words
from rag.types import Chunk, Citation, Copy, Hit

#: Words in a run.
RUN = 4
#: Only where the better passage has this share of a passage's runs are the two compared word by word.
SHARED_RUNS = 0.8
#: Places named before "and N more".
MOST_NAMED = 3
#: A number with its parts and its sign, a word, and signs that mean something by themselves.
_WORD = re.compile(r"(?<!\w)[-+\u2212±](?=\d)|\d+(?:[.,:/]\d+)+|\w+|[<>≤≥=≠≈%‰°€$£¥§]")


def folded(hits: Sequence[Hit], most: int) -> list[Hit]:
    """The hits in their order; a copy of one of the first `most` goes into that one's `also_in`."""
    kept: list[Hit] = []
    holders: dict[tuple[str, ...], list[int]] = {}
    for hit in hits:
        words = _body(hit.chunk).casefold().split()
        if _may_be_held(words, holders):
            runs = set(_runs(words))
            shared = Counter(place for run in runs for place in holders.get(run, ()))
            nearest, count = shared.most_common(1)[0] if shared else (0, 0)
            if count and count >= SHARED_RUNS * len(runs) and is_copy(hit.chunk, kept[nearest].chunk):
                stand_for(kept[nearest], hit)
                continue
        if len(kept) < most:
            for run in set(_runs(words)):
                holders.setdefault(run, []).append(len(kept))
        kept.append(hit)
    return kept


def is_copy(passage: Chunk, better: Chunk) -> bool:
    """Whether `passage` says nothing that `better` does not, under the same headings below the title."""
    sections = [_section(passage), _section(better)]
    if all(sections) and sections[0] != sections[1]:
        return False
    own, other = (_WORD.findall(_body(chunk).casefold()) for chunk in (passage, better))
    # A word has no blank, so the words in a row are the text in the text.
    return f" {' '.join(own)} " in f" {' '.join(other)} "


def stand_for(better: Hit, other: Hit) -> None:
    """Let a hit name the place of another, and the places that this one names; its own it knows."""
    own = (better.chunk.id, better.collection)
    named = {own, *((copy.chunk.id, copy.collection) for copy in better.also_in)}
    for copy in (Copy(other.chunk, other.collection), *other.also_in):
        if (copy.chunk.id, copy.collection) not in named:
            named.add((copy.chunk.id, copy.collection))
            better.also_in += (copy,)


def place_of(copy: Copy) -> str:
    """Where a copy stands, as people say it: document, page and, where several are searched, collection."""
    return place_in_words(copy.chunk) + (_within(copy.collection) if copy.collection else "")


def renamed_place(place: str, collection: str, name: str) -> str:
    """A place kept as `place_of` told it, once a collection has another name."""
    end = _within(collection)
    return place.removesuffix(end) + _within(name) if place.endswith(end) else place


def cited_place(citation: Citation) -> str:
    """Where a citation stands, and where its copies do: 'a.pdf, page 2, in memos. Also in b.pdf'."""
    place = ", ".join(filter(None, (citation.document, cited_part(citation))))
    place += _within(citation.collection) if citation.collection else ""
    return f"{place}. {also_in(citation.also_in)}" if citation.also_in else place


def also_in(places: Sequence[str]) -> str:
    """The places of copies in words, as "Also in b.pdf, page 2; c.pdf and 3 more"; "" without any."""
    places = list(dict.fromkeys(places))
    if not places:
        return ""
    more = len(places) - MOST_NAMED
    return f"Also in {'; '.join(places[:MOST_NAMED])}" + (f" and {more} more" if more > 0 else "")


def _within(collection: str) -> str:
    return f", in {in_words(collection)}"


def _section(passage: Chunk) -> list[str]:
    """The heading path below the document's title."""
    path = [part.casefold() for part in passage.headings.split(" > ") if part]
    return path[1:] if path and path[0] == passage.title.casefold() else path


def _body(passage: Chunk) -> str:
    """The passage without the title and headings that it begins with."""
    text = passage.text
    named = {passage.title, *passage.headings.split(" > ")}
    line, _, rest = text.partition("\n")
    while rest and line.strip("#* \t\r") in named:
        text = rest.lstrip()
        line, _, rest = text.partition("\n")
    return text


def _may_be_held(words: Sequence[str], holders: Mapping[tuple[str, ...], Sequence[int]]) -> bool:
    """False as soon as more runs are in no holder than a copy can miss, which for most is at once."""
    places = max(len(words) - RUN + 1, 1)
    strange: set[tuple[str, ...]] = set()
    for run in _runs(words):
        if run not in holders:
            strange.add(run)
            if places - len(strange) < SHARED_RUNS * places:
                return False
    return True


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    if len(words) < RUN:
        return [tuple(words)]
    return zip(*(words[place:] for place in range(RUN)), strict=False)
