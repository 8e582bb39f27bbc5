"""Foot- and endnotes of Word documents stand where the text refers to them."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from ingest.loaders import load

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def refer(paragraph: Any, kind: str, number: int) -> None:
    run = f'<w:r {NAMESPACE}><w:{kind}Reference w:id="{number}"/></w:r>'
    paragraph._p.append(parse_xml(run))


def with_notes(document: Any, kind: str, texts: list[str]) -> bytes:
    """The document with notes 1, 2, ... of a kind, after the line that parts them from the page."""
    line = f'<w:{kind} w:type="separator" w:id="0"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:{kind}>'
    notes = "".join(
        f'<w:{kind} w:id="{number}"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{kind}>'
        for number, text in enumerate(texts, start=1)
    )
    blob = f"<w:{kind}s {NAMESPACE}>{line}{notes}</w:{kind}s>".encode()
    content_type = getattr(CONTENT_TYPE, f"WML_{kind.upper()}S")
    part = Part(PackURI(f"/word/{kind}s.xml"), content_type, blob, document.part.package)
    document.part.relate_to(part, getattr(RELATIONSHIP_TYPE, f"{kind.upper()}S"))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["footnote", "endnote"])
def test_notes_stand_where_the_text_refers_to_them(kind: str) -> None:
    document = docx.Document()
    heading = document.add_heading("Terms", 1)
    refer(heading, kind, 1)
    paragraph = document.add_paragraph("The rent is due monthly")
    refer(paragraph, kind, 2)
    paragraph.add_run(".")
    cell = document.add_table(1, 2).cell(0, 0).paragraphs[0]
    cell.add_run("Deposit")
    refer(cell, kind, 3)
    refer(document.add_paragraph("No such note"), kind, 9)
    read = load(with_notes(document, kind, ["Of 2024.", "On the first.", "Three rents."]), "lease.docx")
    assert read.text == (
        "Terms\n\n[Of 2024.]\n\nThe rent is due monthly [On the first.].\n\n"
        "Deposit [Three rents.]\n\nNo such note"
    )
    assert [own.text for own in read.headings] == ["Terms"]


def test_broken_notes_cost_no_more_than_themselves() -> None:
    document = docx.Document()
    refer(document.add_paragraph("The rent is due monthly."), "footnote", 1)
    read = load(with_notes(document, "footnote", ["<broken"]), "lease.docx")
    assert read.text == "The rent is due monthly."
    assert read.warnings == ("The footnotes of lease.docx are damaged and were left out.",)
