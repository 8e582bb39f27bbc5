"""python -m ingest again COLLECTION: read a collection again under the settings in force.

The new version is made beside the old one, which is searched until the new one takes its place. It
reads the kept originals alone; files of folders are put in by ingest/__main__.py.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from ingest.job_commands import stop_on_signal
from ingest.progress import Progress
from ingest.revision import outdated_documents, read_again
from rag.catalog import DocumentRecord
from rag.errors import CollectionNotFound
from rag.folder_lease import in_use
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace

LOOK_SECONDS = 1.0

ReadAgain = Callable[..., bool]


def again_command(arguments: Sequence[str], read: ReadAgain = read_again) -> int:
    """Read a collection again; returns the exit status, 1 when it was stopped before its end."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest again",
        description="Read all documents of a collection again, from the originals kept, under the settings "
        "in force: another embedder, other chunk settings. It is searched as it was until all are read. "
        "Stopped with Ctrl+C, it goes on from there the next time.",
    )
    parser.add_argument("collection", nargs="?", default="default", metavar="COLLECTION")
    parser.add_argument(
        "--if-needed", action="store_true", help="do nothing when all were read under these settings"
    )
    options = parser.parse_args(arguments)
    settings = load_settings()
    with in_use(settings.data_dir):
        return _again(open_workspace(settings), options.collection, options.if_needed, read)


def _again(workspace: Workspace, collection: str, if_needed: bool, read: ReadAgain) -> int:
    documents = _documents(workspace, collection)
    if if_needed and not outdated_documents(workspace, documents):
        sys.stderr.write(f"All documents of {collection} were read under these settings.\n")
        return 0
    count = sum(record.status == "ready" for record in documents)
    progress, cancelled, over = Progress(), threading.Event(), threading.Event()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop_on_signal(cancelled.set)
    watching = threading.Thread(target=_tell, args=(progress, count, over), daemon=True)
    watching.start()
    try:
        done = read(workspace, collection, progress=progress, cancelled=cancelled)
    finally:
        over.set()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        watching.join()
    if not done:
        sys.stderr.write("Stopped. The collection is as it was; the same command goes on from here.\n")
        return 1
    sys.stdout.write(f"{collection}: {count} documents read again.\n")
    return 0


def _documents(workspace: Workspace, collection: str) -> list[DocumentRecord]:
    if not workspace.catalog.has_collection(collection):
        known = ", ".join(each.name for each in workspace.catalog.collections()) or "none yet"
        raise CollectionNotFound(f"There is no collection {collection!r}. There are: {known}.")
    return workspace.catalog.documents(collection)


def _tell(progress: Progress, documents: int, over: threading.Event) -> None:
    """A line that follows the progress, on a terminal alone."""
    if not sys.stderr.isatty():
        return
    while not over.wait(LOOK_SECONDS):
        left = progress.seconds_left()
        estimate = f", about {round(left)} s left" if left is not None else ""
        sys.stderr.write(f"\r{progress.done()} of {documents} documents{estimate}\033[K")
    sys.stderr.write("\n")
