"""An answer with its sentences marked as the support check found them: a word and a colour each.

It draws what was kept with the answer and checks nothing anew. The answer is the safe Markdown of a
CitationFilter; nothing of it is taken for a mark of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from pages.shared.plain_text import excerpt, markdown_plain
from rag.citations import to_links, to_plain, without_citations
from rag.history import Turn
from rag.turns import support_of
from rag.verify import SUPPORTED, UNSUPPORTED, WEAK, Support

COLOURS = {SUPPORTED: "green", WEAK: "orange", UNSUPPORTED: "red"}
HIDDEN = ":gray[[…]]"
_MARKER = re.compile(r"\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+)?")


def draw_checked(turn: Turn, link: Callable[[int], str]) -> None:
    """The answer with its marks, then what they mean; `link` gives a citation's address."""
    checked = support_of(turn)
    place = st.container()
    hidden = False
    if checked:
        counted = Counter(own.verdict for own in checked)
        if counted[UNSUPPORTED]:
            hidden = st.toggle("Hide unsupported sentences", key=f"hide-{turn.id}")
        summary = " ".join(
            f":{colour}-badge[{counted[verdict]} {verdict}]"
            for verdict, colour in COLOURS.items()
            if counted[verdict]
        )
        with st.expander(f"Checked: {summary}", expanded=counted[UNSUPPORTED] > 0, type="compact"):
            for own in sorted(checked, key=lambda own: list(COLOURS)[::-1].index(own.verdict)):
                st.markdown(explained(turn.answer, own))
            st.caption(
                "Numbers, names and wording were compared with the passages, on this computer. Whether a "
                "passage is right no check can tell: open the source where it matters."
            )
    place.markdown(to_links(marked(turn.answer, checked, hide=hidden), link))


def marked(answer: str, checked: Sequence[Support], *, hide: bool) -> str:
    """The answer with a mark after each weak and each unsupported sentence; or those left out."""
    parts: list[str] = []
    done = 0
    for own in checked:
        sentence = answer[own.start : own.end]
        parts.append(answer[done : own.start])
        if own.verdict == UNSUPPORTED and hide:
            parts.append(_left_out(sentence))
        elif own.verdict != SUPPORTED:
            parts.append(_with_mark(sentence, f":{COLOURS[own.verdict]}-badge[{own.verdict}]"))
        else:
            parts.append(sentence)
        done = own.end
    return "".join([*parts, answer[done:]])


def explained(answer: str, own: Support) -> str:
    """One sentence of the answer with its word and the reasons, as Markdown."""
    sentence = excerpt(to_plain(without_citations(answer[own.start : own.end])), 110)
    reasons = f"  \n:gray[{markdown_plain(' '.join(own.reasons))}]" if own.reasons else ""
    return f":{COLOURS[own.verdict]}-badge[{own.verdict}] {markdown_plain(sentence)}{reasons}"


def _with_mark(sentence: str, mark: str) -> str:
    if sentence.startswith("|") and sentence.endswith("|"):
        return f"{sentence[:-1]} {mark} |"
    return f"{sentence} {mark}"


def _left_out(sentence: str) -> str:
    if sentence.startswith("|"):
        return re.sub(r"[^|]+", f" {HIDDEN} ", sentence)
    marker = _MARKER.match(sentence)
    return f"{marker.group() if marker else ''}{HIDDEN}"
