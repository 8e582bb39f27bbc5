"""Files of a folder that were renamed since it was last taken in: their documents get the new name.

The rule: a file that was taken in from this folder under the old name is no longer there, no other
folder has it under that name, and the same bytes came in under a new name from the same folder. Where
both files exist, the document has two names. Nothing is embedded, and what is only gone stays.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ingest.documents import remove_documents, tag_document
from ingest.folder_ledger import FolderLedger, SyncedFile
from ingest.progress import Progress
from ingest.sources import Source
from rag.database import open_database
from rag.workspace import Workspace

TAKEN_IN = ("added", "updated", "unchanged", "empty")


class FolderTaken:
    """A folder being taken in, as its files are now. Made before they are read, ended after."""

    def __init__(
        self, workspace: Workspace, collection: str, folder: Path, sources: Iterable[Source]
    ) -> None:
        self._workspace, self._collection = workspace, collection
        self._folder = folder.expanduser().resolve()
        self._ledger = FolderLedger(open_database(workspace.settings.data_dir), collection, self._folder)
        self._names: dict[str, list[str]] = {}
        self._states: dict[str, os.stat_result] = {}
        for source in sources:
            if source.file is not None and folder in source.file.parents:
                path = source.file.relative_to(folder).as_posix()
                self._names.setdefault(path, []).append(source.name)
                try:
                    self._states[path] = source.file.stat()
                except OSError:
                    # Reading it says why; it is not noted as taken in.
                    continue

    def ended(self, progress: Progress) -> list[tuple[str, str]]:
        """Follow renames and note what was taken in; returns the old and new names."""
        results = {file.file: file.result.status for file in progress.files.values() if file.result}
        known = self._ledger.files()
        missing = {path: file for path, file in known.items() if is_gone(self._folder / path)}
        came = [
            name
            for names in self._names.values()
            for name in names
            if results.get(name) in ("added", "updated", "empty")
        ]
        elsewhere = self._ledger.names_elsewhere() if missing and came else set()
        renamed = follow_renames(self._workspace, self._collection, missing, came, elsewhere)
        old_names = {old for old, _ in renamed}
        self._ledger.remove(path for path, file in missing.items() if old_names & set(file.names))
        self._ledger.put(list(self._taken_in(results, known)))
        return renamed

    def _taken_in(self, results: Mapping[str, str], known: Mapping[str, SyncedFile]) -> Iterable[SyncedFile]:
        for path, state in self._states.items():
            names = tuple(name for name in self._names[path] if results.get(name) in TAKEN_IN)
            file = SyncedFile(path, state.st_size, state.st_mtime_ns, names)
            before = known.get(path)
            # What was marked as gone is for the watcher, who takes the mark off again.
            marked = before is not None and before.gone_at is not None
            if len(names) == len(self._names[path]) and before != file and not marked:
                yield file


def folders_taken(
    workspace: Workspace, collection: str, paths: Iterable[Path], sources: Sequence[Source]
) -> list[FolderTaken]:
    """Those of the given paths that are folders, with their files among the sources."""
    return [
        FolderTaken(workspace, collection, path, sources)
        for path in dict.fromkeys(paths)
        # os.path.isdir, since pathlib's raises for a name that is too long.
        if os.path.isdir(path)  # noqa: PTH112
    ]


def is_gone(file: Path) -> bool:
    """Whether there is certainly no such file: one in a folder that cannot be looked into may be there."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def follow_renames(
    workspace: Workspace,
    collection: str,
    missing: Mapping[str, SyncedFile],
    came: Iterable[str],
    elsewhere: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Names gone whose bytes have just come under another name: they lose the old one, tags and notes move.

    `missing` are files by path that are gone, `came` the names that have come, `elsewhere` names that
    must stay. Returns the old and new names.
    """
    renamed: list[tuple[str, str]] = []
    coming = set(came)
    catalog = workspace.catalog
    if not missing or not coming:
        return []
    records = {record.name: record for record in catalog.documents(collection)}
    holders: dict[str, list[str]] = {}
    for record in records.values():
        holders.setdefault(record.document_id, []).append(record.name)
    for name in sorted(name for file in missing.values() for name in file.names):
        gone = records.get(name)
        if gone is None or not gone.document_id or name in coming or name in elsewhere:
            continue
        heir = next((each for each in holders[gone.document_id] if each in coming), None)
        if heir is None:
            continue
        coming.discard(heir)
        if gone.tags:
            tag_document(workspace, collection, heir, (*records[heir].tags, *gone.tags))
        if gone.notes and not records[heir].notes:
            catalog.set_notes(collection, heir, gone.notes)
        renamed.append((name, heir))
    if renamed:
        remove_documents(workspace, collection, [old for old, _ in renamed])
    return renamed
