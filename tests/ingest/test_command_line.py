"""python -m ingest, as other programs call it: a JSON object a file on standard output, and exit statuses."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from documents import encrypted_pdf, pdf_with_text

from ingest.__main__ import main
from rag.settings import Settings
from rag.workspace import Workspace, open_workspace

KEYS = {"file", "status", "document_id", "pages", "chunks", "seconds", "error"}


@pytest.fixture(autouse=True)
def _hash_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")


class Command:
    """Runs the command in this process and keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.errors = ""

    def text(self, *arguments: str | Path, code: int = 0) -> str:
        try:
            found = main([str(argument) for argument in arguments])
        except SystemExit as leaving:
            found = int(leaving.code or 0)
        output = self._capsys.readouterr()
        self.errors = output.err
        assert found == code, output
        return output.out

    def rows(self, *arguments: str | Path, code: int = 0) -> dict[str, dict[str, Any]]:
        rows = [json.loads(line) for line in self.text(*arguments, "--json", code=code).splitlines()]
        for row in rows:
            assert set(row) >= KEYS
            assert (row["error"] is None) == (row["status"] in ("added", "updated", "unchanged"))
        return {row["file"]: row for row in rows}


@pytest.fixture
def ingest(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "sub").mkdir(parents=True)
    (folder / "boiler.md").write_text(
        "# Boiler\n\n## Valves\n\nOpens at 9.4 bar.\n\n## Pumps\n\nDraws 3 kW.\n"
    )
    (folder / "sub" / "leave.txt").write_text("Parental leave lasts 26 weeks.")
    (folder / "two.pdf").write_bytes(pdf_with_text(["The first page.", "The second page."]))
    return folder


def test_statuses_and_counts(ingest: Command, documents: Path) -> None:
    (documents / "empty.txt").write_text("")
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7\nnot a pdf at all")
    first = ingest.rows(documents, code=1)
    assert {name: (row["status"], row["pages"], row["chunks"]) for name, row in first.items()} == {
        "boiler.md": ("added", 1, 2),
        "broken.pdf": ("failed", 0, 0),
        "empty.txt": ("empty", 0, 0),
        "sub/leave.txt": ("added", 1, 1),
        "two.pdf": ("added", 2, 2),
    }
    assert len(first["boiler.md"]["document_id"]) == 64
    again = ingest.rows(documents / "boiler.md", documents / "sub")
    assert {name: row["status"] for name, row in again.items()} == {
        "boiler.md": "unchanged",
        "leave.txt": "added",
    }
    assert again["boiler.md"]["chunks"] == 2
    (documents / "boiler.md").write_text("# Boiler\n\nOpens at 8.8 bar.\n")
    assert ingest.rows(documents / "boiler.md")["boiler.md"]["status"] == "updated"
    assert ingest.rows(documents / "boiler.md", "--force")["boiler.md"]["status"] == "updated"


def test_archives(ingest: Command, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("in/member.txt", "A member.")
        archive.writestr("broken.pdf", b"%PDF-1.7\nno")
    assert {name: row["status"] for name, row in ingest.rows(tmp_path / "archive.zip", code=1).items()} == {
        "archive.zip!in/member.txt": "added",
        "archive.zip!broken.pdf": "failed",
    }


def test_collections_are_apart(ingest: Command, documents: Path, settings: Settings) -> None:
    assert ingest.rows(documents)["boiler.md"]["status"] == "added"
    assert ingest.rows(documents, "--collection", "Team_2.x")["boiler.md"]["status"] == "added"
    assert open_workspace(settings).store.collections() == ["Team_2.x", "default"]
    assert ingest.text(documents, "--collection", "../up", "--json", code=1) == ""
    assert "cannot name a collection" in ingest.errors


def test_passwords(ingest: Command, tmp_path: Path) -> None:
    (tmp_path / "vault.pdf").write_bytes(encrypted_pdf("Opens at nine.", "sesame"))
    assert "password" in ingest.rows(tmp_path / "vault.pdf", code=1)["vault.pdf"]["error"]
    assert ingest.rows(tmp_path / "vault.pdf", "--password", "sesame")["vault.pdf"]["status"] == "added"


def test_a_missing_path_does_not_stop_the_others(ingest: Command, documents: Path) -> None:
    rows = ingest.rows(documents / "nowhere.txt", documents / "boiler.md", code=1)
    assert {name: row["status"] for name, row in rows.items()} == {
        "nowhere.txt": "failed",
        "boiler.md": "added",
    }


def test_an_empty_folder_is_not_passed_over_in_silence(ingest: Command, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert ingest.text(tmp_path / "nothing", "--json") == ""
    assert "no files" in ingest.errors


def test_names_that_are_not_unicode(ingest: Command, tmp_path: Path, workspace: Workspace) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")
    try:
        Path(odd).write_text("The café opens at nine.")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert ingest.rows(odd)["caf?.txt"]["status"] == "added"
    Path(odd).unlink()
    assert ingest.rows(odd, code=1)["caf?.txt"]["status"] == "failed"
    # The earlier version is kept, and why there is no newer one.
    record = workspace.catalog.get("default", "caf?.txt")
    assert record is not None
    assert (record.status, "does not exist" in record.error) == ("ready", True)


def test_lines_for_people(ingest: Command, documents: Path) -> None:
    lines = ingest.text(documents).splitlines()
    assert lines[0].split() == ["added", "boiler.md", "1", "pages,", "2", "passages"]
    assert len(lines) == 3


@pytest.mark.parametrize("arguments", [[], ["--json"], ["x", "--no-such-option"], ["x", "--collection"]])
def test_wrong_usage(ingest: Command, arguments: list[str]) -> None:
    assert ingest.text(*arguments, code=2) == ""
    assert "usage" in ingest.errors


def test_broken_settings_are_an_error(
    ingest: Command, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_CHUNKING_MAX_TOKENS", "2")
    assert ingest.text(documents, "--json", code=1) == ""
    assert "chunking.max_tokens" in ingest.errors
