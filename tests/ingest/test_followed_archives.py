"""Archives and odd names in a folder that is followed: what is still there is never taken for gone."""

from __future__ import annotations

import io
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest
from job_gates import PATIENCE

import ingest.watch
from ingest.documents import remove_collection
from ingest.folder_sync import Swept, sweep
from ingest.watch import Watcher
from rag.settings import with_overrides
from rag.workspace import Workspace, open_workspace

ONE, TWO = "Valve one opens at 1 bar.", "Valve two opens at 2 bar."
WAYS = pytest.mark.parametrize("when_gone", ["keep", "mark", "remove"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def put(file: Path, content: bytes) -> None:
    """Write a file as it was ten seconds ago; every writing has another time."""
    earlier = file.stat().st_mtime_ns if file.exists() else 0
    file.write_bytes(content)
    moment = time.time_ns() - 10_000_000_000
    os.utime(file, ns=(moment, moment if moment != earlier else moment + 1))


def zipped(damaged: str = "", /, **members: str | bytes) -> bytes:
    """An archive of these members, the bytes of one of them no longer what they were."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue().replace(damaged.encode(), damaged[::-1].encode())


def look(workspace: Workspace, folder: Path, when_gone: str) -> dict[str, str]:
    own = with_overrides(workspace.settings, {"ingest.when_gone": when_gone})
    return {each.file: each.status for each in sweep(open_workspace(own), "default", folder).results}


def passages(workspace: Workspace) -> dict[str, int]:
    """Documents of the list, with their passages in the table."""
    counts = workspace.table("default").chunk_counts()
    return {each.name: counts.get(each.document_id, 0) for each in workspace.catalog.documents("default")}


@WAYS
def test_a_member_that_cannot_be_unpacked_is_not_gone(
    workspace: Workspace, folder: Path, when_gone: str
) -> None:
    put(folder / "in.zip", zipped(one_txt=ONE, two_txt=TWO))
    look(workspace, folder, when_gone)
    put(folder / "in.zip", zipped(TWO, one_txt=ONE, two_txt=TWO, three_txt="Valve three."))
    assert look(workspace, folder, when_gone)["in.zip!two.txt"] == "failed"
    there = {"in.zip!one.txt": 1, "in.zip!two.txt": 1, "in.zip!three.txt": 1}
    assert passages(workspace) == there
    record = workspace.catalog.resolve("default", "in.zip!two.txt")
    assert "the earlier one is kept" in record.error
    assert "No longer" not in " ".join(record.warnings)


@WAYS
def test_members_of_an_archive_that_cannot_be_opened_are_not_gone(
    workspace: Workspace, folder: Path, when_gone: str
) -> None:
    inner = zipped(two_txt=TWO)
    put(folder / "in.zip", zipped(one_txt=ONE, inner_zip=inner))
    look(workspace, folder, when_gone)
    put(folder / "in.zip", zipped(one_txt=ONE, inner_zip=inner[:-30]))
    assert look(workspace, folder, when_gone)["in.zip!inner.zip"] == "failed"
    assert passages(workspace)["in.zip!inner.zip!two.txt"] == 1
    # Once it is whole again and lacks the member, that one is gone, and it was not forgotten.
    put(folder / "in.zip", zipped(one_txt=ONE))
    look(workspace, folder, when_gone)
    assert ("in.zip!inner.zip!two.txt" in passages(workspace)) is (when_gone != "remove")


@WAYS
def test_a_member_that_an_archive_no_longer_holds_is_what_the_setting_says(
    workspace: Workspace, folder: Path, when_gone: str
) -> None:
    put(folder / "in.zip", zipped(one_txt=ONE, two_txt=TWO))
    look(workspace, folder, when_gone)
    put(folder / "in.zip", zipped(one_txt=ONE))
    look(workspace, folder, when_gone)
    record = workspace.catalog.get("default", "in.zip!two.txt")
    assert (record is None) is (when_gone == "remove")
    assert bool(record and "No longer in the folder" in " ".join(record.warnings)) is (when_gone == "mark")
    put(folder / "in.zip", zipped(one_txt=ONE, two_txt=TWO))
    look(workspace, folder, when_gone)
    assert passages(workspace) == {"in.zip!one.txt": 1, "in.zip!two.txt": 1}
    assert not any(record.warnings for record in workspace.catalog.documents("default"))


def test_a_folder_taken_in_again_after_its_collection_was_deleted(workspace: Workspace, folder: Path) -> None:
    put(folder / "a.txt", ONE.encode())
    assert look(workspace, folder, "mark") == {"a.txt": "added"}
    remove_collection(workspace, "default")
    assert look(workspace, folder, "mark") == {"a.txt": "added"}
    assert passages(workspace) == {"a.txt": 1}


def test_folders_whose_names_are_no_unicode(workspace: Workspace, folder: Path) -> None:
    """Both are shown alike; neither file takes the other's place."""
    files = [folder / os.fsdecode(name) / "a.txt" for name in (b"caf\xe9", b"caf\xea")]
    for file, content in zip(files, (ONE, TWO), strict=True):
        try:
            file.parent.mkdir()
        except OSError:
            pytest.skip("this disk takes no such names")
        put(file, content.encode())
    assert look(workspace, folder, "mark") == {"caf?/a.txt": "added", "caf?/a (2).txt": "added"}
    put(files[1], b"Valve two opens at 3 bar.")
    assert look(workspace, folder, "mark") == {"caf?/a (2).txt": "updated"}
    files[0].unlink()
    look(workspace, folder, "remove")
    assert passages(workspace) == {"caf?/a (2).txt": 1}


def test_a_watched_folder_with_a_name_that_is_no_unicode(workspace: Workspace, folder: Path) -> None:
    own = folder / os.fsdecode(b"caf\xe9")
    try:
        own.mkdir()
    except OSError:
        pytest.skip("this disk takes no such names")
    put(own / "a.txt", ONE.encode())
    put(own / "b.txt", TWO.encode())
    look(workspace, own, "mark")
    (own / "a.txt").unlink()
    look(workspace, own, "mark")
    assert "caf?" in " ".join(workspace.catalog.resolve("default", "a.txt").warnings)


def test_a_look_that_breaks_down_does_not_end_the_watching(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "a.txt", ONE.encode())
    monkeypatch.setattr(ingest.watch, "TROUBLE_SECONDS", 0.0)
    faults = iter([RuntimeError("a parser of names broke down")])
    seen = threading.Event()

    def opened() -> Workspace:
        for fault in faults:
            raise fault
        return workspace

    def report(found: Swept) -> None:
        seen.set()

    watcher = Watcher(opened, "default", folder, report)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert seen.wait(PATIENCE)
    finally:
        watcher.stop()
        thread.join(PATIENCE)
    assert passages(workspace) == {"a.txt": 1}
