"""A collection in step with a folder: what comes, changes, moves and goes; unplugging it loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from job_gates import PATIENCE

from ingest.documents import tag_document
from ingest.folder_sync import Swept, sweep
from ingest.left_out import is_temporary
from ingest.watch import Watcher
from rag.errors import DocumentError
from rag.settings import with_overrides
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    put(folder, "a.md", "# A\n\nValve A opens at 3 bar.")
    put(folder, "in/b.md", "# B\n\nPump B draws 4 kW.")
    return folder


def put(folder: Path, name: str, content: str, age: float = 10.0) -> None:
    """Write a file that has not changed for `age` seconds; every writing has another time."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    earlier = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(content)
    moment = time.time_ns() - int(age * 1e9)
    os.utime(file, ns=(moment, moment if moment != earlier else moment + 1))


def look(workspace: Workspace, folder: Path, **settings: str) -> Swept:
    own = with_overrides(workspace.settings, {f"ingest.{name}": value for name, value in settings.items()})
    return sweep(open_workspace(own), "default", folder)


def listed(workspace: Workspace) -> dict[str, str]:
    """Names with the note about being gone, empty for what is there."""
    return {
        record.name: " ".join(each for each in record.warnings if "No longer in the folder" in each)
        for record in workspace.catalog.documents("default")
    }


def test_what_is_new_or_changed_is_taken_in_and_the_rest_not_even_read(
    workspace: Workspace, folder: Path
) -> None:
    assert {(each.file, each.status) for each in look(workspace, folder).results} == {
        ("a.md", "added"),
        ("in/b.md", "added"),
    }
    assert look(workspace, folder) == Swept()
    put(folder, "a.md", "# A\n\nValve A opens at 5 bar.", age=5)
    put(folder, "c.txt", "New.")
    assert {(each.file, each.status) for each in look(workspace, folder).results} == {
        ("a.md", "updated"),
        ("c.txt", "added"),
    }
    assert sorted(listed(workspace)) == ["a.md", "c.txt", "in/b.md"]


def test_a_renamed_file_is_renamed_and_not_embedded_again(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(workspace, folder)
    tag_document(workspace, "default", "in/b.md", ["pumps"])
    before = workspace.table("default").count()

    def refused(*_: object, **__: object) -> None:
        pytest.fail("embedded again")

    monkeypatch.setattr(type(workspace.store.embedder), "embed_with_tokens", refused)
    (folder / "in" / "b.md").rename(folder / "moved.md")
    found = look(workspace, folder)
    assert (found.renamed, found.gone) == ((("in/b.md", "moved.md"),), ())
    assert listed(workspace) == {"a.md": "", "moved.md": ""}
    record = workspace.catalog.get("default", "moved.md")
    assert record is not None
    assert record.tags == ("pumps",)
    assert workspace.table("default").count() == before
    [hit] = workspace.table("default").text_search("pump", 5)
    assert hit.chunk.document == "moved.md"


@pytest.mark.parametrize(
    ("when_gone", "stays", "marked"), [("keep", True, False), ("mark", True, True), ("remove", False, False)]
)
def test_files_gone_are_what_the_setting_says(
    workspace: Workspace, folder: Path, when_gone: str, stays: bool, marked: bool
) -> None:
    put(folder, "c.txt", "Stays.")
    look(workspace, folder)
    (folder / "a.md").unlink()
    assert look(workspace, folder, when_gone=when_gone).gone == ("a.md",)
    after = listed(workspace)
    assert ("a.md" in after) is stays
    assert bool(after.get("a.md")) is marked
    assert bool(workspace.table("default").text_search("valve", 5)) is stays
    # It is told once, and a file that comes back is no longer marked.
    assert look(workspace, folder, when_gone=when_gone).gone == ()
    put(folder, "a.md", "# A\n\nValve A opens at 3 bar.")
    look(workspace, folder, when_gone=when_gone)
    assert listed(workspace)["a.md"] == ""


def test_an_unplugged_folder_loses_nothing(workspace: Workspace, folder: Path) -> None:
    look(workspace, folder)
    folder.rename(folder.with_name("away"))
    with pytest.raises(DocumentError, match="until it is back"):
        look(workspace, folder, when_gone="remove")
    folder.mkdir()
    assert "empty all at once" in look(workspace, folder, when_gone="remove").note
    assert sorted(listed(workspace)) == ["a.md", "in/b.md"]


def test_documents_that_came_another_way_are_left_alone(workspace: Workspace, folder: Path) -> None:
    from corpus import fill

    fill(workspace, {"mine.txt": "Uploaded by hand."})
    look(workspace, folder)
    (folder / "a.md").unlink()
    look(workspace, folder, when_gone="remove")
    assert sorted(listed(workspace)) == ["in/b.md", "mine.txt"]


def test_hidden_temporary_and_half_written_files_wait(workspace: Workspace, folder: Path) -> None:
    for name in (
        ".hidden",
        "~$letter.docx",
        "film.part",
        "x.crdownload",
        "note.txt~",
        ".git/config",
        "#a.md#",
    ):
        put(folder, name, "not a document")
    put(folder, "growing.txt", "half", age=0)
    found = look(workspace, folder)
    assert found.unsettled
    assert sorted(listed(workspace)) == ["a.md", "in/b.md"]
    assert is_temporary("~$letter.docx")
    assert not is_temporary("letter~1.docx")


def test_changes_are_noticed_while_it_watches(workspace: Workspace, folder: Path) -> None:
    looks: list[Swept] = []
    seen = threading.Semaphore(0)

    def report(found: Swept) -> None:
        looks.append(found)
        if found.results:
            seen.release()

    watcher = Watcher(lambda: workspace, "default", folder, report)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert seen.acquire(timeout=PATIENCE)
        assert {each.file for each in looks[0].results} == {"a.md", "in/b.md"}
        put(folder, "later.txt", "Came later.")
        assert seen.acquire(timeout=PATIENCE)
        assert "later.txt" in listed(workspace)
    finally:
        watcher.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_command_stops_cleanly(workspace: Workspace, folder: Path) -> None:
    environment = {
        "ASKANCE_DATA_DIR": str(workspace.settings.data_dir),
        "ASKANCE_EMBEDDING_MODEL": "hash",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", "watch", str(folder)],
        cwd=ROOT, env=os.environ | environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert {process.stdout.readline().split()[1] for _ in range(2)} == {"a.md", "in/b.md"}
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert sorted(listed(workspace)) == ["a.md", "in/b.md"]
