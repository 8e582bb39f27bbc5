"""Keeps a collection in step with a folder: a full look at the start, then one after every change.

Changes are waited out before a look is taken. It never ends by itself, and never because of one file;
what a look does is in ingest/folder_sync.py.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.folder_sync import Swept, sweep
from ingest.left_out import is_temporary
from rag.errors import AskanceError
from rag.workspace import Workspace

logger = logging.getLogger(__name__)

#: Seconds without a change before a look is taken, and the longest wait while changes go on.
QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 15.0
#: Seconds between looks when nothing is noticed: some network folders tell nothing.
EVERY_SECONDS = 600.0
#: Seconds before trying again after trouble.
TROUBLE_SECONDS = 10.0


class Watcher:
    """Follows one folder until `stop`. `report` gets what each look found."""

    def __init__(
        self,
        open_workspace: Callable[[], Workspace],
        collection: str,
        folder: Path,
        report: Callable[[Swept], None],
    ) -> None:
        self._open = open_workspace
        self._collection = collection
        self._folder = folder
        self._report = report
        self._changed = threading.Event()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after what is being done now."""
        self._stopped.set()
        self._changed.set()

    def run(self) -> None:
        """Follow the folder until `stop` is called."""
        observer = _observer(self._folder, self._note)
        try:
            while not self._stopped.is_set():
                # Cleared first: what changes during the look calls for another one.
                self._changed.clear()
                self._changed.wait(self._look())
                self._wait_out()
        finally:
            observer.stop()
            observer.join()

    def _look(self) -> float:
        """Take a look; returns after how many seconds the next one is due without a change."""
        try:
            found = sweep(self._open(), self._collection, self._folder, self._stopped)
        except (AskanceError, OSError) as error:
            logger.warning("%s", error)
            return TROUBLE_SECONDS
        except Exception:
            logger.exception("%s could not be looked through", self._folder)
            return TROUBLE_SECONDS
        self._report(found)
        return QUIET_SECONDS if found.unsettled else EVERY_SECONDS

    def _wait_out(self) -> None:
        """Wait until nothing has changed for a while, but not for ever."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self._changed.is_set() and not self._stopped.is_set() and time.monotonic() < until:
            self._changed.clear()
            self._changed.wait(QUIET_SECONDS)

    def _note(self, event: Any) -> None:
        paths = [str(event.src_path), str(getattr(event, "dest_path", "") or "")]
        if event.event_type in ("opened", "closed_no_write"):
            return
        if any(path and not is_temporary(Path(path).name) for path in paths):
            self._changed.set()


def _observer(folder: Path, note: Callable[[Any], None]) -> Any:
    """A started observer; one that looks by itself where the system has no more watches to give."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            note(event)

    handler = Handler()
    for kind in (Observer, PollingObserver):
        observer = kind()
        observer.schedule(handler, str(folder), recursive=True)
        try:
            observer.start()
        except OSError as error:
            logger.warning("%s cannot be watched (%s); it is looked through instead", folder, error)
            continue
        return observer
    raise AskanceError(f"The folder {folder} cannot be watched. Check its permissions.")
