"""Sample questions about documents: those that their sentences answer, else about what they name.

The same documents give the same questions, spread over the documents. No model is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rag.heading_questions import heading_questions, is_vague
from rag.heading_topics import LONGEST, LOOKED_AT, heading_topics, title_of
from rag.sentence_questions import sentence_questions, spread_out
from rag.types import ParsedDocument

_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:of|the|and|for|de|von))?(?: [A-Z][\w’'-]+)+")
_NOT_NAMES = frozenset(
    "the this that these in on at a an if it we you figure table retrieved archived january february march "
    "april may june july august september october november december".split()
)


def suggest_questions(documents: Iterable[tuple[str, ParsedDocument]], most: int = 4) -> list[str]:
    """At most `most` questions about documents given as (name, document), each document in turn."""
    choices = [_questions(name, document) for name, document in documents]
    suggested: list[str] = []
    for place in range(max((len(questions) for questions in choices), default=0)):
        for questions in choices:
            if place < len(questions) and len(suggested) < most and questions[place] not in suggested:
                suggested.append(questions[place])
    return suggested


def _questions(name: str, document: ParsedDocument) -> list[str]:
    told = [question for question, _, _ in spread_out(list(sentence_questions(document.text[:LOOKED_AT])))]
    # What a thing is, is often said in many places; what happened when, in one.
    told.sort(key=lambda question: question.startswith(("What is", "What are", "Who is", "Who was")))
    headed = {
        question: place for question, place in heading_questions(name, document) if not is_vague(question)
    }
    title = title_of(name, document)
    topics = [topic for topic, place in heading_topics(name, document) if place not in headed.values()]
    named = topics or ([] if told or headed else _names(title, document.text))
    asked = [*told, *headed, *(f"What does “{title}” say about {topic}?" for topic in named)]
    return list(dict.fromkeys(asked)) or [f"What is “{title}” about?"]


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
