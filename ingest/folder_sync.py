"""One look at a folder that a collection follows: new, changed, renamed and gone files, and what to do.

Unchanged files (size and time of change) are not even read. A folder that cannot be listed, or has
become empty all at once, loses no document: it may only be unplugged. Nothing here waits or watches.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ingest.documents import remove_documents
from ingest.file_bytes import printable
from ingest.folder_ledger import FolderLedger, SyncedFile
from ingest.left_out import is_temporary
from ingest.moved_files import follow_renames
from ingest.pipeline import Pipeline
from ingest.progress import FileResult
from ingest.sources import Source, path_sources, with_own_names
from rag.catalog import DocumentRecord
from rag.database import open_database, utc_now
from rag.errors import DocumentError
from rag.workspace import Workspace

#: A file that changed less than so many seconds ago may still be being written.
SETTLE_SECONDS = 1.0
GONE_NOTE = "No longer in the folder"


@dataclass(frozen=True, slots=True)
class Swept:
    """What one look found: results of files taken in, documents gone and renamed.

    `unsettled` says that some file is still being written: look again soon. `note` is for people.
    """

    results: tuple[FileResult, ...] = ()
    gone: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    unsettled: bool = False
    note: str = ""


def sweep(
    workspace: Workspace, collection: str, folder: Path, cancelled: threading.Event | None = None
) -> Swept:
    """Bring a collection in step with a folder; what becomes of files gone is ingest.when_gone.

    Raises DocumentError when the folder cannot be listed, StoreError when the table refuses.
    """
    cancelled = cancelled or threading.Event()
    ledger = FolderLedger(open_database(workspace.settings.data_dir), collection, folder)
    known = ledger.files()
    present, unlisted = _present(folder)
    now = time.time_ns()
    settled = {
        path: stat for path, stat in present.items() if not 0 <= now - stat.st_mtime_ns < SETTLE_SECONDS * 1e9
    }
    changed = [path for path, stat in sorted(settled.items()) if not _same(known.get(path), stat)]
    results = _read(workspace, collection, folder, changed, settled, known, ledger, cancelled)
    missing = {
        path: file
        for path, file in known.items()
        if path not in present and file.gone_at is None and not _below(path, unlisted)
    }
    unsettled = len(settled) < len(present)
    if not missing or cancelled.is_set() or unsettled:
        return Swept(tuple(results), unsettled=unsettled)
    if not present and len(known) > 1:
        note = f"{folder} is empty all at once; its documents stay until there is a file again."
        return Swept(tuple(results), note=note)
    renamed = follow_renames(workspace, collection, missing, [result.file for result in results])
    gone = _let_go(workspace, collection, folder, missing, ledger, {old for old, _ in renamed})
    return Swept(tuple(results), tuple(gone), tuple(renamed))


def _present(folder: Path) -> tuple[dict[str, os.stat_result], list[str]]:
    """Files below the folder by relative path, and the folders that cannot be listed."""
    unlisted: list[str] = []

    def note(error: OSError) -> None:
        unlisted.append(os.path.relpath(str(error.filename), folder))

    if not folder.is_dir():
        raise DocumentError(f"The folder {folder} is not there. Its documents stay until it is back.")
    present: dict[str, os.stat_result] = {}
    for directory, folders, files in os.walk(folder, onerror=note, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if is_temporary(name):
                continue
            path = Path(directory) / name
            try:
                present[path.relative_to(folder).as_posix()] = path.stat()
            except OSError:
                # Gone since it was listed, or a link to nothing: the next look tells.
                continue
    if "." in unlisted:
        raise DocumentError(f"The folder {folder} cannot be listed. Check its permissions.")
    return present, unlisted


def _same(known: SyncedFile | None, stat: os.stat_result) -> bool:
    return (
        known is not None
        and known.gone_at is None
        and (known.size, known.modified_ns) == (stat.st_size, stat.st_mtime_ns)
    )


def _below(path: str, folders: list[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _read(
    workspace: Workspace,
    collection: str,
    folder: Path,
    changed: list[str],
    stats: dict[str, os.stat_result],
    known: dict[str, SyncedFile],
    ledger: FolderLedger,
    cancelled: threading.Event,
) -> list[FileResult]:
    """Take in new and changed files; a file whose bytes could not be read is tried again next time."""
    if not changed:
        return []
    owners: dict[str, str] = {}
    begun: list[str] = []
    # Folders whose names cannot be shown may look alike.
    others = {name for path in set(stats) & set(known) - set(changed) for name in known[path].names}

    def named() -> Iterator[Source]:
        for path in changed:
            parent = printable(str(PurePosixPath(path).parent))
            begun.append(path)
            for source in path_sources([folder / path], workspace.settings.ingest):
                name = source.name if parent == "." else f"{parent}/{source.name}"
                yield Source(name, source.size, source.read)

    def sources() -> Iterator[Source]:
        for source in with_own_names(named(), others):
            owners[source.name] = begun[-1]
            yield source

    pipeline = Pipeline(collection, workspace)
    results: list[FileResult] = []
    # The pipeline sets its event when it ends; the caller's must stay as it is.
    halt = threading.Event()
    for result in pipeline.run(sources(), cancelled=halt):
        results.append(result)
        if cancelled.is_set():
            halt.set()
    ledger.put(_taken_in(workspace, collection, folder, owners, results, stats, known))
    pipeline.tidy()
    return results


def _taken_in(
    workspace: Workspace,
    collection: str,
    folder: Path,
    owners: dict[str, str],
    results: list[FileResult],
    stats: dict[str, os.stat_result],
    known: dict[str, SyncedFile],
) -> list[SyncedFile]:
    """What to note of files whose bytes were read; members that an archive no longer holds are gone."""
    ended = {result.file for result in results}
    unended = {path for name, path in owners.items() if name not in ended}
    names: dict[str, list[str]] = {
        path: [] for result in results if result.document_id and (path := owners[result.file]) not in unended
    }
    for name, path in owners.items():
        if path in names:
            names[path].append(name)
    _put_warnings(workspace, collection, [name for own in names.values() for name in own], "")
    unread = tuple(
        f"{result.file.removesuffix('!attachments')}!" for result in results if result.status == "failed"
    )
    left: list[str] = []
    for path in names:
        for name in known[path].names if path in known else ():
            if name not in owners:
                # What lies in an archive that cannot be opened now is not gone from it.
                inside = name.startswith(unread)
                left += [] if inside else [name]
                if inside or workspace.settings.ingest.when_gone != "remove":
                    names[path].append(name)
    _say_gone(workspace, collection, folder, left)
    return [
        SyncedFile(path, stats[path].st_size, stats[path].st_mtime_ns, tuple(own))
        for path, own in names.items()
    ]


def _say_gone(workspace: Workspace, collection: str, folder: Path, names: list[str]) -> None:
    """Do with documents whose files are gone what ingest.when_gone says."""
    when_gone = workspace.settings.ingest.when_gone
    if names and when_gone == "remove":
        remove_documents(workspace, collection, names)
    elif names and when_gone == "mark":
        _put_warnings(workspace, collection, names, f"{GONE_NOTE} {printable(str(folder))}.")


def _let_go(
    workspace: Workspace,
    collection: str,
    folder: Path,
    missing: dict[str, SyncedFile],
    ledger: FolderLedger,
    renamed: set[str],
) -> list[str]:
    when_gone = workspace.settings.ingest.when_gone
    gone = [name for file in missing.values() for name in file.names if name not in renamed]
    _say_gone(workspace, collection, folder, gone)
    now = utc_now()
    stay = [
        replace(file, gone_at=now)
        for file in missing.values()
        if when_gone != "remove" and not set(file.names) <= renamed
    ]
    ledger.put(stay)
    ledger.remove(set(missing) - {file.path for file in stay})
    return gone


def _put_warnings(workspace: Workspace, collection: str, names: list[str], note: str) -> None:
    """Give documents this note about being gone in place of an earlier one; none when it is empty."""
    differing = [record.name for record in _noted(workspace, collection, names, note)]
    if differing:
        with workspace.writing(collection):
            # What was looked at before may hold something else by now.
            workspace.catalog.put_many(_noted(workspace, collection, differing, note))


def _noted(workspace: Workspace, collection: str, names: list[str], note: str) -> list[DocumentRecord]:
    """Those of the documents that have another note, with this one."""
    changed: list[DocumentRecord] = []
    for name in names:
        record = workspace.catalog.get(collection, name)
        if record is not None:
            others = tuple(each for each in record.warnings if not each.startswith(GONE_NOTE))
            wanted = (*others, note) if note else others
            if wanted != record.warnings:
                changed.append(replace(record, warnings=wanted))
    return changed
