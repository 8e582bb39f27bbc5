"""Folders as people have them: links, pipes, closed doors, odd names, files that change or vanish."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingest.file_bytes
from ingest.__main__ import main
from ingest.file_bytes import READINGS
from ingest.folder_sync import sweep
from ingest.given import given_path
from ingest.jobs import Jobs
from ingest.sources import path_sources
from ingest.worker import ensure_worker
from rag.errors import DocumentError
from rag.settings import IngestSettings
from rag.workspace import Workspace

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0

Rows = dict[str, dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "plain.txt").write_text("A plain text.")
    return folder


@pytest.fixture
def ingested(capsys: pytest.CaptureFixture[str]) -> Callable[..., Rows]:
    """What `python -m ingest` says of each file of a folder."""

    def run(folder: Path, status: int = 0) -> Rows:
        assert main([str(folder), "--json"]) == status
        return {row["file"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}

    return run


def test_links_to_folders_end_no_ingestion_and_lose_nothing(
    folder: Path, tmp_path: Path, ingested: Callable[..., Rows]
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.txt").write_text("A deep text.")
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "sub")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("Not meant.")
    (folder / "out").symlink_to(elsewhere)
    rows = ingested(folder, status=1)
    assert {name: row["status"] for name, row in rows.items()} == {
        "plain.txt": "added",
        "sub/deep.txt": "added",
        "out": "failed",
    }
    assert str(elsewhere) in rows["out"]["error"]
    assert "not followed" in rows["out"]["error"]
    # What was named by itself is followed.
    assert ingested(folder / "out")["secret.txt"]["status"] == "added"


def test_links_to_files(folder: Path, tmp_path: Path, ingested: Callable[..., Rows]) -> None:
    (tmp_path / "outside.txt").write_text("A text outside.")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "dangling.txt").symlink_to(tmp_path / "nowhere.txt")
    (folder / "one.txt").symlink_to(folder / "other.txt")
    (folder / "other.txt").symlink_to(folder / "one.txt")
    rows = ingested(folder, status=1)
    assert rows.pop("plain.txt")["status"] == rows.pop("link.txt")["status"] == "added"
    assert set(rows) == {"dangling.txt", "one.txt", "other.txt"}
    assert all("a link that leads to no file" in row["error"] for row in rows.values())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipes_sockets_and_devices_never_hang(
    folder: Path, ingested: Callable[..., Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder / "pipe.txt")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.txt")
        (folder / "device.txt").symlink_to("/dev/zero")
        rows = ingested(folder, status=1)
    assert rows.pop("plain.txt")["status"] == "added"
    assert set(rows) == {"pipe.txt", "socket.txt", "device.txt"}
    assert all("is not a regular file" in row["error"] for row in rows.values())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_file_that_becomes_a_pipe_while_it_is_opened_does_not_hang(
    folder: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = path_sources([folder], workspace.settings.ingest)
    (folder / "plain.txt").unlink()
    os.mkfifo(folder / "plain.txt")
    # The moment after it was looked at and before it is opened.
    monkeypatch.setattr(Path, "is_file", lambda _self: True)
    with pytest.raises(DocumentError, match="not a regular file"):
        source.read()


def test_a_file_that_changes_while_it_is_read_is_read_anew(
    folder: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half is exchanged after the first was read: the result is one version, never both."""
    file = folder / "plain.txt"
    file.write_bytes(b"a" * 1000)
    [source] = path_sources([folder], workspace.settings.ingest)
    whole, meddled = ingest.file_bytes._read, []

    def read(stream: Any, most: int) -> bytes:
        first = stream.read(500)
        if not meddled:
            meddled.append(True)
            file.write_bytes(b"b" * 1000)
        return first + whole(stream, most - 500)

    monkeypatch.setattr(ingest.file_bytes, "_read", read)
    assert source.read() == b"b" * 1000


def test_a_file_that_never_rests_is_refused_with_its_reason(
    folder: Path, ingested: Callable[..., Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, readings = ingest.file_bytes._read, []

    def read(stream: Any, most: int) -> bytes:
        readings.append(most)
        with (folder / "plain.txt").open("a") as log:
            log.write("One more line.\n")
        return whole(stream, most)

    monkeypatch.setattr(ingest.file_bytes, "_read", read)
    monkeypatch.setattr(ingest.file_bytes, "PAUSE_SECONDS", 0.0)
    row = ingested(folder, status=1)["plain.txt"]
    assert row["status"] == "failed"
    assert "keeps changing" in row["error"]
    assert len(readings) == READINGS


def test_a_file_that_vanishes_after_it_was_listed_is_told_of(folder: Path, workspace: Workspace) -> None:
    [source] = path_sources([folder], workspace.settings.ingest)
    (folder / "plain.txt").unlink()
    with pytest.raises(DocumentError, match="does not exist"):
        source.read()


def test_a_file_that_vanishes_while_a_job_waits_is_told_of(folder: Path, workspace: Workspace) -> None:
    (folder / "other.txt").write_text("Another text.")
    jobs = Jobs(workspace)
    job = jobs.submit("default", [given_path(folder / "other.txt"), given_path(folder)], label="folder")
    (folder / "other.txt").unlink()
    ensure_worker(workspace)
    assert jobs.wait(job, PATIENCE)
    files = {each.file: each.result for each in jobs.files(job)}
    assert files["plain.txt"] is not None
    assert files["plain.txt"].status == "added"
    assert files["other.txt"] is not None
    assert "does not exist" in (files["other.txt"].error or "")


def test_closed_doors_are_told_of(folder: Path) -> None:
    """In a process of its own that lacks the superuser's right to read everything."""
    (folder / "closed").mkdir()
    (folder / "closed" / "inside.txt").write_text("Unseen.")
    (folder / "secret.txt").write_text("Unseen.")
    for path in (folder / "closed", folder / "secret.txt"):
        path.chmod(0)
    dropped: list[str] = []
    if os.geteuid() == 0:
        rights = "-dac_override,-dac_read_search"
        dropped = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", "--"]
        if shutil.which("setpriv") is None or subprocess.run(
            [*dropped, "cat", str(folder / "secret.txt")], capture_output=True, check=False
        ).returncode == 0:  # fmt: skip
            pytest.skip("the superuser reads everything here, and setpriv cannot take that right away")
    try:
        done = subprocess.run(
            [*dropped, sys.executable, "-m", "ingest", str(folder), "--json"],
            cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    finally:
        (folder / "closed").chmod(0o700)
    rows = {row["file"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1, done.stderr
    assert {name: row["status"] for name, row in rows.items()} == {
        "plain.txt": "added",
        "closed": "failed",
        "secret.txt": "failed",
    }
    assert "cannot be listed. Check its permissions" in rows["closed"]["error"]
    assert "Permission denied" in rows["secret.txt"]["error"]


def test_long_and_odd_names(folder: Path, ingested: Callable[..., Rows], workspace: Workspace) -> None:
    odd = [
        "l" * 251 + ".txt",
        "tab\tand\nline.txt",
        "<b>bold & 'quoted'.txt",
        "نص.txt",
        "e\u0301.txt",
        "\u202egnp.txt",
    ]
    for name in odd:
        (folder / name).write_text(f"The text of {name!r}.")
    deep = folder.joinpath(*["d" * 200] * 12)
    deep.mkdir(parents=True)
    (deep / "deep.txt").write_text("A deep text.")
    with zipfile.ZipFile(folder / "names.zip", "w") as archive:
        archive.writestr("m" * 5000 + ".txt", "A member with a long name.")
    rows = ingested(folder)
    assert {row["status"] for row in rows.values()} == {"added"}
    assert len(rows) == len(odd) + 3
    assert len(workspace.catalog.documents("default")) == len(rows)
    assert {row["status"] for row in ingested(folder).values()} == {"unchanged"}


def odd_bytes(folder: Path) -> Path:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt"))
    try:
        odd.write_text("A text with a name that is no Unicode.")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    return odd


def test_a_name_that_is_no_unicode_goes_in(
    folder: Path, ingested: Callable[..., Rows], workspace: Workspace
) -> None:
    odd_bytes(folder)
    assert {name: row["status"] for name, row in ingested(folder).items()} == {
        "plain.txt": "added",
        "caf?.txt": "added",
    }
    jobs = Jobs(workspace, wake=ensure_worker)
    job = jobs.submit("default", [given_path(folder)], label="folder")
    assert jobs.wait(job, PATIENCE)
    assert jobs.get(job.id).counts == {"unchanged": 2}


def test_a_name_that_is_no_unicode_is_followed(folder: Path, workspace: Workspace) -> None:
    odd = odd_bytes(folder)
    for file in folder.iterdir():
        os.utime(file, (1, 1))
    assert {each.file for each in sweep(workspace, "default", folder).results} == {"plain.txt", "caf?.txt"}
    assert sweep(workspace, "default", folder).results == ()
    odd.unlink()
    assert sweep(workspace, "default", folder).gone == ("caf?.txt",)


def test_links_and_pipes_in_a_followed_folder(folder: Path, workspace: Workspace) -> None:
    (folder / "loop").symlink_to(folder)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.txt")
    for file in folder.iterdir():
        os.utime(file, (1, 1), follow_symlinks=False)
    ended = threading.Event()
    found = {}

    def look() -> None:
        found.update({each.file: each.status for each in sweep(workspace, "default", folder).results})
        ended.set()

    threading.Thread(target=look, daemon=True).start()
    assert ended.wait(PATIENCE)
    assert found.pop("plain.txt") == "added"
    assert set(found.values()) <= {"failed"}


def test_what_programs_and_systems_lay_beside_documents_is_left_out(tmp_path: Path) -> None:
    for name in (
        "letter.txt",
        "~$letter.docx",
        ".~lock.letter.odt#",
        "Thumbs.db",
        "desktop.ini",
        "~letter.txt",
    ):
        (tmp_path / name).write_text("The fee is twelve euros.")
    assert [source.name for source in path_sources([tmp_path], IngestSettings())] == [
        "letter.txt",
        "~letter.txt",
    ]
    # What a person names is read, or its failure told.
    named = tmp_path / "~$letter.docx"
    assert [source.name for source in path_sources([named], IngestSettings())] == ["~$letter.docx"]
