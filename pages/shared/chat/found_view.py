"""How an answer was made: times, tokens spent and dropped, who answered. Draws kept figures only."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import streamlit as st

from pages.shared.chat.made_view import draw_made
from pages.shared.figures import counted, duration_text
from pages.shared.plain_text import markdown_plain, shortened
from rag.history import Turn
from rag.passage_places import shortly
from rag.prices import price_in_words
from rag.rerankers import OFFERED

#: Stages by the names that people know them by, in order.
STAGES = {
    "embed": "Understand the question",
    "vector": "Search by meaning",
    "text": "Search by words",
    "fuse": "Merge",
    "rerank": "Put in order",
    "first": "Until the first words",
    "answer": "Answer",
    "total": "In all",
}
RERANKERS = {offer.name: offer.short for offer in OFFERED} | {
    "none": "none",
    "late-interaction": "late interaction",
    "late-interaction-exact": "late interaction, exact",
}
MODES = {"hybrid": "by meaning and by words", "vector": "by meaning", "text": "by words"}


def draw_how_found(turn: Turn) -> None:
    """A folded account; nothing when nothing was kept."""
    details = turn.details
    if not details.get("milliseconds"):
        return
    # Tables are the dearest part of a long conversation, so they are drawn when looked at.
    account = st.expander(
        "How this answer was made", type="compact", key=f"found-{turn.id}", on_change="rerun"
    )
    if not account.open:
        return
    with account:
        st.markdown(_summary(details))
        left, right = st.columns(2)
        with left:
            st.caption("Time")
            st.table(_times(details["milliseconds"]), border="horizontal", hide_header=True)
        with right:
            spent = _spent(details.get("tokens", {}))
            if spent:
                st.caption("Tokens")
                st.table(spent, border="horizontal", hide_header=True)
                st.caption(_how_counted(details["tokens"]))
        for dropped in details.get("tokens", {}).get("dropped", ()):
            tokens = f"{dropped['tokens']:,} tokens"
            st.caption(markdown_plain(f"Left out: {dropped['what']} ({tokens}), {dropped['reason']}"))
        draw_made(turn)


def _summary(details: dict[str, Any]) -> str:
    mode = MODES.get(details.get("mode", ""), "")
    reranker = RERANKERS.get(details.get("reranker", ""), details.get("reranker", ""))
    model = details.get("model")
    parts = [
        f"Answered by {'the built-in answerer' if model == 'extractive' else model}",
        f"searched {mode}, reranker {reranker}" if mode else "",
        f"{details.get('candidates', 0)} candidates, {details.get('passages', 0)} passages read",
        f"estimated chance of an answer {details.get('confidence', 0.0):.0%}",
    ]
    removed = details.get("removed_citations", 0)
    if removed:
        parts.append(f"{removed} false citations removed")
    return markdown_plain("; ".join(part for part in parts if part) + ".")


def _times(milliseconds: dict[str, float]) -> dict[str, list[str]]:
    known = [(label, milliseconds[name]) for name, label in STAGES.items() if name in milliseconds]
    return {"Stage": [label for label, _ in known], "Time": [duration_text(value) for _, value in known]}


def _spent(tokens: dict[str, Any]) -> dict[str, list[str]]:
    rows: list[tuple[str, str]] = []
    if "system" in tokens:
        told = len(tokens.get("turns", ())) - sum(
            own["what"].startswith("earlier turn") for own in tokens.get("dropped", ())
        )
        rows = [("Instructions", f"{tokens['system']:,}")]
        rows += [(_passage_name(own), f"{own['tokens']:,}") for own in tokens.get("passages", ())]
        if tokens.get("summary"):
            by = "by rules" if tokens.get("summed_up_by") == "rules" else "by the model"
            summed_up = counted(tokens.get("summed_up", 0), "earlier turn")
            rows.append((f"Summary of {summed_up}, {by}", f"{tokens['summary']:,}"))
        rows += [
            (
                f"{counted(told, 'earlier turn')} as said" if told else "Earlier turns",
                f"{tokens['history']:,}",
            ),
            ("Question", f"{tokens['question']:,}"),
            ("Prompt in all", f"{tokens['total']:,} of {tokens['window']:,}"),
            ("Kept for the answer", f"{tokens['reserve']:,}"),
        ]
    about = "about " if tokens.get("estimated") else ""
    rows += [
        (label, f"{about}{tokens[name]:,}")
        for name, label in (("prompt", "Prompt, as counted"), ("answer", "Used by the answer"))
        if name in tokens
    ]
    if "rewriting" in tokens:
        rows.append(("To understand the follow-up", f"{tokens['rewriting']:,}"))
    if "price" in tokens:
        rows.append(("Price", about + price_in_words(tokens["price"], tokens.get("currency", ""))))
    return {"What": [what for what, _ in rows], "Tokens": [count for _, count in rows]} if rows else {}


def _passage_name(own: dict[str, Any]) -> str:
    # Earlier versions kept the number of the page only.
    part = own.get("part") or (f"page {own['page']}" if own.get("page") is not None else "")
    name = shortened(PurePosixPath(own["document"]).name, 28)
    return markdown_plain(f"Passage {own['number']}: {name}{', ' if part else ''}{shortly(part)}")


def _how_counted(tokens: dict[str, Any]) -> str:
    """Whose counts these are, as Markdown; empty when there is nothing to say."""
    if tokens.get("own_tokenizer", True):
        return ""
    learned = tokens.get("learned", 0)
    if not learned:
        return "Estimates: the model's own tokenizer is not here. They get better with its first answers."
    return f"Estimates, set right by what the model's server counted for {counted(learned, 'answer')}."
