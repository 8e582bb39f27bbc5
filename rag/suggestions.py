"""Sample questions made from the titles and headings of documents.

The same documents give the same questions, spread over the documents. No model is asked, and nothing
promises that a question has a good answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from rag.types import ParsedDocument

SHORTEST, LONGEST = 4, 60
#: Characters of a document looked at for names when it has no headings.
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
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:of|the|and|for|de|von))?(?: [A-Z][\w’'-]+)+")
_NOT_NAMES = frozenset(
    "the this that these in on at a an if it we you figure table retrieved archived january february march "
    "april may june july august september october november december".split()
)
_SITE = re.compile(r"\s+[-–—|]\s+Wikipedia.*$")


def suggest_questions(documents: Iterable[tuple[str, ParsedDocument]], most: int = 4) -> list[str]:
    """At most `most` questions about documents given as (name, document), each document in turn."""
    choices = [_questions(name, document) for name, document in documents]
    suggested: list[str] = []
    for place in range(max((len(questions) for questions in choices), default=0)):
        for questions in choices:
            if place < len(questions) and len(suggested) < most and questions[place] not in suggested:
                suggested.append(questions[place])
    return suggested


def heading_topics(name: str, document: ParsedDocument) -> list[tuple[str, int]]:
    """Each heading that says something, as it stands within a sentence, with its place in `headings`."""
    title = _title(name, document)
    topics = (
        (_clean_heading(heading.text, title, document.text), place)
        for place, heading in enumerate(document.headings)
    )
    return [(topic, place) for topic, place in topics if topic]


def _questions(name: str, document: ParsedDocument) -> list[str]:
    title = _title(name, document)
    asked = [_question(title, heading) for heading in _topics(title, document)]
    return asked or [f"What is “{title}” about?"]


def _question(title: str, topic: str) -> str:
    return topic if topic.endswith("?") else f"What does “{title}” say about {topic}?"


def _title(name: str, document: ParsedDocument) -> str:
    title = _SITE.sub("", " ".join(document.title.split()))
    if not SHORTEST <= len(title) <= LONGEST:
        title = PurePosixPath(name.rpartition("!")[2]).stem.replace("_", " ").strip()
    return title if len(title) <= LONGEST else f"{title[:LONGEST].rsplit(' ', 1)[0]}…"


def _topics(title: str, document: ParsedDocument) -> list[str]:
    headings = [heading.text for heading in document.headings]
    topics = [clean for text in headings if (clean := _clean_heading(text, title, document.text))]
    return list(dict.fromkeys(topics)) or _names(title, document.text)


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


def _names(title: str, body: str) -> list[str]:
    """The names most often written, for documents without headings."""
    names = (found.group() for found in _NAME.finditer(body[:LOOKED_AT]))
    counted = Counter(name for name in names if "\n" not in name)
    known = title.casefold()
    often = [
        name
        for name, times in counted.most_common(20)
        if times > 1
        and len(name) <= LONGEST
        and name.casefold() not in known
        and known not in name.casefold()
    ]
    return [name for name in often if not _NOT_NAMES.intersection(name.lower().split())][:3]
