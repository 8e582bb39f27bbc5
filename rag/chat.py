"""Questions of conversations: written down before they are answered, answered in a thread, kept at the end.

The answer goes on, and is kept, whether or not anyone is looking. It draws nothing and decides nothing about
answers; those come from rag.answer.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from rag.answer import Reply, ask
from rag.attached_files import Asked, asked_of, attached_to, collections_asked, mark_of
from rag.errors import AskanceError, AskedAlready, StoreError, WriterBusy
from rag.history import Conversation, History
from rag.streaming import LiveReply
from rag.turns import details_of, messages_of, standalone_of, summary_of
from rag.types import Scope
from rag.waiting_questions import WaitingQuestion
from rag.workspace import Workspace

logger = logging.getLogger(__name__)

#: How often an answer is offered to a database that others hold; each time waits as long as it may.
KEEP_ATTEMPTS = 4


@dataclass(frozen=True)
class Live:
    """A question being answered: the turn it was written down as, and its reply."""

    turn_id: str
    reply: LiveReply


class Chats:
    """The answers under way in this process, at most one a conversation. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._live: dict[str, Live] = {}

    def ask(
        self,
        workspace: Workspace,
        conversation_id: str,
        question: str,
        *,
        scope: Scope = Scope(),  # noqa: B008 (frozen)
        asked: Asked | None = None,
        standalone: str = "",
        beside: str = "",
        instead: bool = False,
        waited: str = "",
    ) -> None:
        """Write down a question and begin to answer it, from what is in the scope.

        `asked` says whether that is its collection, its own files or both; None is its collection or, for
        another version of a turn, what that was asked of. `standalone` is what to search for in its place,
        when the user said so. `beside` names the turn of which this is another version, or which it replaces
        with `instead`. `waited` is the id of the question that waited for this. What goes wrong is kept with
        the question. Raises StoreError when the conversation is gone, or nothing can be written down, and
        AskedAlready when that question waits no longer.
        """
        self.stop(conversation_id)
        history = workspace.history
        conversation = history.get(conversation_id)
        turns = history.turns(conversation_id)
        places = [index for index, own in enumerate(turns) if beside in own.versions]
        if places:
            asked = asked or asked_of(turns[places[0]])
            turns = turns[: places[0]]
        else:
            # That turn was replaced while this waited, or is of a branch not shown: asked where one looks.
            beside, instead = "", False
        asked = _there(asked or Asked.COLLECTION, workspace, conversation)
        collection, *own_files = collections_asked(asked, conversation_id, conversation.collection)
        kept: dict[str, Any] = scope.as_dict() | mark_of(asked)
        turn = history.add_turn(
            conversation_id, question, beside=beside, instead=instead, waited=waited, details=kept
        )
        # A collection that is gone since cannot be asked again; the others can.
        others = [
            name
            for name in scope.collections
            if asked is not Asked.FILES and workspace.catalog.has_collection(name)
        ]
        try:
            reply = ask(
                question,
                table=workspace.searched([collection, *own_files, *others]),
                settings=workspace.settings,
                filters=workspace.filters(collection, scope, beside=own_files),
                history=messages_of(turns),
                summary=summary_of(turns),
                earlier=[standalone_of(own) or own.question for own in turns],
                standalone=standalone,
            )
        except AskanceError as error:
            history.finish_turn(
                turn.id, answer="", status="failed", error=str(error), details=kept | _fault(error)
            )
            return

        def on_end(reply: Reply, ending: str, fault: BaseException | None) -> None:
            _keep(history, turn.id, reply, ending, fault, kept)

        with self._lock:
            self._live[conversation_id] = Live(turn.id, LiveReply(reply, on_end).start())

    def ask_next(
        self,
        workspace: Workspace,
        conversation_id: str,
        question: WaitingQuestion,
        *,
        scope: Scope,
        asked: Asked,
    ) -> bool:
        """Ask a question that waits, of this scope where it names none; says whether it did.

        It does not when an answer is under way, or when somebody else has asked or dropped the question: of
        several viewers of a conversation, only one asks. It waits on when it cannot be written down, which
        raises StoreError.
        """
        with self._lock:
            if self.live(conversation_id) is not None:
                return False
            try:
                self.ask(
                    workspace,
                    conversation_id,
                    question.text,
                    scope=scope if question.scope is None else question.scope,
                    asked=question.asked or (None if question.beside else asked),
                    standalone=question.standalone,
                    beside=question.beside,
                    instead=question.instead,
                    waited=question.id,
                )
            except AskedAlready:
                return False
            return True

    def live(self, conversation_id: str) -> Live | None:
        """The answer under way in a conversation, None when there is none.

        One who saw a question wait before, and calls this, sees its answer under way or ended.
        """
        with self._lock:
            own = self._live.get(conversation_id)
            if own is not None and own.reply.ended:
                del self._live[conversation_id]
                return None
            return own

    def stop(self, conversation_id: str) -> None:
        """End the answer under way with what has been said; nothing happens when there is none."""
        own = self.live(conversation_id)
        if own is not None:
            own.reply.stop()


def _there(asked: Asked, workspace: Workspace, conversation: Conversation) -> Asked:
    """What can be asked of it: of one that has no documents, citations would not know where they are from."""
    if asked is not Asked.BOTH:
        return asked
    if not workspace.store.has_table(conversation.collection):
        return Asked.FILES
    return asked if workspace.store.has_table(attached_to(conversation.id)) else Asked.COLLECTION


def _keep(
    history: History,
    turn_id: str,
    reply: Reply,
    ending: str,
    fault: BaseException | None,
    kept: dict[str, Any],
) -> None:
    error = ""
    if fault is not None:
        error = str(fault)
        if not isinstance(fault, AskanceError):
            logger.error("answering failed", exc_info=fault)
            error = f"Unexpected {type(fault).__name__} while answering: {fault}. See the log, or ask again."
    if ending != "done":
        reply.finish()
    try:
        for attempt in range(1, KEEP_ATTEMPTS + 1):
            try:
                history.finish_turn(
                    turn_id,
                    answer=reply.text,
                    status=ending,
                    citations=reply.citations,
                    answered=reply.answered if ending == "done" else None,
                    error=error,
                    details=details_of(reply) | kept | (_fault(fault) if fault else {}),
                )
                return
            except WriterBusy as busy:
                if attempt == KEEP_ATTEMPTS:
                    raise
                logger.warning("an answer waits to be kept: %s", busy)
    except StoreError as lost:
        # The conversation may have been deleted meanwhile; there is nobody left to tell.
        logger.warning("an answer could not be kept: %s", lost)


def _fault(error: BaseException) -> dict[str, Any]:
    """What kind of error it was, so that the page can offer the way out."""
    return {"fault": type(error).__name__}
