"""Taking a conversation along: as a file, or as a link to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import streamlit as st

from pages.shared import session
from pages.shared.copy_button import draw_copy_button
from rag.attached_files import collection_asked
from rag.export import StandingsOf, as_html, as_json, as_markdown
from rag.history import Conversation, Turn

Write = Callable[[Conversation, Sequence[Turn], StandingsOf], str]
FORMS: dict[str, tuple[str, str, Write]] = {
    "Markdown": ("md", "text/markdown", as_markdown),
    "Web page, to print": ("html", "text/html", as_html),
    "JSON": ("json", "application/json", as_json),
}


def draw_exports(conversation: Conversation) -> None:
    """A button for each form, and one that copies the link; a file is written when it is asked for."""
    for label, (ending, kind, write) in FORMS.items():
        st.download_button(
            label,
            data=lambda write=write: write(  # type: ignore[misc]
                conversation,
                session.workspace().history.turns(conversation.id),
                lambda turn: session.standings(collection_asked(turn, conversation)),
            ),
            file_name=f"{file_stem(conversation.title)}.{ending}",
            mime=kind,
            icon=":material/download:",
            on_click="ignore",
            key=f"export-{ending}-{conversation.id}",
            width="stretch",
        )
    address = st.context.url
    if address:
        draw_copy_button(
            f"{address.partition('?')[0]}?{session.conversation_query(conversation.id)}",
            key=f"link-{conversation.id}",
            label="Copy link",
            width="stretch",
        )


def file_stem(title: str) -> str:
    """A title as a file name that every system takes."""
    words = re.sub(r"[^\w-]+", " ", title).split()
    return "-".join(words)[:60].strip("-_") or "conversation"
