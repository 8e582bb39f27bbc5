"""From what is typed to a question that is asked once: kept until then, for a run may be cut short anywhere.

It draws nothing and knows no collection's contents.
"""

from __future__ import annotations

from dataclasses import replace

from streamlit.elements.widgets.chat import ChatInputValue

from pages.shared import session
from rag.attached_files import Asked
from rag.errors import SettingsError
from rag.history import Conversation
from rag.types import Scope
from rag.waiting_questions import WaitingQuestion

BOX = "question"


def keep_typed() -> None:
    """Keep what was just typed in the box, before the run that may be cut short by the next press."""
    typed = session.typed(BOX)
    if typed and typed.text:
        session.waiting().put(as_question(typed))


def as_question(typed: ChatInputValue) -> WaitingQuestion:
    """The question that was typed, perhaps with files."""
    return WaitingQuestion(typed.text, needs_files=bool(typed.files))


def ask_waiting(
    question: WaitingQuestion,
    conversation: Conversation | None,
    collection: str,
    scope: Scope,
    asked: Asked,
    **chosen: str,
) -> None:
    """Ask a question that waits, unless another window has; the page is to run again then.

    `chosen` are settings of answering, kept for the next.
    """
    begins = conversation is None
    conversation = conversation or session.start_conversation(collection)
    settings = {f"answer.{name}": value for name, value in chosen.items()}
    session.workspace().history.set_settings(conversation.id, conversation.settings | settings)
    try:
        workspace = session.workspace((*settings.items(), *question.overrides))
    except SettingsError:
        # The model chosen for it is gone since; who answers instead stands under the answer.
        workspace = session.workspace(tuple(settings.items()))
    # The new conversation keeps it only now.
    kept, chats = session.waiting().next if begins else question, session.chats()
    # Taken when nothing is left that could cut the run short: it would be lost, or asked twice.
    if kept is not None:
        chats.ask_next(workspace, conversation.id, kept, scope=scope, asked=asked)


def keep_choices(scope: Scope, asked: Asked, **chosen: str) -> None:
    """Let what was typed and has to wait be asked as it would be now, whatever is chosen meanwhile."""
    settings = tuple((f"answer.{name}", value) for name, value in chosen.items())
    for question in session.waiting():
        if question.scope is None and not question.needs_files:
            session.waiting().change(
                question,
                replace(question, scope=scope, asked=asked, overrides=question.overrides or settings),
            )
