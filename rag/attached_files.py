"""The collection of a conversation's own files: its name, and which of its questions were asked of it.

It is a collection like any other, but goes with its conversation and is not offered elsewhere. Nothing is
opened, added or removed here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from rag.collection_names import ATTACHED
from rag.history import Conversation, Turn

#: The mark kept with a turn that was asked of the conversation's own files, alone or not.
MARK = "attached"


class Asked(StrEnum):
    """What a question of a conversation is asked of."""

    COLLECTION = "collection"
    FILES = "files"
    BOTH = "both"


def attached_to(conversation_id: str) -> str:
    """The name of the collection that holds a conversation's own files, whether or not it has any."""
    return f"{ATTACHED}{conversation_id}"


def mark_of(asked: Asked) -> dict[str, Any]:
    """The details by which a turn is known to have been asked of it."""
    # Turns of before files could be asked together with the collection hold True.
    return {} if asked is Asked.COLLECTION else {MARK: True if asked is Asked.FILES else asked.value}


def asked_of(turn: Turn) -> Asked:
    """What a turn was asked of."""
    mark = turn.details.get(MARK)
    if not mark:
        return Asked.COLLECTION
    return Asked.BOTH if mark == Asked.BOTH else Asked.FILES


def collections_asked(asked: Asked, conversation_id: str, collection: str) -> list[str]:
    """The names of the collections that a question of a conversation with `collection` is asked of."""
    files = attached_to(conversation_id)
    return {Asked.COLLECTION: [collection], Asked.FILES: [files], Asked.BOTH: [collection, files]}[asked]


def collection_asked(turn: Turn, conversation: Conversation) -> str:
    """The collection of a turn's citations that name none; where several were asked, all name theirs."""
    return collections_asked(asked_of(turn), conversation.id, conversation.collection)[0]
