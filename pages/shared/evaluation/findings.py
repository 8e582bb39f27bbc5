"""What came out of measuring: the verdict in a sentence, then the figures, a plot, the questions, exports.

Everything is computed in rag/verdict.py; texts of documents and questions are shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.comparison.draft import Draft, is_in_force
from pages.shared.comparison.view import PLACE
from pages.shared.evaluation.exports import draw_exports
from pages.shared.evaluation.tradeoff import draw_tradeoff
from pages.shared.figures import duration_text, ordinal
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.scope.words import in_words
from rag.advice import advice
from rag.compare import Variant, completed
from rag.evaluation_runs import Evaluation
from rag.judged_places import lost_text
from rag.prices import price_in_words, price_of
from rag.question_sets import ORIGINS
from rag.reachable import left_out_text
from rag.settings import with_overrides
from rag.verdict import Figures, differences_first, figures_of, lead_of, verdict

#: Figures by their usual names, what they say in plain words, and how they are read.
MEASURES = {
    "hit@1": "The right passage comes first",
    "hit@5": "It is among the first five",
    "mrr@10": "How high it stands: 100% is always first, 50% second on average",
    "ndcg@10": "How good the whole order is, of ten at most, the first places counting most",
    "recall@10": "Of all right passages, found among those it keeps, ten at most",
    "precision@5": "Of the first five passages, right ones",
}


def draw_findings(draft: Draft, found: Evaluation) -> None:
    """All of it, for the questions asked so far."""
    names = [f"{place}. {name}" for place, (name, _) in enumerate(found.variants, start=1)]
    rows = [[line[place] for line in found.lines] for place in range(len(names))]
    figures = figures_of(names, rows)
    _draw_verdict(draft, found, figures, rows)
    _draw_main_figures(figures)
    _draw_reasons()
    draw_tradeoff(figures)
    _draw_questions(draft, found, rows)
    _draw_all_figures(figures)
    draw_exports(found, names, rows, figures)


def _draw_verdict(
    draft: Draft, found: Evaluation, figures: Sequence[Figures], rows: Sequence[Sequence[dict[str, Any]]]
) -> None:
    quoted = [replace(own, name=f"“{name}”") for own, (name, _) in zip(figures, found.variants, strict=True)]
    st.subheader(markdown_plain(verdict(quoted, rows)), anchor=False)
    if found.scope:
        left_out = left_out_text(found.left_out, found.left_out + len(found.questions))
        st.caption(markdown_plain(f"Asked of {in_words(found.scope)} only. {left_out}".strip()))
    if found.lost:
        st.caption(markdown_plain(lost_text(found.lost)))
    settings = session.settings()
    uses = [
        place
        for place, (_, changes) in enumerate(found.variants)
        if is_in_force(changes, settings) and found.ranks_as_then(place, settings)
    ]
    lead = lead_of(figures, rows)
    is_advised = lead is not None and (lead.certain or any(place in lead.behind for place in uses))
    st.markdown(markdown_plain(advice(quoted, lead, uses[0] if uses else None)))
    asked = found.questions[: len(found.lines)]
    easy = sum(question.origin == "headings" for question in asked)
    if easy:
        st.caption(
            f"{'All' if easy == len(asked) else easy} of these {len(asked)} questions were "
            f"{ORIGINS['headings']}: they share words with their passages, which favours searching by words. "
            "Questions that people really ask tell more."
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for place, (name, changes) in enumerate(found.variants):
            if place in uses:
                st.badge(f"In use: {name}", icon=":material/check:", color="green")
                continue
            st.button(
                markdown_plain(f"Use in chat: {name}"),
                key=f"evaluation-use-{place}",
                type="primary" if is_advised and lead and place == lead.best else "secondary",
                icon=":material/check:",
                on_click=_want,
                args=(draft, name, changes),
            )


def _draw_reasons() -> None:
    with st.expander("How this was found out", icon=":material/help:"):
        st.markdown(
            "Every question was put to every setting, just as the chat would, over the documents that are "
            "here now. Where its answer stands was known before: somebody marked it, your file named it, or "
            "the question was made from it. A setting gets the point when the passage that it puts first "
            "holds that place.\n\n"
            "*Hardly chance* means: were the settings equally good, luck would give such a lead in fewer "
            "than 1 of 20 trials. You need not take it on trust: choose a question in the list below, and "
            "see side by side what each setting found."
        )


def _want(draft: Draft, name: str, changes: dict[str, Any]) -> None:
    draft.wanted = Variant(name, with_overrides(session.settings(), changes), changes)


def _draw_main_figures(figures: Sequence[Figures]) -> None:
    settings = session.settings()
    prices = [price_of(settings, session.chosen_answerer(), round(own.tokens)) for own in figures]
    priced = [
        f" ({price_in_words(price, settings.answer.currency)})" if price is not None else ""
        for price in prices
    ]
    st.table(
        {
            "Setting": [markdown_plain(own.name) for own in figures],
            "Right passage first": [f"**{own.first}** of {own.questions}" for own in figures],
            "Among the first five": [f"{own.among_five} of {own.questions}" for own in figures],
            "Time a question": [duration_text(own.p50_ms) for own in figures],
            "Tokens to a model": [
                markdown_plain(f"{own.tokens:,.0f}{price}")
                for own, price in zip(figures, priced, strict=True)
            ],
        },
        border="horizontal",
        hide_index=True,
    )


def _draw_questions(draft: Draft, found: Evaluation, rows: Sequence[Sequence[dict[str, Any]]]) -> None:
    order = differences_first(rows)
    st.markdown(
        "**Each question**, those first over which the settings differ most, with the place of its right "
        "passage under each setting. Choose one to see what was found:"
    )
    table: dict[str, list[str]] = {}
    for number, own in enumerate(rows, start=1):
        ranks = [own[place]["rank"] for place in order]
        table[f"{number}."] = [ordinal(rank) if rank else "not found" for rank in ranks]
    table["Question"] = [found.questions[place].text for place in order]
    chosen: Any = st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(order), 400),
        key=f"evaluation-questions-{found.id}",
        on_select="rerun",
        selection_mode="single-row",
    )
    for row in chosen.selection.rows:
        question = found.questions[order[row]].text
        st.button(
            markdown_plain(f"Compare what was found for “{shortened(question, 60)}”"),
            key="evaluation-look",
            icon=":material/compare_arrows:",
            on_click=_look_at,
            args=(draft, question, found),
        )


def _look_at(draft: Draft, question: str, found: Evaluation) -> None:
    """Have a question compared as it was measured: under the same settings, asked of the same."""
    session.choose_scope(PLACE, found.scope)
    settings = session.settings()
    draft.look_at(question, [completed(changes, settings) for _, changes in found.variants])


def _draw_all_figures(figures: Sequence[Figures]) -> None:
    with st.expander("All figures, and how sure they are", icon=":material/query_stats:"):
        st.markdown(
            "In brackets is where the figure would lie, 19 times out of 20, with other questions of the same "
            "kind (bootstrap). *By chance* is how often luck alone would make such a difference from "
            "setting 1 (paired permutation test): below 5% it counts as real. A setting "
            "that keeps fewer passages than a figure speaks of is measured by those that it keeps."
        )
        table: dict[str, list[str]] = {"": [*(f"{says} ({name})" for name, says in MEASURES.items())]}
        for place, own in enumerate(figures):
            table[markdown_plain(own.name)] = [_figure(own, name, compared=place > 0) for name in MEASURES]
        table[""] += ["Time of a question, typical (p50)", "Time of a slow one, 1 in 20 (p95)"]
        for own in figures:
            table[markdown_plain(own.name)] += [duration_text(own.p50_ms), duration_text(own.p95_ms)]
        st.table(table, border="horizontal", hide_index=True)


def _figure(own: Figures, name: str, *, compared: bool) -> str:
    low, high = own.intervals[name]
    said = f"{own.means[name]:.0%} [{low:.0%} to {high:.0%}]".replace("[", "(").replace("]", ")")
    is_other = compared and own.chance[name] < 1
    return f"{said}, by chance {own.chance[name]:.0%}" if is_other else said
