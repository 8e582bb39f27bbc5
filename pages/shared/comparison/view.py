"""The columns of a comparison, the same passages connected across them, and what clicks on them do.

What documents say goes to the component as data, which sets it as text, never as markup. The times
are drawn beside them as a plain table.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.chat.found_view import RERANKERS, STAGES
from pages.shared.comparison.draft import Draft, is_in_force
from pages.shared.comparison.judging import grades, keep_grade
from pages.shared.figures import counted, duration_text, ordinal
from pages.shared.opened import Opened
from pages.shared.plain_text import markdown_plain
from rag.compare import Comparison, Passage, Placement, Run
from rag.near_copies import also_in
from rag.passage_places import cited_part, shortly
from rag.prices import price_in_words, price_of
from rag.settings import Settings

PLACE = "compare"
KEY = "comparison-columns"
#: White is readable on each, and each stands out from light and from dark grounds.
COLOURS = (
    "#2a72c4 #b8561a #2c8450 #a2429a #8a6a0a #c83f55 #0f7d8c #7657cf #5c7a1e #8d6248"
).split()  # fmt: skip
#: Milliseconds below which a stage did nothing.
NOTHING = 0.05
#: Characters of an excerpt; what does not fit on its card is cut there.
EXCERPT = 320
_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "askance_comparison",
    html='<div class="comparison"></div>',
    css=(_FOLDER / "columns.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "columns.js").read_text(encoding="utf-8"),
)


def draw_columns(draft: Draft, made: Comparison, settings: Settings) -> None:
    """Columns side by side; clicks open or mark a passage, or leave settings in `draft.wanted`."""
    opened = session.opened(PLACE)
    shown = opened.passage.chunk_id if opened and opened.collection == made.collection else ""
    _component(
        key=KEY,
        data=columns_data(made, settings, shown, grades(made)),
        on_opened_change=lambda: _open(made),
        on_judged_change=lambda: _judge(made),
        on_used_change=lambda: _want(draft, made),
    )


def draw_messages(made: Comparison) -> None:
    """Which settings failed, or were ranked otherwise than they ask, and why."""
    for place, run in enumerate(made.runs, start=1):
        name = markdown_plain(f"{place}. {run.variant.name}")
        if run.error:
            st.error(f"**{name}:** {markdown_plain(run.error)}", icon=":material/error:")
        for note in run.notes:
            st.warning(f"**{name}:** {markdown_plain(note)}", icon=":material/info:")


def draw_times(made: Comparison) -> None:
    """How long each stage took and how much was kept, a column for each setting."""
    runs = [(place, run) for place, run in enumerate(made.runs, start=1) if not run.error]
    if not runs:
        return
    stages = [
        name for name in STAGES if any(run.milliseconds.get(name) for _, run in runs) or name == "total"
    ]
    table: dict[str, list[str]] = {"Time of each stage": [STAGES[name] for name in stages]}
    for place, run in runs:
        times = [run.milliseconds.get(name, 0.0) for name in stages]
        table[markdown_plain(f"{place}. {run.variant.name}")] = [
            duration_text(time) if time >= NOTHING else "–" for time in times
        ]
    for cells, text in zip(table.values(), ["Length", *(_length(run) for _, run in runs)], strict=True):
        cells.append(text)
    st.table(table, border="horizontal", hide_index=True)
    st.caption(
        "Length is of all passages kept together: what a chat model would read and may cost. How alike two "
        "orders are is their rank-biased overlap: the first places count most."
    )


def _length(run: Run) -> str:
    settings = session.settings()
    price = price_of(settings, session.chosen_answerer(), run.tokens)
    priced = f", {price_in_words(price, settings.answer.currency)}" if price is not None else ""
    return markdown_plain(f"{counted(run.tokens, 'token')}{priced}")


def verdict(made: Comparison) -> str:
    """In a sentence or two, how much the settings agree."""
    runs = [run for run in made.runs if not run.error]
    ranked = [run for run in runs if run.placements]
    if len(ranked) < 2:
        return ""
    kept = [{placement.passage for placement in run.placements} for run in ranked]
    everywhere = set.intersection(*kept) if len(ranked) == len(runs) else set()
    best = [run.placements[0].passage for run in ranked]
    most = max(best.count(passage) for passage in best)
    if most == len(ranked):
        first = "All put the same passage first."
    elif most == 1:
        first = "Each puts another passage first."
    else:
        first = f"{most} of {len(ranked)} put the same passage first."
    lists = "both lists" if len(runs) == 2 else f"all {len(runs)} lists"
    total = counted(len(set.union(*kept)), "passage")
    common = f"{len(everywhere) or 'none'} {'is' if len(everywhere) < 2 else 'are'} in {lists}"
    return f"{first} Of the {total} found, {common}."


def columns_data(
    made: Comparison, settings: Settings, shown: str = "", graded: Sequence[str] = ()
) -> dict[str, Any]:
    """What the component draws: plain strings and numbers.

    `shown` is the id of the opened passage, `graded` the grade of each ("" for none).
    """
    slowest = max((run.milliseconds.get("total", 0.0) for run in made.runs), default=0.0) or 1.0
    colours = passage_colours(made)
    ids = [passage.citation.chunk_id for passage in made.passages]
    return {
        "opened": ids.index(shown) if shown in ids else None,
        "passages": [
            _passage(passage, number, colours.get(number), graded[number] if graded else "")
            for number, passage in enumerate(made.passages)
        ],
        "runs": [_column(made, place, settings, slowest) for place in range(len(made.runs))],
    }


def passage_colours(made: Comparison) -> dict[int, str]:
    """A colour for each passage that several settings keep."""
    return {
        passage: COLOURS[place % len(COLOURS)] for place, passage in enumerate(sorted(made.shared_passages))
    }


def _column(made: Comparison, place: int, settings: Settings, slowest: float) -> dict[str, Any]:
    run = made.runs[place]
    is_reference = place == made.reference
    reference = f"setting {made.reference + 1}"
    parts = [
        {"label": f"{STAGES[name]}: {duration_text(spent)}", "share": spent / slowest}
        for name, spent in run.milliseconds.items()
        if name != "total" and spent
    ]
    return {
        "name": run.variant.name,
        "agreement": _agreement(made, run, is_reference),
        "parts": parts,
        "time": duration_text(run.milliseconds.get("total", 0.0)),
        "inUse": is_in_force(run.variant.changes, settings),
        "usable": not run.error,
        "note": _note(run),
        "hits": [
            {
                "passage": own.passage,
                "rank": own.rank,
                "movement": own.movement,
                "move": "" if is_reference else movement_text(own),
                "stages": stages_text(own),
            }
            for own in run.placements
        ],
        "goneTitle": f"Kept by {reference}, not here:",
        "gone": [
            {"passage": own.passage, "text": f"{ordinal(own.rank)} here" if own.rank else "not found"}
            for own in run.dropped
        ],
    }


def _note(run: Run) -> str:
    if run.error:
        return "No ranking: see the message above"
    if run.reranker != run.variant.settings.retrieval.reranker:
        if run.reranker == "none":
            return "In the order found: see the message above"
        return f"Ranked by {RERANKERS.get(run.reranker, run.reranker)} instead"
    return ""


def _agreement(made: Comparison, run: Run, is_reference: bool) -> str:
    if run.error:
        return ""
    if is_reference:
        return "The others are measured against it"
    first = len(made.runs[made.reference].placements)
    alike = f"order {100 * run.overlap:.0f}% alike"
    return f"{run.shared} of {first} in common with setting {made.reference + 1}, {alike}"


def movement_text(placement: Placement) -> str:
    """How a passage moved against the first setting, in words as well as by an arrow."""
    if placement.movement == "new":
        before = placement.rank_in_first
        return f"new, was {ordinal(before)}" if before else "new"
    if placement.movement == "same":
        return "= same place"
    return f"{'▲ up' if placement.movement == 'up' else '▼ down'} {placement.steps}"


def stages_text(placement: Placement) -> str:
    """The rank that each search gave, and the score that decided."""
    found = [
        f"{label} {ordinal(rank)}"
        for name, label in (("vector", "meaning"), ("text", "words"))
        if (rank := placement.ranks.get(name))
    ]
    if len(found) > 1 and (merged := placement.ranks.get("fused")):
        found.append(f"merged {ordinal(merged)}")
    score = "" if placement.score is None else f"score {placement.score:.3g}"
    return " · ".join([*found, *filter(None, [score])])


def letter(number: int) -> str:
    """A name for a passage, from 0: A to Z, then AA, AB and so on."""
    name = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        name = chr(ord("A") + place) + name
    return name


def _passage(passage: Passage, number: int, colour: str | None, grade: str) -> dict[str, Any]:
    citation = passage.citation
    return {
        "letter": letter(number),
        "colour": colour,
        "grade": grade,
        "document": citation.document,
        "name": PurePosixPath(citation.document.rpartition("!")[2]).name,
        "page": " · ".join(
            [shortly(cited_part(citation))] * (citation.page is not None)
            + [f"in {citation.collection}"] * bool(citation.collection)
        ),
        "also": also_in(citation.also_in),
        "excerpt": _excerpt(passage),
    }


def _excerpt(passage: Passage) -> list[tuple[str, bool]]:
    """Pieces of text, each with whether it matched the question."""
    citation = passage.citation
    start = passage.excerpt[0]
    end = min(passage.excerpt[1], start + EXCERPT)
    pieces: list[tuple[str, bool]] = [("… ", False)] if start > citation.start else []
    position = start
    for first, last in sorted(citation.words):
        begin, finish = max(first, position), min(last, end)
        if begin < finish:
            pieces += [(_words(citation.quote, citation.start, position, begin), False)]
            pieces += [(_words(citation.quote, citation.start, begin, finish), True)]
            position = finish
    pieces.append((_words(citation.quote, citation.start, position, end), False))
    if end < citation.end:
        pieces.append(("…", False))
    return [piece for piece in pieces if piece[0]]


def _words(quote: str, offset: int, start: int, end: int) -> str:
    """A span of the quote with each run of white space as one space."""
    text = quote[start - offset : end - offset]
    folded = " ".join(text.split())
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and folded else ""
    return f"{before}{folded}{after}"


def _open(made: Comparison) -> None:
    asked = session.reported(KEY).get("opened")
    if not isinstance(asked, dict):
        return
    place, passage = asked.get("run"), asked.get("passage")
    if not (isinstance(place, int) and 0 <= place < len(made.runs)):
        return
    order = [placement.passage for placement in made.runs[place].placements]
    if passage not in order and isinstance(passage, int) and 0 <= passage < len(made.passages):
        order.append(passage)
    if passage in order:
        passages = tuple(made.passages[own].citation for own in order)
        session.show_opened(PLACE, Opened(made.collection, passages, order.index(passage), kind="passage"))


def _judge(made: Comparison) -> None:
    marked = session.reported(KEY).get("judged")
    if isinstance(marked, dict):
        keep_grade(made, marked.get("passage"), marked.get("grade"))


def _want(draft: Draft, made: Comparison) -> None:
    place = session.reported(KEY).get("used")
    if isinstance(place, int) and 0 <= place < len(made.runs):
        draft.wanted = made.runs[place].variant
