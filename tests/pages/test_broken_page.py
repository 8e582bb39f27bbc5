"""A page that cannot be drawn: the panel and the viewer say so and show its text instead."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from rag.catalog import DocumentRecord
from rag.settings import load_settings
from rag.types import PageSpan, ParsedDocument
from rag.workspace import Workspace, open_workspace

TEXT = "The first page.\n\nThe second page <b>in words</b> says enough."
START = TEXT.index("The second")


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    return open_workspace(load_settings())


@pytest.fixture
def document_id(workspace: Workspace) -> str:
    """A PDF whose second page is gone from its file."""
    from documents import pdf_with_text

    digest = workspace.blobs.put_bytes(pdf_with_text(["The first page."]))
    pages = (PageSpan(1, 0, START - 2), PageSpan(2, START, len(TEXT)))
    workspace.blobs.put_parsed(digest, ParsedDocument(TEXT, "a", "application/pdf", pages=pages))
    workspace.catalog.put(DocumentRecord("default", "a.pdf", digest, mime_type="application/pdf", pages=2))
    return digest


def panel(document_id: str, text: str, start: int) -> None:
    from pages.shared import session
    from pages.shared.opened import Opened
    from pages.shared.passage_panel import draw_passage_panel
    from rag.types import Citation

    passage = Citation(1, "a.pdf", document_id, "c1", 2, start, len(text), text[start:])
    session.show_opened("chat", Opened("default", (passage,), 0))
    draw_passage_panel("chat")


def viewer(document_id: str, text: str, start: int) -> None:
    from pages.shared import session
    from pages.shared.library import document_viewer
    from rag.types import Chunk

    workspace = session.workspace()
    record = workspace.catalog.get("default", "a.pdf")
    parsed = workspace.blobs.get_parsed(document_id)
    assert record is not None
    assert parsed is not None
    chunk = Chunk("c1", document_id, "a.pdf", text[start:], "", "", "", 2, start, len(text))
    document_viewer._draw(record, parsed, [chunk])


@pytest.mark.parametrize("place", [panel, viewer])
def test_its_text_is_shown_instead(document_id: str, place: object) -> None:
    page = AppTest.from_function(place, args=(document_id, TEXT, START), default_timeout=60).run()
    assert not page.exception
    [warning] = page.warning
    assert "page 2 was asked for" in warning.value
    assert "This is its text" in warning.value
    shown = " ".join(str(element.proto) for element in page.get("html"))
    assert "second page" in shown
    assert "&lt;b&gt;" in shown
