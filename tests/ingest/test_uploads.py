"""What a browser hands over: names made safe, nothing lost, nothing kept in memory that can lie on disk."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ingest.given import given_sources
from ingest.pipeline import Pipeline
from ingest.sources import Source
from ingest.uploads import given_folder, given_uploads
from rag.errors import CorruptFile, DocumentError
from rag.workspace import Workspace


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def uploaded(workspace: Workspace, *files: tuple[str, bytes]) -> list[Source]:
    given = given_uploads(files, workspace.settings.ingest, workspace.blobs)
    return list(given_sources(given, workspace.settings.ingest, workspace.blobs))


def test_files_of_one_name_and_of_hostile_names_all_arrive(workspace: Workspace) -> None:
    found = uploaded(
        workspace,
        ("notes.txt", b"first"),
        ("notes.txt", b"second"),
        ("../../notes.txt", b"third"),
        ("folder/notes.txt", b"fourth"),
        ("all.zip", zipped({"../notes.txt": b"fifth", "in/notes.txt": b"sixth"})),
        ("all.zip", zipped({"notes.txt": b"seventh"})),
    )
    assert [(source.name, source.read()) for source in found] == [
        ("notes.txt", b"first"),
        ("notes (2).txt", b"second"),
        ("notes (3).txt", b"third"),
        ("folder/notes.txt", b"fourth"),
        ("all.zip!notes.txt", b"fifth"),
        ("all.zip!in/notes.txt", b"sixth"),
        ("all.zip!notes (2).txt", b"seventh"),
    ]
    pipeline = Pipeline("default", workspace)
    assert {result.status for result in pipeline.run(found)} == {"added"}
    assert workspace.table("default").count() == 7


def test_hidden_files_are_left_out(workspace: Workspace) -> None:
    found = uploaded(workspace, (".DS_Store", b"x"), ("in/.git/config", b"x"), ("in/./a.txt", b"x"))
    assert [source.name for source in found] == ["in/a.txt"]


def test_an_upload_lies_on_disk_until_it_is_read(workspace: Workspace) -> None:
    [source] = uploaded(workspace, ("a.txt", b"the text"))
    assert workspace.blobs.size() >= len(b"the text")
    assert (source.size, source.read()) == (8, b"the text")


def test_an_empty_file_an_empty_archive_and_an_archive_in_an_archive_are_reported(
    workspace: Workspace,
) -> None:
    inner = zipped({"a.txt": b"x"})
    found = uploaded(
        workspace, ("nothing.txt", b""), ("none.zip", zipped({})), ("o.zip", zipped({"i.zip": inner}))
    )
    assert [source.name for source in found] == ["nothing.txt", "none.zip", "o.zip!i.zip!a.txt"]
    with pytest.raises(CorruptFile, match="holds no files"):
        found[1].read()
    pipeline = Pipeline("default", workspace)
    results = {result.file: result for result in pipeline.run(found)}
    assert {name: result.status for name, result in results.items()} == {
        "nothing.txt": "empty",
        "none.zip": "failed",
        "o.zip!i.zip!a.txt": "added",
    }


def test_folders_of_this_machine(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "papers").mkdir()
    limits = workspace.settings.ingest
    for wrong, reason in (
        ("", "whole path"),
        ("papers", "whole path"),
        (str(tmp_path / "nowhere"), "There is no folder"),
        (str(tmp_path / "papers"), "holds no files"),
    ):
        with pytest.raises(DocumentError, match=reason):
            given_folder(wrong, limits)
    (tmp_path / "papers" / "a.txt").write_bytes(b"x")
    for given in (f" {tmp_path}/papers ", f"'{tmp_path}/papers'", f'"{tmp_path}/papers/a.txt"'):
        found = given_sources([given_folder(given, limits)], limits, workspace.blobs)
        assert [source.name for source in found] == ["a.txt"]


@pytest.mark.parametrize("path", ["/papers/\0", "/" + "x" * 300, "~nobody-of-that-name/papers"])
def test_paths_that_no_system_takes_are_refused_in_words(path: str, workspace: Workspace) -> None:
    with pytest.raises(DocumentError):
        given_folder(path, workspace.settings.ingest)
