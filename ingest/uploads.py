"""What a browser or a path field hands over, made ready for a job: files, folders and archives.

Names come from outside: they are made safe, hidden files are left out, and two files of one name get
different ones. Bytes go to disk at once. Nothing is parsed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ingest.given import Given, given_path
from ingest.left_out import is_no_document
from ingest.sources import bytes_source, path_sources
from rag.blobs import BlobStore
from rag.errors import DocumentError
from rag.settings import IngestSettings


def given_uploads(
    files: Iterable[tuple[str, bytes]], settings: IngestSettings, blobs: BlobStore
) -> list[Given]:
    """Uploaded files by name and content, kept on disk; a folder's files keep their relative path."""
    given = []
    for name, data in files:
        if not is_no_document(name):
            given.append(_given_upload(name, data, settings, blobs))
    return given


def given_folder(path: str, settings: IngestSettings) -> Given:
    """A folder (or one file) on this machine. Raises DocumentError when there is none, or nothing in it."""
    place = Path(os.path.expanduser(path.strip().strip("\"'")))  # noqa: PTH111 (pathlib's raises)
    if not path.strip() or not place.is_absolute():
        raise DocumentError("Give the whole path of a folder, like /home/me/papers.")
    if not os.path.exists(place):  # noqa: PTH110 (pathlib's raises for a name too long)
        raise DocumentError(f"There is no folder {place} on this computer. Check the path.")
    if not any(path_sources([place], settings)):
        raise DocumentError(f"The folder {place} holds no files (hidden ones are left out).")
    return given_path(place)


def _given_upload(name: str, data: bytes, settings: IngestSettings, blobs: BlobStore) -> Given:
    first = list(islice(bytes_source(name, data, settings), 2))
    digest = blobs.put_bytes(data)
    # An archive becomes its members, or one failing source of size 0.
    is_plain = len(first) == 1 and "!" not in first[0].name and first[0].size == len(data)
    return Given("kept" if is_plain else "archive", first[0].name if is_plain else name, digest, len(data))
