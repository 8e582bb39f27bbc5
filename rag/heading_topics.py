"""What the headings of a document are about, as it stands within a sentence, and the document's title.

Headings that say nothing of what is under them are left out. Nothing is asked here.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rag.types import ParsedDocument

SHORTEST, LONGEST = 4, 60
#: Characters of a document looked at to see how it writes a word.
LOOKED_AT = 60_000
#: Headings that say nothing of what is under them.
_ABOUT_ITSELF = ("about this", "about the ", "how to use this")
JUNK = frozenset(
    "abstract|acknowledgements|acknowledgments|appendix|background|bibliography|conclusion|conclusions|"
    "contents|discussion|example|examples|external links|figures|foreword|further reading|general|glossary|"
    "home|index|introduction|license|list of figures|list of tables|methods|miscellaneous|navigation|notes|"
    "other|overview|page|preface|readme|references|results|section|see also|sources|summary|"
    "table of contents|tables|title|untitled|usage|contact|chapter|part".split("|")
)
_NUMBERING = re.compile(
    r"^(?:(?:chapter|section|part|appendix|§)\s+)?(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])[.):]?\s+(?=\S)",
    re.IGNORECASE,
)
_SITE = re.compile(r"\s+[-–—|]\s+Wikipedia.*$")


def heading_topics(name: str, document: ParsedDocument) -> list[tuple[str, int]]:
    """Each heading that says something, as it stands within a sentence, with its place in `headings`."""
    title = title_of(name, document)
    topics = (
        (_clean_heading(heading.text, title, document.text), place)
        for place, heading in enumerate(document.headings)
    )
    return [(topic, place) for topic, place in topics if topic]


def title_of(name: str, document: ParsedDocument) -> str:
    """The title, or the file's name where it has none that can be shown."""
    title = _SITE.sub("", " ".join(document.title.split()))
    if not SHORTEST <= len(title) <= LONGEST:
        title = PurePosixPath(name.rpartition("!")[2]).stem.replace("_", " ").strip()
    return title if len(title) <= LONGEST else f"{title[:LONGEST].rsplit(' ', 1)[0]}…"


def _clean_heading(text: str, title: str, body: str) -> str:
    """A heading as it stands within a sentence; "" when it says nothing."""
    heading = _NUMBERING.sub("", " ".join(text.split())).strip(" .:;-–—#*_")
    folded = heading.casefold()
    letters = sum(character.isalpha() for character in heading)
    if not SHORTEST <= len(heading) <= LONGEST or letters < 0.6 * len(heading.replace(" ", "")):
        return ""
    if folded in JUNK or folded.startswith(_ABOUT_ITSELF):
        return ""
    if folded in title.casefold() or title.casefold() in folded:
        return ""
    if heading.endswith("?"):
        return heading
    if heading.isupper():
        heading = heading.capitalize()
    return _with_small_start(heading, body)


def _with_small_start(heading: str, body: str) -> str:
    """With a small first letter, when the document elsewhere writes that word so: names keep theirs."""
    first, _, rest = heading.partition(" ")
    if not first[:1].isupper() or not first[1:].islower() or rest != rest.lower():
        return heading
    small = first.lower()
    return f"{small} {rest}".strip() if re.search(rf"\b{re.escape(small)}\b", body[:LOOKED_AT]) else heading
