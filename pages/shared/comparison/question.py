"""The question that a comparison asks: its box, and questions to begin with. It compares nothing itself."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.comparison.draft import Draft
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.sample_questions import sample_questions

#: Questions offered, of each kind.
SUGGESTED, EARLIER = 3, 2
#: Conversations looked through for earlier questions.
LOOKED_THROUGH = 5
#: On narrow windows the hint of the Enter key would lie over the words typed.
_STYLE = """<style>
@media (max-width: 640px) { .st-key-compare-box [data-testid="InputInstructions"] { display: none; } }
</style>"""


def draw_question(draft: Draft, collection: str) -> bool:
    """The box with its button; returns whether to compare now."""
    st.html(_STYLE)
    with (
        st.form("compare-question", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare-box"),
    ):
        typed = st.text_input(
            "Question",
            value=draft.question,
            key=f"compare-question-{draft.revision}",
            placeholder="Ask one question of every setting",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        sent = st.form_submit_button("Compare", type="primary", icon=":material/compare_arrows:")
    if sent:
        draft.question = str(typed or "").strip()
        draft.asked = bool(draft.question)
        if not draft.question:
            st.info("Type a question first, or take one of those below.", icon=":material/help:")
    asked = draft.take_asked()
    if asked or draft.shown(collection):
        with st.popover("Other questions", type="tertiary", icon=":material/lightbulb:"):
            _draw_offers(draft, collection)
    else:
        _draw_offers(draft, collection)
    return asked


def _draw_offers(draft: Draft, collection: str) -> None:
    offered = list(dict.fromkeys([*_earlier(collection), *sample_questions(collection)[:SUGGESTED]]))
    with st.container(horizontal=True, gap="small"):
        for place, question in enumerate(offered):
            st.button(
                markdown_plain(shortened(question, 90)),
                key=f"compare-offer-{place}",
                on_click=draft.ask,
                args=(question,),
            )


def _earlier(collection: str) -> list[str]:
    """The last questions that the chat was asked about this collection."""
    history = session.workspace().history
    questions: list[str] = []
    for conversation in history.conversations(limit=LOOKED_THROUGH):
        if conversation.collection == collection and len(questions) < EARLIER:
            questions += [turn.question for turn in reversed(history.turns(conversation.id))]
    return questions[:EARLIER]
