"""What a reasoning model thinks, told apart from what it says, in a stream that may cut anywhere.

Thinking comes in a field of its own, which the adapters read, or in the text between tags, which is parted
here. Only tags before the first word of the answer count: a document may be about them. Nothing here
draws or keeps anything.
"""

from __future__ import annotations

import re

TAGS = ("think", "thinking", "thought", "reasoning")
_OPENING = re.compile(rf"\s*<({'|'.join(TAGS)})>", re.IGNORECASE)
_OPENINGS = tuple(f"<{tag}>" for tag in TAGS)


class ThinkingFilter:
    """Parts one reply. Feed it the pieces in turn, then call `finish`."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._saying = False
        self._thought = False

    def feed(self, piece: str) -> tuple[str, str]:
        """What of the text so far was thought and what was said, each as far as it is certain."""
        if self._saying:
            return "", piece
        self._held += piece
        thought = ""
        while True:
            if self._closing:
                thought += self._to_closing()
                if self._closing:
                    return thought, ""
            opened = _OPENING.match(self._held)
            if opened is None:
                break
            self._held = self._held[opened.end() :]
            self._closing = f"</{opened[1].lower()}>"
            self._thought = True
        begun = self._held.lstrip()
        if any(opening.startswith(begun.lower()) for opening in _OPENINGS):
            return thought, ""
        self._saying = True
        return thought, self._given()

    def finish(self) -> tuple[str, str]:
        """What is left at the end: thinking never closed, or the beginning of a tag that was none."""
        if self._closing:
            left, self._held = self._held, ""
            return left, ""
        return "", self._given()

    def _to_closing(self) -> str:
        """The thinking up to its end; while that has not come, up to what may be its beginning."""
        end = re.search(re.escape(self._closing), self._held, re.IGNORECASE)
        if end:
            thought = self._held[: end.start()]
            self._held = self._held[end.end() :]
            self._closing = ""
            return thought
        kept = next(
            size
            for size in range(len(self._closing) - 1, -1, -1)
            if not size or self._held[-size:].lower() == self._closing[:size]
        )
        thought = self._held[: len(self._held) - kept]
        self._held = self._held[len(self._held) - kept :]
        return thought

    def _given(self) -> str:
        # The line breaks after thinking belong to neither.
        given = self._held.lstrip() if self._thought else self._held
        self._held = ""
        return given
