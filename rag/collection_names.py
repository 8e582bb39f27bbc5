"""Collections as people know them: by their names, but for those that hold a conversation's own files.

It knows names alone; which collections there are is no matter here.
"""

from __future__ import annotations

#: What the name of a collection of attached files begins with.
ATTACHED = "attached-"


def is_attached(collection: str) -> bool:
    """Whether a collection holds a conversation's own files."""
    return collection.startswith(ATTACHED)


def in_words(collections: str) -> str:
    """A collection, or several by their names with commas between them, as people know them."""
    names = collections.split(", ")
    return ", ".join("the attached files" if is_attached(name) else name for name in names)
