"""Jupyter notebooks: what is written, run and printed, and nothing of the pictures' data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.loaders import load


def notebook(*cells: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(
        {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more
    ).encode()


def text_cell(*lines: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": list(lines)}


def code_cell(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
    }


def test_text_code_and_what_was_printed_are_kept_in_order() -> None:
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "iVBOR" * 900, "text/plain": ["<Figure>"]},
    }
    document = load(
        notebook(
            text_cell("# Tides\n", "They were measured daily.\n", "## Results\n", "See below."),
            code_cell("print(height)", {"output_type": "stream", "name": "stdout", "text": ["4.2 metres\n"]}),
            code_cell("plot()", picture),
            code_cell(
                "1/0",
                {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "\x1b[31mby zero\x1b[0m"},
            ),
        ),
        "tides.ipynb",
    )
    assert document.title == "Tides"
    assert [(heading.level, heading.text) for heading in document.headings] == [(1, "Tides"), (2, "Results")]
    expected = (
        "Tides\n\nThey were measured daily.\n\nResults\n\nSee below.\n\nprint(height)\n\n4.2 metres\n\n"
        "plot()\n\n<Figure>\n\n1/0\n\nZeroDivisionError: by zero"
    )
    assert document.text == expected
    assert all(document.text[own.start :].startswith(own.text) for own in document.headings)


def test_an_old_notebook_of_worksheets_is_read() -> None:
    sheets = {
        "nbformat": 3,
        "worksheets": [{"cells": [text_cell("Old."), {"cell_type": "code", "input": ["x = 1"]}]}],
    }
    assert load(json.dumps(sheets).encode(), "old.ipynb").text == "Old.\n\nx = 1"


@pytest.mark.parametrize("data", [b'{"fee": 12}', b"[1, 2]", b'{"cells": [', b"no JSON at all"])
def test_what_is_no_notebook_is_read_as_what_it_is(data: bytes) -> None:
    assert load(data, "odd.ipynb").text.strip()


def test_odd_cells_cost_themselves_alone() -> None:
    odd = notebook(
        {"cell_type": "markdown"}, "no cell", {"cell_type": "code", "outputs": "none"}, text_cell("Kept.")
    )  # type: ignore[arg-type]
    assert load(odd, "odd.ipynb").text == "Kept."
