"""A reply made in a thread of its own, so that whoever shows it can look up, or stop, at any time.

It changes nothing in the reply and draws nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from rag.answer import Reply

#: Seconds that `stop` waits for the thread; one that waits for a silent server ends by itself later.
STOP_SECONDS = 1.0


class ReplyStream:
    """The pieces of a reply as they come, and "" whenever none has come for `heartbeat` seconds.

    Iterating raises what the reply raises. After `stop` the reply's text grows no further, unless its
    thread was waiting for a server, and then by one piece at most.
    """

    def __init__(self, reply: Reply, heartbeat: float = 0.1) -> None:
        self.reply = reply
        self._heartbeat = heartbeat
        self._pieces: queue.Queue[str | BaseException | None] = queue.Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reply", daemon=True)

    @property
    def found(self) -> int | None:
        """How many passages are being read; None while the search is still on."""
        return len(self.reply.search.hits) if self.reply.search is not None else None

    def __iter__(self) -> Iterator[str]:
        self._thread.start()
        while True:
            try:
                item = self._pieces.get(timeout=self._heartbeat)
            except queue.Empty:
                yield ""
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Let the thread end before its next piece; harmless when it has ended."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        pieces = iter(self.reply)
        try:
            for piece in pieces:
                if self._stopped.is_set():
                    break
                self._pieces.put(piece)
        except BaseException as error:  # noqa: BLE001
            # Handed to the iterating thread, which raises it where the caller sees it.
            self._pieces.put(error)
        else:
            self._pieces.put(None)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
