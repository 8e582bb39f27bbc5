"""What a source is called beside its document: the page, the slide, the sheet with its cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from office_documents import mail_with, open_document, pptx_with, xlsx_with

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from pages.shared.chat.sources_view import source_label
from pages.shared.plain_text import markdown_plain
from rag.answer import Reply, ask
from rag.near_copies import cited_place
from rag.passage_places import cited_part
from rag.types import Citation
from rag.workspace import Workspace

LONG = {"B3": "Article", "C3": "Description", "D3": "Flow", "E3": "Price EUR"} | {
    f"{column}{row}": value
    for row in range(4, 204)
    for column, value in zip("BCDE", (f"KP-{row + 1000}", f"Pump of size {row}", row, row * 3), strict=True)
}
SLIDES = [("Mill", "The mill opened in 1931.", ""), ("Weir", "The weir of the mill is 12 m wide.", "")]
SHEET = (
    '<table:table table:name="Rent"><table:table-row><table:table-cell><text:p>The rent of the barn is 900 '
    "crowns.</text:p></table:table-cell></table:table-row></table:table>"
)


def asked(workspace: Workspace, name: str, data: bytes, question: str) -> Reply:
    for result in Pipeline("default", workspace).run(bytes_source(name, data, workspace.settings.ingest)):
        assert result.status == "added", result.error
    reply = ask(question, table=workspace.table("default"), settings=workspace.settings)
    for _ in reply:
        pass
    assert reply.citations, reply.text
    return reply


@pytest.mark.parametrize(
    ("name", "data", "question", "part"),
    [
        (
            "stock.xlsx",
            xlsx_with({"About": {"A1": "The stock of the mill"}, "Pumps & more": LONG}),
            "price of KP-1150",
            "sheet Pumps & more, B150:E150",
        ),
        (
            "stock.xlsx",
            xlsx_with({"About": {"A1": "The stock of the mill"}, "A > B": {"A1": "The weir is 12 m wide."}}),
            "How wide is the weir?",
            "sheet A > B",
        ),
        ("rent.ods", open_document("spreadsheet", SHEET), "What is the rent of the barn?", "sheet Rent"),
        ("mill.pptx", pptx_with(SLIDES), "How wide is the weir of the mill?", "slide 2"),
        (
            "mill.eml",
            mail_with("The weir of the mill is 12 m wide."),
            "How wide is the weir of the mill?",
            "",
        ),
    ],
    ids=["long sheet", "short sheet", "OpenDocument", "slides", "mail"],
)
def test_a_source_is_called_by_the_part_of_its_document(
    workspace: Workspace, name: str, data: bytes, question: str, part: str
) -> None:
    citation = asked(workspace, name, data, question).citations[0]
    assert citation.part == part
    assert Citation.from_dict(citation.as_dict()) == citation
    assert cited_place(citation) == ", ".join(filter(None, (name, part)))
    assert markdown_plain(part) in source_label(citation)
    assert "p. " not in source_label(citation)


@pytest.mark.parametrize(
    ("name", "page", "part"),
    [("a.pdf", 3, "page 3"), ("a.xlsx", 3, "sheet 3"), ("a.pptx", 3, "slide 3"), ("a.txt", None, "")],
)
def test_citations_kept_by_earlier_versions_say_their_number(name: str, page: int | None, part: str) -> None:
    stored = Citation(1, name, "d", "c", page, 0, 2, "ab").as_dict()
    del stored["part"]
    kept = Citation.from_dict(stored)
    assert cited_part(kept) == part
    assert ("p. 3" in source_label(kept)) == (name == "a.pdf")
    assert cited_part(replace(kept, part="slide 1")) == "slide 1"
