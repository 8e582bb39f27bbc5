"""Several collections searched as one: what each finds, brought to one order, and said where it is from.

Tables of one embedder are searched with the same vector of the question, and their scores compared; those
of another are kept apart, for `rag.retrieve` to ask each with its own and to fuse the answers by rank.
It opens no table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from rag.embedders import Embedder
from rag.late_interaction import pack_signs
from rag.near_copies import stand_for
from rag.store import CollectionTable
from rag.types import EVERYTHING, Chunk, Filters, Hit, SearchResult, Vector


class SeveralTables:
    """The tables of collections, by the collection's name, in the order in which equals are found.

    A passage that stands in several of them is found once, in the first, and names the others.
    """

    def __init__(self, tables: Mapping[str, CollectionTable]) -> None:
        self._tables = dict(tables)
        self._holding: dict[str, CollectionTable] = {}
        self.name = ", ".join(self._tables)
        self.embedder: Embedder = next(iter(self._tables.values())).embedder

    @property
    def version(self) -> int:
        """The sum of the tables' versions: it grows with every commit to any of them."""
        return sum(table.version for table in self._tables.values())

    @property
    def apart(self) -> list[SeveralTables]:
        """The tables parted by embedder, in order; one part when all have the same."""
        parts: dict[str, dict[str, CollectionTable]] = {}
        for name, table in self._tables.items():
            parts.setdefault(table.embedder.name, {})[name] = table
        return [SeveralTables(part) for part in parts.values()]

    def vector_search(
        self, vector: Vector, limit: int, filters: Filters = EVERYTHING, *, extra: Sequence[str] = ()
    ) -> list[Hit]:
        """The nearest passages of all tables; cosines of one embedder need no common scale."""
        found = {
            name: table.vector_search(vector, limit, filters, extra=extra)
            for name, table in self._tables.items()
        }
        return self._merged(found, "vector", limit)

    def text_search(
        self,
        query: str,
        limit: int,
        filters: Filters = EVERYTHING,
        *,
        extra: Sequence[str] = (),
        fields: dict[str, float] | None = None,
    ) -> list[Hit]:
        """The best passages of all tables by words, their BM25 brought to the scale of the largest table.

        A word weighs the more the more passages there are without it, so a small collection would never win:
        each table's scores are measured by what a word that it holds once can weigh there at most.
        """
        heaviest = {name: _heaviest_word(table.count()) for name, table in self._tables.items()}
        most = max(heaviest.values())
        found = {
            name: table.text_search(query, limit, filters, extra=extra, fields=fields)
            for name, table in self._tables.items()
        }
        for name, hits in found.items():
            for hit in hits:
                hit.scores["text"] = (hit.scores["text"] or 0.0) * most / heaviest[name]
        return self._merged(found, "text", limit)

    def as_spelt(self, word: str, texts: Sequence[str]) -> str:
        """The word where a table has it, else the first one that a table has like it."""
        found = [table.as_spelt(word, texts) for table in self._tables.values()]
        return word if word in found else next(filter(None, found), "")

    def keep_token_bits(self, bits: dict[str, bytes]) -> None:
        """Store token bits of passages (by id) in the tables in which they were found."""
        for table in self._tables.values():
            own = {chunk_id: packed for chunk_id, packed in bits.items() if self._holding[chunk_id] is table}
            if own:
                table.keep_token_bits(own)

    def neighbours(self, hits: Sequence[Hit], most: int) -> list[Hit]:
        """The hits and the passages around them, of the tables with this one's embedder."""
        there: list[Hit] = []
        for name, table in self._tables.items():
            own = [hit for hit in hits if hit.collection == name]
            if table.embedder.name == self.embedder.name:
                there += [replace(hit, collection=name) for hit in table.neighbours(own, most)]
        return there

    def chunks(self, document_id: str, filters: Filters = EVERYTHING) -> list[Chunk]:
        """The passages of a document that fit, in order, from the first table that has some."""
        each = (table.chunks(document_id, filters) for table in self._tables.values())
        return next((found for found in each if found), [])

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many passages there are that fit; one that stands in several tables counts in each."""
        return sum(table.count(filters) for table in self._tables.values())

    def _merged(self, found: Mapping[str, list[Hit]], stage: str, limit: int) -> list[Hit]:
        unique: dict[str, Hit] = {}
        for name, hits in found.items():
            for hit in hits:
                hit.collection = name
                if hit.chunk.id in unique:
                    stand_for(unique[hit.chunk.id], hit)
                else:
                    unique[hit.chunk.id] = hit
                    self._holding[hit.chunk.id] = self._tables[name]
        best = sorted(unique.values(), key=lambda hit: -(hit.scores[stage] or 0.0))[:limit]
        for rank, hit in enumerate(best, start=1):
            hit.ranks[stage] = rank
        return best


#: What a question can be asked of.
Searched = CollectionTable | SeveralTables


def fused_by_rank(found: Sequence[SearchResult], embedder: Embedder, most: int) -> SearchResult:
    """The results of tables of different embedders as one: the best of each, then the second best, and so on.

    Their scores have no common scale, so ranks alone count. The query and its vectors are the first's, and
    passages kept from the others get that embedder's token bits: what follows looks at them with it.
    """
    first = found[0]
    candidates: dict[str, Hit] = {}
    for row in zip_longest(*(result.candidates for result in found)):
        for hit in row:
            if hit is not None:
                stand_for(candidates.setdefault(hit.chunk.id, hit), hit)
    ordered = list(candidates.values())
    own = {id(hit) for hit in first.candidates}
    foreign = [hit for hit in ordered[:most] if id(hit) not in own]
    if foreign:
        vectors, tokens = embedder.embed_with_tokens([hit.chunk.embedded_text for hit in foreign])
        for hit, vector, signs in zip(foreign, vectors, tokens, strict=True):
            hit.vector, hit.token_bits = vector, pack_signs(signs)
    for rank, hit in enumerate(ordered[:most], start=1):
        hit.rank = rank
    times = {
        stage: round(sum(result.milliseconds.get(stage, 0.0) for result in found), 3)
        for stage in first.milliseconds
    }
    notes = dict.fromkeys(note for result in found for note in result.notes)
    return SearchResult(
        query=first.query,
        hits=ordered[:most],
        candidates=ordered,
        milliseconds=times,
        mode=first.mode,
        reranker=first.reranker,
        notes=tuple(notes),
        searched=sum(result.searched for result in found),
    )


def _heaviest_word(passages: int) -> float:
    """BM25's inverse document frequency of a word that one passage of so many holds."""
    return math.log(1 + (max(passages, 1) - 0.5) / 1.5)
