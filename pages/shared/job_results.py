"""What became of every file of a job: a list to look through, group by group, and to take along as CSV.

It tells and does nothing; trying again is the card's business.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import streamlit as st

from ingest.job_views import Job
from ingest.progress import FileProgress
from pages.shared import session
from pages.shared.figures import counted
from rag.csv_cells import harmless

LEFT_OUT = "Left out"
#: Groups in the order in which they are looked for, with the statuses that they are made of.
GROUPS = {
    "Failed": "failed",
    "No text": "empty",
    LEFT_OUT: "",
    "Added": "added",
    "Read again": "updated",
    "Already here": "unchanged",
}
EVERYTHING = "All"
_NAMES = {status: name for name, status in GROUPS.items()}
_COLUMNS = ("File", "Result", "Pages", "Passages", "Why, and what to do")
_TALLEST = 420

Row = tuple[str, str, int, int, str]


def draw_results(job: Job, *, opened: bool) -> None:
    """A closed or opened list of all files of an ended job."""
    if not st.toggle(f"Show what became of {_each(job.files)}", value=opened, key=f"results-{job.id}"):
        return
    rows = result_rows(session.jobs().files(job))
    counts = {name: sum(row[1] == name for row in rows) for name in GROUPS}
    labels = {EVERYTHING: f"All {len(rows):,}"}
    labels |= {name: f"{name} {count:,}" for name, count in counts.items() if count}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        group = st.segmented_control(
            "Group", list(labels), default=EVERYTHING, required=True, key=f"results-group-{job.id}",
            format_func=lambda name: labels[name], label_visibility="collapsed",
        )  # fmt: skip
        st.download_button(
            "Save as CSV",
            lambda: as_csv(rows),
            file_name="askance-files.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"results-csv-{job.id}",
            help="The list with all groups, for a spreadsheet",
        )
    shown = [row for row in rows if group in (EVERYTHING, row[1])]
    st.dataframe(
        {name: [row[place] for row in shown] for place, name in enumerate(_COLUMNS)},
        hide_index=True,
        key=f"results-list-{job.id}",
        height=min(36 * (len(shown) + 1) + 3, _TALLEST),
        row_height=36,
        column_config={
            "File": st.column_config.TextColumn(width="medium", pinned=True),
            "Result": st.column_config.TextColumn(width="small"),
            "Pages": st.column_config.NumberColumn(width="small", format="localized"),
            "Passages": st.column_config.NumberColumn(width="small", format="localized"),
            "Why, and what to do": st.column_config.TextColumn(width="large"),
        },
    )


def result_rows(files: Sequence[FileProgress]) -> list[Row]:
    """A row a file, what went wrong first, else by name."""
    order = list(GROUPS)
    return sorted((_row(file) for file in files), key=lambda row: (order.index(row[1]), row[0].casefold()))


def as_csv(rows: Sequence[Row]) -> bytes:
    """The rows for spreadsheet programs, none of which takes a file's name for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _row(file: FileProgress) -> Row:
    result = file.result
    if result is None:
        return file.file, LEFT_OUT, 0, 0, "The job was stopped before. Choose Go on to read it."
    why = result.error or " ".join(result.warnings)
    return file.file, _NAMES[result.status], result.pages, result.chunks, why


def _each(files: int) -> str:
    return "the file" if files == 1 else f"each of the {counted(files, 'file')}"
