"""How good against how slow: one point a setting, with the interval that it may lie in."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared.comparison.view import COLOURS
from rag.verdict import Figures


def draw_tradeoff(figures: Sequence[Figures]) -> None:
    """A plot of how often the right passage comes first against the typical time; none for one setting."""
    if len(figures) < 2:
        return
    import altair as alt

    data = alt.InlineData(
        values=[
            {
                "setting": own.name,
                "number": own.name.partition(".")[0],
                "time": own.p50_ms,
                "share": own.means["hit@1"],
                "low": own.intervals["hit@1"][0],
                "high": own.intervals["hit@1"][1],
            }
            for own in figures
        ]
    )
    time = alt.X(
        "time:Q",
        title="Time a question (milliseconds)",
        axis=alt.Axis(tickCount=8),
        scale=alt.Scale(domain=[0, max(own.p50_ms for own in figures) * 1.1], nice=True),
    )
    # The numbers are those of the table above; the colours only tell neighbours apart.
    scale = alt.Scale(range=list(COLOURS[: len(figures)]))
    colour = alt.Color("setting:N", legend=None, scale=scale)
    share = alt.Y(
        "share:Q",
        title="Right passage first",
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart(data)
    tooltip = [
        alt.Tooltip("setting:N", title="Setting"),
        alt.Tooltip("share:Q", title="First", format=".0%"),
        alt.Tooltip("time:Q", title="Milliseconds", format=".1f"),
    ]
    bars = base.mark_rule(strokeWidth=2, opacity=0.5).encode(
        x=time, y=alt.Y("low:Q"), y2="high:Q", color=colour
    )
    points = base.mark_circle(size=320, opacity=1).encode(x=time, y=share, color=colour, tooltip=tooltip)
    numbers = base.mark_text(fontWeight="bold", color="white").encode(x=time, y=share, text="number:N")
    st.markdown("**Good and quick** is at the top left. The lines show how sure each figure is.")
    st.altair_chart((bars + points + numbers).properties(height=300), key="evaluation-plot")
