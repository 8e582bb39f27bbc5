"""The collection of a conversation's own files: its name, and which of its questions were asked of it.

It is a collection like any other, but goes with its conversation and is not offered elsewhere. Nothing is
opened, added or removed here.
"""

from __future__ import annotations

from rag.history import Conversation, Turn

_BEGINNING = "attached-"
#: The mark kept with a turn that was asked of the conversation's own files.
MARK = "attached"


def attached_to(conversation_id: str) -> str:
    """The name of the collection that holds a conversation's own files, whether or not it has any."""
    return f"{_BEGINNING}{conversation_id}"


def is_attached(collection: str) -> bool:
    """Whether a collection holds a conversation's own files."""
    return collection.startswith(_BEGINNING)


def in_words(collection: str) -> str:
    """A collection as people know it."""
    return "the attached files" if is_attached(collection) else collection


def collection_asked(turn: Turn, conversation: Conversation) -> str:
    """The collection that a turn was asked of; the conversation's, unless it was its own files."""
    return attached_to(conversation.id) if turn.details.get(MARK) else conversation.collection
