"""From what is typed to a question that is asked once: kept until then, for a run may be cut short anywhere.

It draws nothing and knows no collection's contents.
"""

from __future__ import annotations

from streamlit.elements.widgets.chat import ChatInputValue

from pages.shared import session
from pages.shared.pending_question import PendingQuestion
from rag.attached_files import Asked
from rag.history import Conversation
from rag.types import Scope

BOX = "question"


def keep_typed() -> None:
    """Keep what was just typed in the box, before the run that may be cut short by the next press."""
    typed = session.typed(BOX)
    if typed and typed.text:
        session.waiting().put(as_question(typed))


def as_question(typed: ChatInputValue) -> PendingQuestion:
    """The question that was typed, perhaps with files."""
    return PendingQuestion(typed.text, needs_files=bool(typed.files))


def ask_waiting(
    conversation: Conversation | None, collection: str, scope: Scope, asked: Asked, **chosen: str
) -> bool:
    """Ask the question that waits, if one does; `chosen` are settings of answering, kept for the next."""
    question = session.waiting().next
    if question is None:
        return False
    conversation = conversation or session.start_conversation(collection)
    settings = {f"answer.{name}": value for name, value in chosen.items()}
    session.workspace().history.set_settings(conversation.id, conversation.settings | settings)
    workspace, chats = session.workspace((*settings.items(), *question.overrides)), session.chats()
    # Taken when nothing is left that could cut the run short: it would be lost, or asked twice.
    session.waiting().take(question)
    chats.ask(
        workspace,
        conversation.id,
        question.text,
        scope=scope if question.scope is None else question.scope,
        asked=question.asked or (None if question.beside else asked),
        standalone=question.standalone,
        beside=question.beside,
        instead=question.instead,
    )
    return True
