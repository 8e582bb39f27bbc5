"""Why a disk or another writer refused, in words: what, where, and what to do next.

A refusal of the disk or of another process is not the fault of the file being added: whoever meets one
stops, and goes on later. Nothing here waits, tries again or makes room.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import DiskRefused, StoreError, WriterBusy

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
#: What LanceDB's own messages say, in lower case.
_FULL_SAID = tuple(f"os error {number})" for number in _FULL)
_FORBIDDEN_SAID = tuple(f"os error {number})" for number in _FORBIDDEN)
_BUSY_SAID = ("conflict", "concurrent")
_MOST_SAID = 200


def disk_refusal(place: Path, error: OSError, verb: str = "written") -> StoreError:
    """The error to raise when a file or folder could not be written, read or removed."""
    if error.errno in _FULL:
        advice = "Free some space on that disk, then try again; what was added stays."
    elif error.errno in _FORBIDDEN:
        advice = "Give the user who runs Askance access to it, then try again."
    else:
        advice = "Check that disk and folder, then try again."
    kind = DiskRefused if verb == "written" else StoreError
    return kind(f"{place} cannot be {verb}: {error.strerror or error}. {advice}")


def temporary_refusal(name: str, error: OSError) -> DiskRefused:
    """The error to raise when the temporary files that the file `name` needs cannot be written."""
    return DiskRefused(
        f"{name} needs temporary files in {tempfile.gettempdir()}, which cannot be written: "
        f"{error.strerror or error}. Free some space there or name another folder with TMPDIR, then try "
        "again; what was added stays."
    )


def table_refusal(collection: str, folder: Path, error: Exception) -> StoreError:
    """The error to raise when LanceDB could not write a collection's table, which is then as it was.

    DiskRefused, WriterBusy when another program keeps writing, or StoreError.
    """
    # After the reason, LanceDB names places in its own source.
    said = " ".join(str(error).split()).partition(", /")[0][:_MOST_SAID]
    lowered, number = said.lower(), getattr(error, "errno", None)
    kind, advice = StoreError, "Check that disk and folder"
    if number in _FULL or any(sign in lowered for sign in _FULL_SAID):
        kind, advice = DiskRefused, "Free some space on that disk"
    elif number in _FORBIDDEN or any(sign in lowered for sign in _FORBIDDEN_SAID):
        kind, advice = DiskRefused, "Give the user who runs Askance access to it"
    elif any(sign in lowered for sign in _BUSY_SAID):
        kind, advice = WriterBusy, "Wait for the other program that writes to it, or end it"
    return kind(
        f"Collection {collection!r} in {folder} could not be written: {said}. {advice}, then try again; "
        "what was added stays."
    )


@contextmanager
def table_explained(collection: str, folder: Path) -> Iterator[None]:
    """Turn what LanceDB raises when it cannot write a table into one of our errors."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise table_refusal(collection, folder, error) from error
