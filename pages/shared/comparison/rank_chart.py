"""All ranks at a glance: one line a passage, from its place in one setting to its place in the next.

Letters and colours are those of the cards. What documents say is not in it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.comparison.view import letter, passage_colours
from rag.compare import Comparison

#: Pixels between two places.
STEP = 26
ALONE = "#8b8f8d"
#: Names on several lines, so that four of them fit on a telephone.
LABELS = "split(replace(replace(datum.label, ' + ', ' +|'), ', ', ',|'), '|')"


def draw_ranks(made: Comparison) -> None:
    """A folded chart; nothing when fewer than two settings have a ranking."""
    points = rank_points(made)
    settings = list(dict.fromkeys(point["setting"] for point in points))
    if len(settings) < 2:
        return
    import altair as alt

    deepest = max(point["rank"] for point in points)
    axis = alt.Axis(labelAngle=0, labelOverlap=False, labelExpr=LABELS, labelPadding=30, orient="top")
    x = alt.X("setting:N", sort=settings, title=None, axis=axis)
    y = alt.Y(
        "rank:Q",
        title=None,
        scale=alt.Scale(domain=[0.5, deepest + 0.5], reverse=True, nice=False),
        axis=alt.Axis(values=list(range(1, deepest + 1)), format="d", grid=False, ticks=False),
    )
    base = alt.Chart(alt.InlineData(values=points))
    shown: dict[str, Any] = {"x": x, "y": y, "color": alt.Color("colour:N", scale=None)}
    tooltip = [alt.Tooltip("passage:N", title="Passage"), alt.Tooltip("rank:Q", title="Place")]
    lines = base.mark_line(strokeWidth=2.5, opacity=0.7).encode(detail="passage:N", **shown)
    circles = base.mark_circle(size=300, opacity=1).encode(**shown, tooltip=tooltip)
    letters = base.mark_text(fontWeight="bold", fontSize=11, color="white").encode(x=x, y=y, text="passage:N")
    with st.expander("All ranks at a glance", key="rank-chart", icon=":material/stacked_line_chart:"):
        chart = (lines + circles + letters).properties(height=STEP * deepest + 75)
        st.altair_chart(chart, key="ranks")


def rank_points(made: Comparison) -> list[dict[str, Any]]:
    """A point for each passage that a setting keeps: setting, passage (its letter), rank, colour."""
    colours = passage_colours(made)
    return [
        {
            "setting": f"{place}. {run.variant.name}",
            "passage": letter(own.passage),
            "rank": own.rank,
            "colour": colours.get(own.passage, ALONE),
        }
        for place, run in enumerate(made.runs, start=1)
        for own in run.placements
    ]
