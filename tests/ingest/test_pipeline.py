"""Documents in, through the public door: what a second, a changed, a broken or a doubled file does."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.pipeline import Pipeline
from ingest.progress import FileResult, Progress
from ingest.sources import Source, path_sources
from rag.errors import EmbeddingFailed
from rag.hash_embedder import HashEmbedder
from rag.settings import Settings
from rag.types import Filters
from rag.workspace import Workspace, open_workspace

Ingest = Callable[..., dict[str, FileResult]]


def pipeline_of(workspace: Workspace) -> Pipeline:
    return Pipeline("default", workspace)


@pytest.fixture
def ingest(workspace: Workspace) -> Ingest:
    def run(*paths: Path, **options: object) -> dict[str, FileResult]:
        sources = list(path_sources(paths, workspace.settings.ingest))
        return {result.file: result for result in pipeline_of(workspace).run(sources, **options)}  # type: ignore[arg-type]

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    (documents / "sub").mkdir(parents=True)
    (documents / "boiler.md").write_text(
        "# Boiler\n\n## Valves\n\nOpens at 9.4 bar.\n\n## Pumps\n\nDraws 3.2 kW.\n"
    )
    (documents / "sub" / "leave.txt").write_text("Parental leave lasts 26 weeks.")
    return documents


def test_every_file_ends_in_a_status(folder: Path, ingest: Ingest, workspace: Workspace) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnot a pdf at all")
    (folder / "picture.bin").write_bytes(bytes(range(256)) * 20)
    results = ingest(folder)
    assert {name: result.status for name, result in results.items()} == {
        "boiler.md": "added",
        "sub/leave.txt": "added",
        "empty.txt": "empty",
        "broken.pdf": "failed",
        "picture.bin": "failed",
    }
    assert results["boiler.md"].chunks == 2
    for name in ("empty.txt", "broken.pdf", "picture.bin"):
        assert name in (results[name].error or "")
    listed = {record.name: record for record in workspace.catalog.documents("default")}
    assert {name: record.status for name, record in listed.items()} == {
        "boiler.md": "ready",
        "sub/leave.txt": "ready",
        "empty.txt": "empty",
        "broken.pdf": "failed",
        "picture.bin": "failed",
    }
    table = workspace.table("default")
    for chunk in table.chunks(results["boiler.md"].document_id):
        parsed = workspace.blobs.get_parsed(chunk.document_id)
        assert parsed is not None
        assert parsed.text[chunk.start : chunk.end] == chunk.text
    assert workspace.blobs.get(results["boiler.md"].document_id) == (folder / "boiler.md").read_bytes()


def test_unchanged_changed_and_forced(folder: Path, ingest: Ingest, workspace: Workspace) -> None:
    first = ingest(folder)
    version = workspace.table("default").version
    again = ingest(folder)
    assert {result.status for result in again.values()} == {"unchanged"}
    assert again["boiler.md"].chunks == first["boiler.md"].chunks
    assert workspace.table("default").version == version
    (folder / "boiler.md").write_text("# Boiler\n\nOpens at 8.8 bar.\n")
    changed = ingest(folder / "boiler.md")["boiler.md"]
    assert (changed.status, changed.chunks) == ("updated", 1)
    counts = workspace.table("default").chunk_counts()
    assert first["boiler.md"].document_id not in counts
    assert counts[changed.document_id] == 1
    assert ingest(folder / "boiler.md", force=True)["boiler.md"].status == "updated"


def test_other_chunk_settings_read_files_again(folder: Path, ingest: Ingest, workspace: Workspace) -> None:
    ingest(folder)
    chunking = replace(workspace.settings.chunking, overlap_tokens=3)
    other = open_workspace(replace(workspace.settings, chunking=chunking))
    sources = list(path_sources([folder], other.settings.ingest))
    assert {result.status for result in pipeline_of(other).run(sources)} == {"updated"}


def test_the_same_bytes_under_two_names(folder: Path, ingest: Ingest, workspace: Workspace) -> None:
    (folder / "copy.txt").write_text("Parental leave lasts 26 weeks.")
    results = ingest(folder)
    one, other = results["copy.txt"], results["sub/leave.txt"]
    assert one.document_id == other.document_id
    assert workspace.table("default").count(Filters(documents=(one.document_id,))) == 1
    assert workspace.catalog.names("default")[one.document_id] == ("copy.txt", "sub/leave.txt")
    # Changing one of them leaves the other's passages alone.
    (folder / "copy.txt").write_text("Quite another text.")
    ingest(folder)
    assert workspace.table("default").count(Filters(documents=(other.document_id,))) == 1
    # And a later copy of something already there is added without being embedded again.
    (folder / "late.txt").write_text("Quite another text.")
    late = ingest(folder)["late.txt"]
    assert (late.status, late.chunks) == ("added", 1)


def test_a_file_that_breaks_keeps_its_earlier_version(
    folder: Path, ingest: Ingest, workspace: Workspace
) -> None:
    good = ingest(folder)["boiler.md"]
    (folder / "boiler.md").write_bytes(bytes(range(256)) * 20)
    assert ingest(folder)["boiler.md"].status == "failed"
    assert workspace.table("default").count(Filters(documents=(good.document_id,))) == good.chunks
    record = workspace.catalog.get("default", "boiler.md")
    assert record is not None
    assert record.status == "ready"
    assert "earlier one is kept" in record.error


def test_a_file_that_becomes_empty_leaves_no_passages(
    folder: Path, ingest: Ingest, workspace: Workspace
) -> None:
    before = ingest(folder)["boiler.md"]
    (folder / "boiler.md").write_text(" \n")
    assert ingest(folder)["boiler.md"].status == "empty"
    assert workspace.table("default").count(Filters(documents=(before.document_id,))) == 0


def test_archive_members_are_documents(tmp_path: Path, ingest: Ingest) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("in/a.txt", "The first text.")
        archive.writestr("../../evil.txt", "The second text.")
        archive.writestr("__MACOSX/x", "junk")
    results = ingest(tmp_path / "all.zip")
    assert {name: result.status for name, result in results.items()} == {
        "all.zip!in/a.txt": "added",
        "all.zip!evil.txt": "added",
    }


def test_a_missing_path_fails_visibly(tmp_path: Path, ingest: Ingest) -> None:
    result = ingest(tmp_path / "nowhere.txt")["nowhere.txt"]
    assert result.status == "failed"
    assert "does not exist" in (result.error or "")


def test_many_documents_in_few_commits(tmp_path: Path, ingest: Ingest, workspace: Workspace) -> None:
    documents = tmp_path / "many"
    documents.mkdir()
    for number in range(300):
        (documents / f"{number}.txt").write_text(f"Document {number} says {number * 7}.")
    progress = Progress()
    results = ingest(documents, progress=progress)
    assert len(results) == 300
    assert workspace.table("default").count() == 300
    # Empty table, index creation, key and upkeep beside a handful of commits of documents.
    assert workspace.table("default").version < 25
    assert progress.done() == 300
    assert progress.chunks_done == 300
    assert {file.stage for file in progress.files.values()} == {"done"}


def test_cancelling_keeps_whole_documents(tmp_path: Path, workspace: Workspace) -> None:
    cancelled = threading.Event()

    def sources() -> list[Source]:
        def read(number: int) -> bytes:
            if number == 5:
                cancelled.set()
            return f"Text number {number}.".encode()

        return [Source(f"{number}.txt", 10, lambda number=number: read(number)) for number in range(50)]  # type: ignore[misc]

    results = list(pipeline_of(workspace).run(sources(), cancelled=cancelled))
    assert len(results) < 50
    assert {result.status for result in results} <= {"added"}
    assert workspace.table("default").count() == len(results)
    assert len(workspace.catalog.documents("default")) == len(results)


def test_what_is_read_ahead_is_left_out_when_cancelled(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled, all_read = threading.Event(), threading.Event()
    whole = HashEmbedder.embed_with_tokens

    def embed_with_tokens(self: HashEmbedder, texts: list[str], *, query: bool = False) -> object:
        assert all_read.wait(timeout=60)
        cancelled.set()
        return whole(self, texts, query=query)

    def read(number: int) -> bytes:
        if number == 99:
            all_read.set()
        return f"Text number {number}.".encode()

    monkeypatch.setattr(HashEmbedder, "embed_with_tokens", embed_with_tokens)
    monkeypatch.setattr("ingest.pipeline.POOL_CHUNKS", 1)
    sources = [Source(f"{number}.txt", 10, lambda number=number: read(number)) for number in range(100)]  # type: ignore[misc]
    results = list(pipeline_of(workspace).run(sources, cancelled=cancelled))
    assert 0 < len(results) <= 3
    assert workspace.table("default").count() == len(results)


def test_while_a_small_pool_is_embedded_the_next_is_read_and_begun(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, first_begun = threading.Barrier(2), threading.Event()
    whole = HashEmbedder.embed_with_tokens

    def embed_with_tokens(self: HashEmbedder, texts: list[str], *, query: bool = False) -> object:
        first_begun.set()
        # Neither ends before the other has begun.
        both.wait(timeout=60)
        return whole(self, texts, query=query)

    def read_later() -> bytes:
        assert first_begun.wait(60)
        return b"Text number one.\n\n# Two\n\nText number two."

    monkeypatch.setattr(HashEmbedder, "embed_with_tokens", embed_with_tokens)
    monkeypatch.setattr("ingest.pipeline.POOL_CHUNKS", 2)
    sources = [Source("first.txt", 10, lambda: b"Text."), Source("second.md", 40, read_later)]
    results = list(pipeline_of(workspace).run(sources))
    assert [(result.file, result.chunks) for result in results] == [("first.txt", 1), ("second.md", 2)]


def test_an_embedder_that_breaks_midway_is_not_swallowed(
    folder: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pipeline_of(workspace)

    class Broken(type(pipeline.embedder)):  # type: ignore[misc]
        def embed_with_tokens(self, texts: object, *, query: bool = False) -> object:
            raise MemoryError("no room")

    pipeline.embedder = Broken()
    sources = list(path_sources([folder], workspace.settings.ingest))
    with pytest.raises(EmbeddingFailed, match=r"boiler\.md.*MemoryError: no room.*try again"):
        list(pipeline.run(sources))
    assert workspace.table("default").count() == 0
    assert {result.status for result in pipeline_of(workspace).run(sources)} == {"added"}


def test_language_is_noted(tmp_path: Path, real_settings: Settings) -> None:
    workspace = open_workspace(real_settings)
    german = (
        "Die Sicherheitsventile werden einmal im Jahr von einem Fachbetrieb geprüft und danach versiegelt. "
    )
    (tmp_path / "ventil.txt").write_text(german * 3)
    sources = list(path_sources([tmp_path / "ventil.txt"], real_settings.ingest))
    [result] = pipeline_of(workspace).run(sources)
    assert result.status == "added"
    assert any("German" in warning for warning in result.warnings)
    record = workspace.catalog.get("default", "ventil.txt")
    assert record is not None
    assert record.language == "de"
