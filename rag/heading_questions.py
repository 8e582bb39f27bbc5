"""Questions that the part under a heading answers, put as people type them.

"Asking for leave" is "How do I ask for leave?", "Sick leave" is "What about sick leave?". A heading of a text
in another language than English stays as it is: search words. What neither names nor asks anything makes
none.
"""

from __future__ import annotations

import re
from collections import Counter

from rag.heading_topics import heading_topics
from rag.types import ParsedDocument

LOOKED_AT = 400_000
#: The share of these words in a text that is English.
ENGLISH, LEAST = ("the", "of", "and", "to", "is"), 0.06
_TO_DO = re.compile(r"(?P<asked>how|where|when|who) to (?P<rest>.+)", re.IGNORECASE)
_NEEDED = re.compile(r"what you (?P<rest>.+)", re.IGNORECASE)
_ORDER = re.compile(r"(?P<verb>[a-z]+) (?P<rest>(?:the|an?|your) .+)", re.IGNORECASE)
_DOING = re.compile(
    r"(?P<verb>[a-z]{2,}ing) (?P<rest>(?:the|an?|your|for|to|with|on|in|from|up|out|off)\b [^:,;()]+)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[\w’'&-]+(?:,? [\w’'&-]+){0,5}")
#: First words of what a question cannot be made of by putting "What about" before it.
_NO_NAMES = frozenset(
    "what how why when where who which if whether in on at by for from with to after before during about "
    "under over between every each all no not this that these those it its you your we our i my and or "
    "but as than other section part chapter volume figure table step phase day week appendix annex "
    "article item page note".split()
)
_VAGUE = "What about"
_PRONOUNS = frozenset("it its them they this that these those what".split())


def heading_questions(name: str, document: ParsedDocument) -> list[tuple[str, int]]:
    """A question about each heading that makes one, with the place of the heading in `headings`.

    Those that ask something by themselves come first, then those that only name a subject.
    """
    words = Counter(re.findall(r"[a-z]+", document.text[:LOOKED_AT].lower()))
    is_english = sum(words[own] for own in ENGLISH) > LEAST * words.total()
    asked: dict[str, int] = {}
    for topic, place in heading_topics(name, document):
        question = _question(topic, words) if is_english else topic
        if question:
            asked.setdefault(question, place)
    return sorted(asked.items(), key=lambda own: is_vague(own[0]))


def is_vague(question: str) -> bool:
    """Whether a question only names a subject."""
    return question.startswith(_VAGUE) or not question.endswith("?")


def _question(topic: str, words: Counter[str]) -> str:
    if topic.endswith("?"):
        return topic
    first, _, _ = topic.lower().partition(" ")
    if _PRONOUNS.intersection(topic.lower().split()[1:]):
        return ""
    if found := _TO_DO.fullmatch(topic):
        asked, rest = found["asked"].capitalize(), found["rest"]
        return f"How do I {rest}?" if asked == "How" else f"{asked} should I {rest}?"
    if found := _NEEDED.fullmatch(topic):
        return f"What do I {found['rest']}?"
    if found := _DOING.fullmatch(topic):
        verb = _base(found["verb"].lower(), words)
        return f"How do I {verb} {found['rest']}?" if verb else ""
    if first in _NO_NAMES:
        return ""
    if found := _ORDER.fullmatch(topic):
        return f"How do I {found['verb'].lower()} {found['rest']}?"
    if not _NAMED.fullmatch(topic):
        return ""
    article = "the " if " of " in topic and first not in ("the", "a", "an") else ""
    return f"{_VAGUE} {article}{topic}?"


def _base(verb: str, words: Counter[str]) -> str:
    """ "ask" of "asking", as the text itself writes it; "" where it does not."""
    stem = verb.removesuffix("ing")
    twice = stem[:-1] if stem[-1:] == stem[-2:-1] else ""
    known = [own for own in (stem, f"{stem}e", twice) if len(own) > 1 and words[own]]
    return max(known, key=lambda own: words[own], default="")
