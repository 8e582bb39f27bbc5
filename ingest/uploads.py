"""What a browser or a path field hands over, as sources: files, folders and archives.

Names come from outside: they are made safe, hidden files are left out, and two files of one name get
different ones. Nothing is parsed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ingest.documents import uploaded_source
from ingest.sources import Source, bytes_source, path_sources, with_own_names
from rag.blobs import BlobStore
from rag.errors import DocumentError
from rag.settings import IngestSettings


def upload_sources(
    files: Iterable[tuple[str, bytes]], settings: IngestSettings, blobs: BlobStore
) -> list[Source]:
    """Uploaded files by name and content; what is no archive is kept on disk at once.

    A folder's files keep their relative path as name.
    """
    return list(with_own_names(_opened(files, settings, blobs)))


def folder_sources(path: str, settings: IngestSettings) -> list[Source]:
    """The files of a folder (or one file) on this machine. Raises DocumentError when there is none."""
    place = Path(os.path.expanduser(path.strip().strip("\"'")))  # noqa: PTH111 (pathlib's raises)
    if not path.strip() or not place.is_absolute():
        raise DocumentError("Give the whole path of a folder, like /home/me/papers.")
    if not os.path.exists(place):  # noqa: PTH110 (pathlib's raises for a name too long)
        raise DocumentError(f"There is no folder {place} on this computer. Check the path.")
    found = list(path_sources([place], settings))
    if not found:
        raise DocumentError(f"The folder {place} holds no files (hidden ones are left out).")
    return found


def _opened(
    files: Iterable[tuple[str, bytes]], settings: IngestSettings, blobs: BlobStore
) -> Iterator[Source]:
    for name, data in files:
        if any(part.startswith(".") and part not in (".", "..") for part in PurePosixPath(name).parts):
            continue
        for source in bytes_source(name, data, settings):
            is_archive = name.lower().endswith(".zip")
            yield source if is_archive else uploaded_source(source.name, data, blobs)
