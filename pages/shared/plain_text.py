"""Text of documents, file names and models made safe for Streamlit's Markdown: it shows as it is.

Every mark is escaped; where escaping is undone before a later stage looks (emoji and icon short codes,
colour directives, bare addresses), an invisible joiner breaks the pattern. It refuses to keep line
breaks, since labels have none.
"""

from __future__ import annotations

import re

#: Invisible and of no width.
WORD_JOINER = "\u2060"
_MARKS = re.compile(r"([!-/;-@\[-`{-~])")
_PATTERN_STARTS = re.compile(r":(?=\S)|(?<=www)(?=\.)|(?<=\w)(?=@\w)|-(?=>)|<(?=-)", re.IGNORECASE)


def markdown_plain(text: str) -> str:
    """`text` as Markdown that shows exactly it, on one line."""
    one_line = " ".join(text.split())
    broken = _PATTERN_STARTS.sub(lambda found: found.group() + WORD_JOINER, one_line)
    return _MARKS.sub(r"\\\1", broken)


def excerpt(text: str, most: int) -> str:
    """The beginning of `text` on one line, at most `most` characters, cut between words."""
    one_line = " ".join(text.split())
    if len(one_line) <= most:
        return one_line
    cut = one_line[:most]
    return f"{cut.rpartition(' ')[0] or cut}…"


def shortened(text: str, most: int = 44) -> str:
    """`text` on one line, its middle left out beyond `most` characters: endings tell files apart."""
    one_line = " ".join(text.split())
    if len(one_line) <= most:
        return one_line
    end = most // 3
    return f"{one_line[: most - end - 1].rstrip()}…{one_line[-end:].lstrip()}"
