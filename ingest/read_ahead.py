"""Threads that make things from a series ahead of whoever takes them, a bounded amount at a time.

It knows nothing of documents: what an item weighs is told by whoever makes one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")
_LOOK_SECONDS = 0.1


class ReadAhead(Generic[Given, Made]):
    """Makes `make(given)` for each of `series` in several threads; None means that there is nothing to take.

    A thread waits while more than `most` lies ready, by `weight`; one item, however heavy, always
    may. Items come in the order of the series, which one thread at a time advances. When `cancelled`
    is set, no further item is begun.
    """

    def __init__(
        self,
        series: Iterable[Given],
        make: Callable[[Given], Made | None],
        *,
        weight: Callable[[Made], int],
        most: int,
        threads: int,
        cancelled: threading.Event,
    ) -> None:
        self._series: Iterator[Given] = iter(series)
        self._make, self._weight, self._most, self._cancelled = make, weight, most, cancelled
        self._ready: deque[Made] = deque()
        self._ready_weight = 0
        self._fault: BaseException | None = None
        self._exhausted = False
        self._begun = self._offered = 0
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name="reader", daemon=True) for _ in range(threads)
        ]
        self._working = threads
        for thread in self._threads:
            thread.start()

    def take(self, timeout: float | None = None, unless: Callable[[], bool] = lambda: False) -> Made | None:
        """The next item; None when there are no more.

        Raises what a thread raised, once all that was finished before is taken; queue.Empty when none
        is ready within `timeout` seconds (None waits for ever), or when `unless` came true: whoever
        makes it so calls `look`.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._ready:
                if not self._working:
                    if self._fault is not None:
                        raise self._fault
                    return None
                if unless():
                    raise queue.Empty
                left = _LOOK_SECONDS if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise queue.Empty
                self._changed.wait(left)
            item = self._ready.popleft()
            self._ready_weight -= self._weight(item)
            self._changed.notify_all()
            return item

    def look(self) -> None:
        """Let whoever waits in `take` look at its `unless` now."""
        with self._changed:
            self._changed.notify_all()

    def left_by_fault(self) -> list[Made]:
        """After one thread raised, what the others made and nobody took; waits until they have ended."""
        with self._changed:
            if self._fault is None:
                return []
        for thread in self._threads:
            thread.join()
        return list(self._ready)

    def check(self) -> None:
        """Raise what a thread raised, if one did."""
        with self._changed:
            if self._fault is not None:
                raise self._fault

    def close(self) -> None:
        """Stop the threads and wait for them; what was not taken is dropped."""
        self._cancelled.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        try:
            for place, given in self._next():
                item = self._make(given)
                if item is None or not self._offer(place, item):
                    break
        except BaseException as error:  # noqa: BLE001
            # Handed to the thread that takes, which raises it where the caller sees it.
            with self._changed:
                self._fault = self._fault or error
            self._cancelled.set()
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def _next(self) -> Iterator[tuple[int, Given]]:
        while not self._cancelled.is_set():
            with self._turn:
                if self._exhausted:
                    return
                try:
                    given = next(self._series)
                except StopIteration:
                    self._exhausted = True
                    return
                self._begun += 1
                place = self._begun
            yield place, given

    def _offer(self, place: int, item: Made) -> bool:
        weight = self._weight(item)
        with self._changed:
            while self._offered + 1 < place or (self._ready and self._ready_weight + weight > self._most):
                if self._cancelled.is_set():
                    return False
                self._changed.wait(_LOOK_SECONDS)
            self._offered = place
            self._ready.append(item)
            self._ready_weight += weight
            self._changed.notify_all()
        return True
