"""Collections being read again in the background of the app, one thread each; pages watch and stop them.

They live in this process. What one has read is kept, so that after a restart it can be gone on with.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from ingest.progress import Progress
from ingest.revision import GRACE_SECONDS, read_again, remove_retired
from rag.errors import AskanceError
from rag.workspace import Workspace

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Rereading:
    """One collection being read again. `state` is running, done, cancelled or failed."""

    collection: str
    documents: int
    state: str = "running"
    error: str = ""
    progress: Progress = field(default_factory=Progress)
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Rereadings:
    """The collections being read again in this process. Safe to use from threads."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._known: dict[str, Rereading] = {}

    def start(self, workspace: Workspace, collection: str) -> Rereading:
        """Begin, or go on, to read a collection again; one under way goes on undisturbed."""
        with self._lock:
            known = self._known.get(collection)
            if known is not None and known.state == "running":
                return known
            documents = workspace.catalog.documents(collection)
            started = Rereading(collection, sum(record.status == "ready" for record in documents))
            self._known[collection] = started
        threading.Thread(
            target=self._run, args=(workspace, started), name="reading again", daemon=True
        ).start()
        return started

    def of(self, collection: str) -> Rereading | None:
        """What is or was under way for a collection in this process, None when nothing was."""
        with self._lock:
            return self._known.get(collection)

    def is_running(self, collection: str) -> bool:
        """Whether the collection is being read again in this process."""
        known = self.of(collection)
        return known is not None and known.state == "running"

    def forget(self, collection: str) -> None:
        """Take one that has ended off the list."""
        with self._lock:
            known = self._known.get(collection)
            if known is not None and known.state != "running":
                del self._known[collection]

    def _run(self, workspace: Workspace, own: Rereading) -> None:
        try:
            done = read_again(workspace, own.collection, progress=own.progress, cancelled=own.cancelled)
        except AskanceError as error:
            own.state, own.error = "failed", str(error)
        except BaseException as error:
            logger.exception("reading %s again failed", own.collection)
            own.state = "failed"
            own.error = f"Unexpected {type(error).__name__}: {error}. See the log; try again."
        else:
            own.state = "done" if done else "cancelled"
        finally:
            own.ended.set()
        if own.state == "done":
            threading.Timer(self._grace, _tidy, (workspace, self._grace)).start()


def _tidy(workspace: Workspace, grace: float) -> None:
    try:
        remove_retired(workspace, grace)
    except AskanceError as error:
        # The next reading tries again; nobody is waiting for this one.
        logger.warning("a replaced table is still there: %s", error)
