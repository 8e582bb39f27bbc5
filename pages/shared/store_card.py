"""The status page's card on how tidy the tables are, with a button that tidies them.

Only the button changes anything. What it does and when it is due is decided in rag/maintenance.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from pages.shared.figures import counted, date_text, size_text
from pages.shared.plain_text import markdown_plain
from rag.errors import AskanceError
from rag.maintenance import Maintenance, StoreReport, UpkeepRun
from rag.vector_index import VectorIndexState

_HELP = {
    "Fragments": "Pieces that a search reads one after the other; tidying joins them.",
    "Versions": "Earlier states still on the disk; those older than an hour go when the tables are tidied.",
    "Not indexed": "Passages that a search finds, but more slowly; tidying puts them into the indexes.",
    "Search by meaning": "A small collection is looked through whole, which misses nothing. A large one "
    "gets an index when it is tidied; the share is of the true nearest that it finds.",
    "Next tidying": "While Askance runs; empty when there is nothing to do.",
}


def draw_store(maintenance: Maintenance) -> None:
    """How tidy the tables are, when they were tidied and will be, what went wrong, and the button."""
    st.markdown("#### Store")
    now = datetime.now(UTC)
    reports = maintenance.reports(now)
    if not reports:
        st.caption("Nothing is stored yet.")
        return
    st.caption(
        "Askance tidies its tables by itself once that pays, at least daily while it runs. "
        "Searching goes on meanwhile."
    )
    if st.button("Tidy up now", icon=":material/cleaning_services:"):
        _tidy(maintenance)
        reports = maintenance.reports(now)
    _draw_table(reports, now)
    for report in reports:
        if report.record.failure:
            when = f" ({date_text(report.record.failed_at)})" if report.record.failed_at else ""
            st.warning(markdown_plain(f"{report.record.failure}{when}"), icon=":material/warning:")


def _tidy(maintenance: Maintenance) -> None:
    try:
        with st.spinner("Tidying…"):
            runs = maintenance.run()
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    if all(not run.failure for run in runs):
        st.success(f"Tidied {counted(len(runs), 'collection')}. {_gain(runs)}", icon=":material/check:")


def _gain(runs: Sequence[UpkeepRun]) -> str:
    before, after = (
        sum(run.before.fragments for run in runs),
        sum(run.after.fragments for run in runs),
    )
    freed = sum(run.before.size - run.after.size for run in runs)
    joined = f"{counted(before, 'fragment')} became {after:,}. " if after < before else ""
    return joined + (f"{size_text(freed)} freed." if freed > 0 else "")


def _draw_table(reports: Sequence[StoreReport], now: datetime) -> None:
    st.dataframe(
        [
            {
                "Collection": report.collection,
                "Fragments": report.health.fragments if report.health else None,
                "Versions": report.health.versions if report.health else None,
                "Not indexed": report.health.unindexed_rows if report.health else None,
                "Search by meaning": _vectors_text(report.record.vectors),
                "Size": size_text(report.health.size) if report.health else "",
                "Last tidied": date_text(report.record.last_run) if report.record.last_run else "never",
                "Next tidying": _when(report.next_run, now),
            }
            for report in reports
        ],
        hide_index=True,
        width="stretch",
        column_config={
            name: st.column_config.NumberColumn(help=text)
            if name not in ("Next tidying", "Search by meaning")
            else st.column_config.TextColumn(help=text)
            for name, text in _HELP.items()
        },
    )


def _vectors_text(state: VectorIndexState) -> str:
    if state.indexed:
        return f"index, finds {state.recall:.1%}"
    return f"looks at all, {state.scan_ms:.0f} ms" if state.scan_ms else "looks at all"


def _when(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return "within a minute" if moment <= now else date_text(moment)
