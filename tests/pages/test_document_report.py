"""The report on a document: each part of it is on the library page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from corpus import fill
from documents import pdf_with_text
from streamlit.testing.v1 import AppTest

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.catalog import DocumentRecord
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
SCAN = "0 0 1 rg 72 72 100 100 re f"
WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """Without programs, so without tesseract."""
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("PATH", str(tmp_path))
    # Other settings mean another reader, which is started now and so looks for programs there.
    monkeypatch.setenv("ASKANCE_INGEST_PARSE_SECONDS", "299")
    return open_workspace(load_settings())


def take_in(workspace: Workspace, name: str, data: bytes) -> None:
    sources = bytes_source(name, data, workspace.settings.ingest)
    assert [result.error for result in Pipeline("default", workspace).run(sources)]


def put(workspace: Workspace, **known: Any) -> None:
    workspace.catalog.put(DocumentRecord("default", "a.pdf", "a" * 64, **known))


def chosen(name: str = "a.pdf") -> AppTest:
    """The library page once this document is chosen."""
    page = AppTest.from_file(MAIN, default_timeout=30).run().switch_page("library.py").run()
    row = list(page.dataframe[0].value["Name"]).index(name)
    selection = {"rows": [row], "columns": [], "cells": []}
    page.session_state[page.dataframe[0].key] = {"selection": selection}
    page.run()
    assert not page.exception
    return page


def said(name: str = "a.pdf") -> str:
    page = chosen(name)
    words = "\n".join(element.value for element in [*page.error, *page.warning])
    return words.replace("\\", "").replace("\u2060", "")


def figures(name: str = "a.pdf") -> dict[str, str]:
    """The facts listed, by name."""
    bodies = "".join(element.proto.body for element in chosen(name).get("html"))
    return dict(re.findall(r"<dt[^>]*>(.*?)</dt><dd[^>]*>(.*?)</dd>", bodies))


def test_scans_are_named_and_what_to_do(workspace: Workspace) -> None:
    take_in(workspace, "a.pdf", pdf_with_text(["Some words", *[""] * 3], background=SCAN))
    assert "3 of 4 pages are scans; install tesseract-ocr to read them. They are pages 2 to 4." in said()
    shown = figures()
    assert (shown["Scanned pages"], shown["Empty pages"]) == ("pages 2 to 4", "none")


def test_a_file_of_scans_alone_says_so(workspace: Workspace) -> None:
    take_in(workspace, "a.pdf", pdf_with_text([""] * 2, background=SCAN))
    assert "2 of 2 pages are scans; install tesseract-ocr to read them." in said()


def test_scans_on_which_nothing_was_found_are_named(workspace: Workspace) -> None:
    put(workspace, pages=5, report={"scanned": [2, 3]})
    assert "2 of 5 pages were scanned and could not be read: pages 2 and 3." in said()


@pytest.mark.parametrize(
    ("known", "name", "value"),
    [
        ({"pages": 14}, "Pages", "14"),
        ({"pages": 14, "report": {"empty": [3, 4, 5]}}, "Empty pages", "pages 3 to 5"),
        ({"pages": 14, "report": {"scanned": [9]}}, "Scanned pages", "page 9"),
        ({"pages": 14, "report": {"garbled": [2]}}, "Garbled text", "page 2"),
        ({"report": {"garbled": [0]}}, "Garbled text", "all of it"),
        ({"chunks": 1200}, "Passages", "1,200"),
        ({"tokens": 3456}, "Tokens", "3,456"),
        ({"language": "de"}, "Language", "German"),
        ({"mime_type": "application/pdf"}, "Type", "PDF"),
        ({"bytes": 2_000_000}, "Size", "2.0 MB"),
    ],
)
def test_figures(workspace: Workspace, known: dict[str, Any], name: str, value: str) -> None:
    put(workspace, **known)
    assert figures()[name] == value


def test_garbled_pages_are_warned_about(workspace: Workspace) -> None:
    put(workspace, pages=9, report={"garbled": [2, 3, 4, 9]})
    assert "The text of pages 2 to 4 and 9 looks garbled; answers from there cannot be trusted." in said()


def test_warnings_are_shown(workspace: Workspace) -> None:
    put(workspace, warnings=("1 of 3 pages of a.pdf are damaged and were left out: 2.",))
    assert "1 of 3 pages of a.pdf are damaged" in said()


def test_near_duplicates_are_named(workspace: Workspace) -> None:
    fill(workspace, {"first.txt": WORDS, "second.txt": f"{WORDS} more"})
    assert "Nearly the same text as second.txt" in said("first.txt")
