"""Plain ingest, and jobs, of a folder in which files were renamed: renamed, not read a second time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.documents import tag_document
from ingest.given import given_path
from ingest.jobs import Jobs
from ingest.worker import ensure_worker
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace

TEXTS = {"a.txt": "Valve A opens at 3 bar.", "in/b.txt": "Pump B draws 4 kW.", "in/c.txt": "Fan C is loud."}


@pytest.fixture(autouse=True)
def light_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "folder")


def written(folder: Path) -> Path:
    for name, text in TEXTS.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def ingest(*paths: Path) -> Workspace:
    assert main([*map(str, paths)]) == 0
    return open_workspace(load_settings())


def held(workspace: Workspace) -> dict[str, str]:
    """What each name's document says; each has one passage, which bears a name that is there."""
    table = workspace.table("default")
    records = workspace.catalog.documents("default")
    found = {}
    for record in records:
        [chunk] = table.chunks(record.document_id)
        assert chunk.document in {each.name for each in records}
        found[record.name] = chunk.text
    assert table.count() == len(set(found.values()))
    return found


def nothing_embedded(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("embedded again")

    monkeypatch.setattr(type(workspace.store.embedder), "embed_with_tokens", refused)


def test_a_file_renamed_takes_its_tags_and_notes_along(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = ingest(folder)
    tag_document(workspace, "default", "a.txt", ["valves"])
    workspace.catalog.set_notes("default", "a.txt", "Ask Ada.")
    nothing_embedded(workspace, monkeypatch)
    (folder / "a.txt").rename(folder / "in" / "z.txt")
    workspace = ingest(folder)
    assert held(workspace) == {
        "in/b.txt": TEXTS["in/b.txt"], "in/c.txt": TEXTS["in/c.txt"], "in/z.txt": TEXTS["a.txt"],
    }  # fmt: skip
    assert "Renamed: a.txt is now in/z.txt." in capsys.readouterr().err
    record = workspace.catalog.resolve("default", "in/z.txt")
    assert (record.tags, record.notes) == (("valves",), "Ask Ada.")
    [chunk] = workspace.table("default").chunks(record.document_id)
    assert (chunk.document, chunk.tags) == ("in/z.txt", ("valves",))


def test_a_folder_renamed_renames_what_is_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_embedded(ingest(folder), monkeypatch)
    (folder / "in").rename(folder / "out")
    assert held(ingest(folder)) == {
        "a.txt": TEXTS["a.txt"], "out/b.txt": TEXTS["in/b.txt"], "out/c.txt": TEXTS["in/c.txt"],
    }  # fmt: skip


def test_a_copy_is_a_second_name_and_stays_one(folder: Path) -> None:
    ingest(folder)
    (folder / "copy.txt").write_text(TEXTS["a.txt"])
    for _ in range(2):
        assert {name for name, text in held(ingest(folder)).items() if text == TEXTS["a.txt"]} == {
            "a.txt", "copy.txt",
        }  # fmt: skip
    # Its other name going is no renaming: nothing came in its place, and nothing is taken away unasked.
    (folder / "a.txt").unlink()
    assert "a.txt" in held(ingest(folder))


def test_two_files_that_swap_names(folder: Path) -> None:
    ingest(folder)
    (folder / "a.txt").rename(folder / "away")
    (folder / "in" / "b.txt").rename(folder / "a.txt")
    (folder / "away").rename(folder / "in" / "b.txt")
    assert held(ingest(folder)) == {
        "a.txt": TEXTS["in/b.txt"], "in/b.txt": TEXTS["a.txt"], "in/c.txt": TEXTS["in/c.txt"],
    }  # fmt: skip


def test_a_file_that_takes_the_name_of_another(folder: Path) -> None:
    ingest(folder)
    (folder / "in" / "b.txt").replace(folder / "a.txt")
    assert held(ingest(folder)) == {"a.txt": TEXTS["in/b.txt"], "in/c.txt": TEXTS["in/c.txt"]}


def test_another_folder_with_the_same_bytes_renames_nothing(folder: Path, tmp_path: Path) -> None:
    ingest(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text(TEXTS["a.txt"])
    assert {"a.txt", "x.txt"} <= set(held(ingest(other)))


def test_a_name_that_another_folder_still_has_stays(folder: Path, tmp_path: Path) -> None:
    ingest(folder)
    ingest(written(tmp_path / "twin"))
    (folder / "a.txt").rename(folder / "z.txt")
    assert {"a.txt", "z.txt"} <= set(held(ingest(folder)))


def test_what_cannot_be_looked_at_is_not_taken_for_gone(folder: Path) -> None:
    from ingest.moved_files import is_gone

    assert is_gone(folder / "never.txt")
    assert is_gone(folder / "a.txt" / "below a file")
    assert not is_gone(folder / "a.txt")
    assert not is_gone(folder / ("long" * 100))


def test_an_archive_renamed_renames_its_members(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("one.txt", "First of the archive.")
        archive.writestr("two.txt", "Second of the archive.")
    (folder / "old.zip").write_bytes(stream.getvalue())
    nothing_embedded(ingest(folder), monkeypatch)
    (folder / "old.zip").rename(folder / "new.zip")
    assert {name for name in held(ingest(folder)) if ".zip" in name} == {"new.zip!one.txt", "new.zip!two.txt"}


def test_a_job_of_a_folder_follows_renames_too(
    folder: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(workspace, wake=ensure_worker)

    def done() -> None:
        job = jobs.submit("default", [given_path(folder)], label="folder")
        assert jobs.wait(job, 60)
        assert jobs.get(job.id).state == "done", jobs.get(job.id).error

    done()
    nothing_embedded(workspace, monkeypatch)
    (folder / "in").rename(folder / "out")
    done()
    assert sorted(held(workspace)) == ["a.txt", "out/b.txt", "out/c.txt"]
