"""The threads in which a model computes: batches side by side, each in one.

Two threads that share one matrix product wait for each other at every layer, and both wait when
another program takes one of them; batches of their own need no such meeting. It knows no model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Batch = TypeVar("Batch")

#: Fewer texts than this are not worth a batch of their own.
SMALLEST_BATCH = 8
#: A batch of at most this many tokens, padding included, is computed by a single thread.
TOKENS_FOR_ONE_THREAD = 256

_making = threading.Lock()
_made: dict[int, ThreadPoolExecutor] = {}


def batch_length(texts: int, longest: int) -> int:
    """How many of so many texts a batch should hold, at most `longest`, to keep every thread busy."""
    import torch

    share: int = -(-texts // torch.get_num_threads())
    return max(min(share, longest), min(SMALLEST_BATCH, longest))


def for_each_batch(work: Callable[[Batch], None], batches: Sequence[Batch]) -> None:
    """Do `work` for every batch, side by side where there are several; raises what one of them raised."""
    import torch

    threads = torch.get_num_threads()
    if len(batches) < 2 or threads < 2:
        for batch in batches:
            work(batch)
        return
    for _ in _pool(threads).map(work, batches):
        pass


@contextmanager
def threads_for(tokens: int) -> Iterator[None]:
    """One thread for a question: several gain little and wait long for each other on a busy machine."""
    import torch

    usual = torch.get_num_threads()
    if tokens > TOKENS_FOR_ONE_THREAD or usual == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _pool(threads: int) -> ThreadPoolExecutor:
    """One pool a size for the process: two models at work share the cores."""
    with _making:
        if threads not in _made:
            _made[threads] = _started(threads)
        return _made[threads]


def _started(threads: int) -> ThreadPoolExecutor:
    """A pool whose threads all run and compute alone.

    torch keeps the number for the thread that sets it, and for those that are new to torch later; so
    all are started before the caller's own number is set back.
    """
    import torch

    def compute_alone() -> None:
        # A thread takes the common number at its first parallel work unless it has asked for it before.
        torch.get_num_threads()
        torch.set_num_threads(1)

    all_here = threading.Barrier(threads)
    pool = ThreadPoolExecutor(threads, "model", initializer=compute_alone)
    list(pool.map(lambda _: all_here.wait(), range(threads)))
    torch.set_num_threads(threads)
    return pool
