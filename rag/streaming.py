"""A reply made in a thread of its own: whoever shows it may look away, come back, or stop it.

It changes nothing in the reply, keeps nothing and draws nothing; what is to happen at the end is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Self

from rag.answer import Reply

#: Seconds that `stop` waits for the thread; one that waits for a silent server ends by itself later.
STOP_SECONDS = 1.0

#: Called once with the reply, how it ended (done, stopped or failed) and the error of a failure.
OnEnd = Callable[[Reply, str, BaseException | None], None]


class LiveReply:
    """A reply under way. Any number of viewers may follow it, each from the beginning."""

    def __init__(self, reply: Reply, on_end: OnEnd) -> None:
        self.reply = reply
        self._on_end = on_end
        self._changed = threading.Condition()
        self._settling = threading.Lock()
        self._stopping = False
        self._settled = False
        self._thread = threading.Thread(target=self._work, name="reply", daemon=True)

    def start(self) -> Self:
        """Begin to answer; call it once."""
        self._thread.start()
        return self

    @property
    def found(self) -> int | None:
        """How many passages are being read; None while the search is still on."""
        return len(self.reply.search.hits) if self.reply.search is not None else None

    @property
    def ended(self) -> bool:
        """Whether `on_end` has been called and has returned."""
        return self._settled

    def follow(self, heartbeat: float = 0.1) -> Iterator[str]:
        """The whole text so far when it has grown, and every `heartbeat` seconds, until the end."""
        shown = ""
        while True:
            with self._changed:
                if not self._settled and self.reply.text == shown:
                    self._changed.wait(heartbeat)
                ended = self._settled
            shown = self.reply.text
            yield shown
            if ended:
                return

    def stop(self) -> None:
        """End the reply with what has been said so far; harmless when it has ended.

        A thread that still waits for its server is left to itself, and what it brings is not kept.
        """
        self._stopping = True
        self._thread.join(STOP_SECONDS)
        self._settle("stopped", None)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the end; False when the time (seconds) ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._settled, timeout)

    def _work(self) -> None:
        pieces = iter(self.reply)
        ending, fault = "done", None
        try:
            for _ in pieces:
                with self._changed:
                    self._changed.notify_all()
                if self._stopping:
                    ending = "stopped"
                    break
        except BaseException as error:  # noqa: BLE001
            # Handed to `on_end`, which keeps it where the user sees it.
            ending, fault = "failed", error
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        self._settle(ending, fault)

    def _settle(self, ending: str, fault: BaseException | None) -> None:
        with self._settling:
            if self._settled:
                return
            try:
                self._on_end(self.reply, ending, fault)
            finally:
                with self._changed:
                    self._settled = True
                    self._changed.notify_all()
