"""Excel workbooks: where their cells are, and formulas with and without values."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from office_documents import xlsx_with, zipped

from ingest.loaders import load


def test_formulas_that_nobody_calculated_are_counted() -> None:
    book = load(
        xlsx_with({"S": {"A1": 2, "A2": "=A1+1", "A3": "=A1+2"}, "T": {"A1": "=S!A1", "B1": "x"}}), "a.xlsx"
    )
    [warning] = book.warnings
    assert warning.startswith("Nobody has calculated 3 formulas in a.xlsx"), warning
    assert "save it there and add it again" in warning


@pytest.mark.parametrize(("cell", "text"), [("<v>3</v>", "S\n\n2\n3"), ("<v></v>", "S\n\n2")])
def test_formulas_that_have_their_values_are_no_trouble(cell: str, text: str) -> None:
    made = xlsx_with({"S": {"A1": 2, "A2": "=A1+1"}})
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    # An empty text is a value, too; Excel gives its cell the type of texts.
    calculated = f'<c r="A2" t="{"str" if cell == "<v></v>" else "n"}"><f>A1+1</f>{cell}</c>'
    members[sheet], count = re.subn(rb'<c r="A2".*?</c>', calculated.encode(), members[sheet])
    assert count == 1
    book = load(zipped(members), "a.xlsx")
    assert book.text == text
    assert not book.warnings


def test_sheets_know_their_cells() -> None:
    book = load(xlsx_with({"S": {"B3": "a", "AB3": "b", "B4": 1, "AB4": 2}}), "a.xlsx")
    [table] = book.tables
    assert (table.columns, table.first_row) == ("B:AB", 3)
