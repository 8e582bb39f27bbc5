"""Pages drawn in a process of its own, so that a hostile page costs its picture and nothing else.

`PagePictures` keeps one process warm (ingest/reader_process.py, drawing with ingest/page_view.py) and
limits its time and memory; a page that went beyond them is refused for a while without being drawn
again. What comes back is a PNG. No PDF is opened in this process.
"""

from __future__ import annotations

import atexit
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from ingest.page_view import SCALE
from ingest.parsing import refusal
from ingest.parsing_worker import PARSED
from ingest.reader_process import ReaderProcess, ending, start_reader
from rag.errors import DocumentError, ReaderStopped, TooLarge
from rag.settings import IngestSettings

#: How long a page that could not be drawn is not tried again, and how many such pages are remembered.
REFUSED_SECONDS = 600.0
MOST_REFUSED = 200


class PagePictures:
    """Draws pages of PDFs, one at a time. Safe to use from several threads.

    `module` is the one whose `draw(data, request)` the process calls.
    """

    def __init__(self, settings: IngestSettings, module: str = "ingest.page_view") -> None:
        self.settings = settings
        self._module = module
        self._reader: ReaderProcess | None = None
        self._lock = threading.Lock()
        self._refused: OrderedDict[tuple[str, int], tuple[float, DocumentError]] = OrderedDict()

    def draw(
        self,
        path: Path,
        number: int,
        start: int,
        end: int,
        *,
        page_start: int,
        words: Sequence[tuple[int, int]] = (),
        passages: Sequence[tuple[int, int, int]] = (),
        password: str | None = None,
        scale: float = SCALE,
    ) -> bytes:
        """Page `number` of the PDF at `path` as PNG, marked as `ingest.page_view.render_page` does.

        Raises what that raises, TooLarge when the page takes too much memory, and ReaderStopped when it
        crashes the process or takes too long.
        """
        told = {
            "path": str(path),
            "page": number,
            "span": [start, end],
            "page_start": page_start,
            "words": list(words),
            "passages": list(passages),
            "password": password,
            "scale": scale,
        }
        with self._lock:
            self._raise_if_refused(path, number)
            return self._drawn(path, number, json.dumps(told).encode())

    def close(self) -> None:
        """End the process; a later page starts another."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    @property
    def process_id(self) -> int | None:
        """The process that waits for a page; None when there is none."""
        return self._reader.process.pid if self._reader is not None else None

    def _drawn(self, path: Path, number: int, request: bytes) -> bytes:
        reader = self._reader
        fresh = reader is None or reader.process.poll() is not None
        if reader is not None and fresh:
            reader.close()
        if reader is None or fresh:
            reader = self._start()
        reply, reason = self._ask(reader, request)
        if reply is None and not fresh and reason != "time":
            # The pages before may be to blame, or whoever ended the process.
            reader = self._start()
            reply, reason = self._ask(reader, request)
        if reply is None:
            self._reader = None
            raise self._refuse(path, number, self._stopped(number, reason, reader.close()))
        if reader.worn_out:
            reader.close()
            self._reader = None
        if reply[:1] != PARSED:
            raise refusal(reply[1:])
        return reply[1:]

    def _start(self) -> ReaderProcess:
        self._reader = start_reader(self._module, self.settings.parse_memory_megabytes)
        return self._reader

    def _ask(self, reader: ReaderProcess, request: bytes) -> tuple[bytes | None, str]:
        return reader.ask(
            request, seconds=self.settings.page_seconds, megabytes=self.settings.parse_memory_megabytes
        )

    def _refuse(self, path: Path, number: int, error: DocumentError) -> DocumentError:
        self._refused[str(path), number] = time.monotonic() + REFUSED_SECONDS, error
        while len(self._refused) > MOST_REFUSED:
            self._refused.popitem(last=False)
        return error

    def _raise_if_refused(self, path: Path, number: int) -> None:
        until, error = self._refused.get((str(path), number), (0.0, None))
        if error is not None and time.monotonic() < until:
            raise type(error)(str(error))

    def _stopped(self, number: int, reason: str, status: int) -> DocumentError:
        advice = "Open the original file to see it."
        if reason == "time":
            return ReaderStopped(
                f"Page {number} could not be drawn within {self.settings.page_seconds} seconds. {advice}"
            )
        if reason == "memory":
            return TooLarge(
                f"Page {number} takes more than {self.settings.parse_memory_megabytes} MB of memory to draw. "
                f"{advice}"
            )
        return ReaderStopped(
            f"Page {number} could not be drawn: it made the reader crash ({ending(status)}). {advice}"
        )


_known: dict[IngestSettings, PagePictures] = {}
_known_lock = threading.Lock()


def get_page_pictures(settings: IngestSettings) -> PagePictures:
    """The process that draws pages under these settings, shared by this whole process and ended with it."""
    with _known_lock:
        if settings not in _known:
            for other in _known.values():
                other.close()
            _known.clear()
            _known[settings] = PagePictures(settings)
        return _known[settings]


@atexit.register
def _close_all() -> None:
    for pictures in _known.values():
        pictures.close()
