"""The bytes of one file on this machine, all of one moment, without ever waiting for a pipe or device.

A file that keeps changing while it is read is refused: a mixture of two versions is no document. It knows
no formats and no archives.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import IO

from ingest.archives import HEAD_BYTES, MEGABYTE
from rag.errors import DocumentError, TooLarge
from rag.settings import IngestSettings

#: How often a file that changes meanwhile is read anew, and seconds between.
READINGS = 5
PAUSE_SECONDS = 0.1
#: A file changed less than so many nanoseconds ago may change again without a newer time of change.
YOUNG_NS = 50_000_000


def head_of(path: Path) -> bytes:
    """The beginning of a file; b"" when it cannot be read, which reading it will say."""
    try:
        with _regular(path) as stream:
            return stream.read(HEAD_BYTES)
    except (OSError, DocumentError):
        return b""


def bytes_of(path: Path, settings: IngestSettings) -> bytes:
    """The bytes of a file. Raises DocumentError when it cannot be read or keeps changing, TooLarge."""
    shown = printable(str(path))
    try:
        if path.is_dir():
            raise _folder_error(path)
        with _regular(path) as stream:
            for reading in range(READINGS):
                if reading:
                    time.sleep(PAUSE_SECONDS)
                    stream.seek(0)
                before = os.fstat(stream.fileno())
                data = _limited(stream, printable(path.name), before.st_size, settings)
                if _same(before, os.fstat(stream.fileno())) and not _is_young(before):
                    return data
    except OSError as error:
        raise DocumentError(
            f"{shown} cannot be read: {error.strerror or error}. Check the path and its permissions."
        ) from error
    raise DocumentError(f"{shown} keeps changing while it is read. Add it again when it is whole.")


def printable(name: str) -> str:
    """A name that can be shown and stored: without what is no Unicode, and without NUL."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _folder_error(path: Path) -> DocumentError:
    shown = printable(str(path))
    if path.is_symlink():
        place = printable(os.path.realpath(path))
        return DocumentError(
            f"{shown} is a link to the folder {place}, outside the one that was added, and is not followed. "
            "Add that folder itself."
        )
    return DocumentError(f"The folder {shown} cannot be listed. Check its permissions.")


def _regular(path: Path) -> IO[bytes]:
    """A regular file, open. Raises DocumentError for what else there is or is not, OSError."""
    shown = printable(str(path))
    if not path.is_file():
        if path.is_symlink() and not path.exists():
            raise DocumentError(f"{shown} is a link that leads to no file. Mend or remove it.")
        kind = "is not a regular file" if path.exists() else "does not exist"
        raise DocumentError(f"{shown} {kind}. Check the path.")
    # It may have become a pipe since, whose opening would wait for ever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    stream = os.fdopen(handle, "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        stream.close()
        raise DocumentError(f"{shown} is not a regular file. Check the path.")
    return stream


def _limited(stream: IO[bytes], name: str, size: int, settings: IngestSettings) -> bytes:
    most = settings.max_file_megabytes * MEGABYTE
    data = b"" if size > most else _read(stream, most + 1)
    size = max(size, len(data))
    if size > most:
        raise TooLarge(
            f"{name} has {size // MEGABYTE} MB, more than ingest.max_file_megabytes = "
            f"{settings.max_file_megabytes}. Split the file or raise the limit."
        )
    return data


def _read(stream: IO[bytes], most: int) -> bytes:
    blocks: list[bytes] = []
    while most > 0 and (block := stream.read(min(most, 16 * MEGABYTE))):
        blocks.append(block)
        most -= len(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _is_young(state: os.stat_result) -> bool:
    return 0 <= time.time_ns() - state.st_mtime_ns < YOUNG_NS
