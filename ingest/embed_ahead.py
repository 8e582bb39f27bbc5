"""Passages embedded in the background, a pool of them at a time, in the order given.

Two pools may be in work: while the last batches of one are computed, those of the next begin, and
what is done is committed meanwhile. It knows no table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ingest.explained_embedding import embedded
from ingest.in_flight import Document
from rag.embedders import Embedder
from rag.native_memory import give_back
from rag.types import Chunk, Vector

#: Pools in work at once.
AT_ONCE = 2
#: Pools after which freed memory goes back to the system: taking its pages anew costs 4 % of the time
#: if every second pool does it, and what is kept grows by a few megabytes a pool if none does.
POOLS_A_RETURN = 16

Pool = list[tuple[Document, Chunk]]


class EmbedAhead:
    """Gives documents the vectors and token bits of their passages; close() it when done."""

    def __init__(self, embedder: Embedder, done: Callable[[], None] = lambda: None) -> None:
        """`done` is called, from another thread, whenever a pool has been computed or has failed."""
        self._embedder = embedder
        self._done = done
        self._threads = ThreadPoolExecutor(AT_ONCE, "embedding")
        self._in_work: deque[tuple[Pool, Future[tuple[Vector, list[bytes]]]]] = deque()
        self._given = 0

    def __bool__(self) -> bool:
        return bool(self._in_work)

    @property
    def full(self) -> bool:
        """Whether as many pools are in work as may be."""
        return len(self._in_work) >= AT_ONCE

    @property
    def ready(self) -> bool:
        """Whether `take` would not wait."""
        return bool(self._in_work) and self._in_work[0][1].done()

    def give(self, pool: Pool) -> None:
        """Begin a pool; of each document in it, the passages follow those given before."""
        self._given += 1
        returns = self._given % POOLS_A_RETURN == 0
        begun = self._threads.submit(self._embed, pool, returns)
        self._in_work.append((pool, begun))
        begun.add_done_callback(lambda _: self._done())

    def take(self) -> Pool:
        """The oldest pool in work, once its documents have its vectors; raises what embedding it raised."""
        pool, made = self._in_work.popleft()
        vectors, bits = made.result()
        for (document, _), vector, own in zip(pool, vectors, bits, strict=True):
            document.vectors.append(vector)
            document.token_bits.append(own)
        return pool

    def close(self) -> None:
        """Leave out what is not begun and wait for what is."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._given:
            give_back()

    def _embed(self, pool: Pool, returns: bool) -> tuple[Vector, list[bytes]]:
        made = embedded(self._embedder, [chunk for _, chunk in pool])
        if returns:
            give_back()
        return made


def not_given(documents: Sequence[Document]) -> int:
    """How many of the documents' passages are in no pool yet."""
    return sum(len(document.chunks) - document.given for document in documents)


def next_pool(documents: Sequence[Document], most: int) -> Pool:
    """At most so many of the documents' next passages, noted as given."""
    pool: Pool = []
    for document in documents:
        own = document.chunks[document.given : document.given + most - len(pool)]
        document.given += len(own)
        pool += [(document, chunk) for chunk in own]
    return pool
