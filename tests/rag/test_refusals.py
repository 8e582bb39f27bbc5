"""What LanceDB and the system say when they refuse, as one of our errors with the next action."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rag.errors import DiskRefused, StoreError, WriterBusy
from rag.refusals import disk_refusal, table_refusal
from rag.workspace import Workspace

FOLDER = Path("data/tables")


@pytest.mark.parametrize(
    ("said", "kind", "advice"),
    [
        (
            "LanceError(IO): No space left on device (os error 28), /src/x.rs:1:2",
            DiskRefused,
            "Free some space",
        ),
        ("LanceError(IO): Read-only file system (os error 30), /src/x.rs:1:2", DiskRefused, "access"),
        ("LanceError(Commit conflict): Commit conflict for version 7", WriterBusy, "other program"),
        ("Too many concurrent writers. Attempted 10 times", WriterBusy, "other program"),
        ("LanceError(IO): something (os error 5)", StoreError, "Check that disk"),
    ],
)
def test_what_lancedb_says_becomes_what_to_do(said: str, kind: type[StoreError], advice: str) -> None:
    error = table_refusal("papers", FOLDER, RuntimeError(said))
    assert type(error) is kind
    assert advice in str(error)
    assert "'papers'" in str(error)
    # Places in LanceDB's own source help nobody.
    assert "/src/x.rs" not in str(error)


def test_what_the_system_says_names_the_file() -> None:
    full = disk_refusal(FOLDER, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert isinstance(full, DiskRefused)
    assert str(FOLDER) in str(full)
    unreadable = disk_refusal(FOLDER, OSError(errno.EIO, os.strerror(errno.EIO)), "read")
    assert not isinstance(unreadable, DiskRefused)


def test_a_table_whose_folder_cannot_be_written_says_so(workspace: Workspace) -> None:
    """The folder of the data is a file: LanceDB itself refuses."""
    table = workspace.store.open_or_create("default")
    folder = table.upkeep.folder
    for part in ("_transactions", "_versions"):
        for file in (folder / part).glob("*"):
            file.unlink()
        (folder / part).rmdir()
        (folder / part).write_text("in the way")
    with pytest.raises(StoreError, match=r"'default'.*could not be written"):
        table.delete_documents(["a"])
