"""Cells of CSV files that spreadsheet programs open: none is taken for a formula. It writes no file."""

from __future__ import annotations

#: A cell that begins so would be run.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The text; with an apostrophe before it where a spreadsheet program would run it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
