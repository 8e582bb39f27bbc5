"""A follow-up question made to stand alone, so that a search finds what "it" and "there" mean.

By rules, which carry over the words that the last questions were about, or by a language model
with the prompt `follow_up`. A question that leans on nothing stays as it is. It searches nothing
and keeps nothing; the question as it was asked is never lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.asked_codes import asked_codes, make_of
from rag.errors import ModelError, SettingsError
from rag.exact_facts import names
from rag.llms import ChatModel
from rag.prompts import fill
from rag.types import Message
from rag.words import FUNCTION_WORDS, content_stems, stem, words

#: Earlier questions that are looked at, and told to a model.
EARLIER = 6
#: A question with fewer words that mean something leans on what was said before.
FEW_WORDS = 3
#: With so many words of its own a question tells which sentence of a passage answers it.
ENOUGH_WORDS = 2
#: A number of fewer digits says which of what stands before it: boiler 7, week 12.
YEAR_DIGITS = 4
#: Words of the topic that are carried over, at most.
TOPIC_WORDS = 4
#: What a word counts less for each question since, and what a word with a capital counts beside others.
DECAY, NAME_WEIGHT = 0.85, 1.5
#: A model's rewriting longer than this is no question.
LONGEST = 400
#: The share of its words that a rewriting takes from the conversation, at least; else it made them up.
FAMILIAR = 0.25

_POINTING = frozenset(
    "it its they them their he him his she her this that these those there one ones same such former latter "
    "both other others another else more er sie es ihn ihm ihr sein dies diese dieser dieses dort"
    " davon dazu".split()
)
#: What models write before the question: a label on the same line, or a line of their own.
_LABEL = re.compile(
    r"^\W*(?:(?:the|your|my|rewritten|rephrased|stand-?alone|last|new|final) ){0,3}question\W*:[\s*_]*",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"\W*(?:and|but|so|or|also|then|what about|how about|what else|why|und|aber|was ist mit)\b", re.IGNORECASE
)
#: Words of asking and talking, which belong to no topic.
_TALK = frozenset(
    "tell please know want like need give explain describe name many much mean means meaning does do can "
    "could would should must shall may about also just think me possible find help get make use there some "
    "any other another good best most more different difference between okay ok yes no thanks thank hi hello "
    "am not don't actually really was what's it's that's i'm "
    "der die das den dem des ein eine einen einem einer und oder aber ist sind waren wird werden wurde haben "
    "kann soll muss ich du wir ihr mir uns wie wer wen wem wann wo welche welcher welches viel viele hoch "
    "lange nicht kein keine auf aus bei für mit nach von vom vor zu zum zur über noch bitte danke".split()
)


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question to search for. `by` is rules, a model's name, the user, or "" for one left as it was.

    `note` is a sentence for the user when a model was asked in vain.
    """

    text: str
    by: str = ""
    note: str = ""


def leans(question: str) -> bool:
    """Whether a question points at something outside itself, or says too little to be searched for."""
    return _points(question) or (len(_topic_words(question)) < FEW_WORDS and not names(question))


def _points(question: str) -> bool:
    own = [word.casefold() for word in words(question)]
    if _LEADS.match(question) and len(own) <= 2 * FEW_WORDS:
        return True
    return any(word in _POINTING for word in own)


def says_little(question: str) -> bool:
    """Whether a question leans for nothing but its few words: it may as well begin another subject."""
    return bool(_topic_words(question)) and leans(question) and not _points(question)


def says_what(question: str) -> bool:
    """Whether a question, though it leans, has words of its own by which its answer can be told."""
    return len(_topic_words(question)) >= ENOUGH_WORDS


def by_rules(question: str, earlier: Sequence[str]) -> Standalone:
    """The question with what `earlier` ones (oldest first) were about, when it leans on them."""
    if not earlier or not leans(question):
        return Standalone(question)
    known = content_stems(question)
    topic = [word for word in topic_of(earlier, question) if stem(word) not in known]
    if not topic:
        return Standalone(question)
    return Standalone(f"{question.strip()} (about {' '.join(topic)})", "rules")


def carried_over(question: str, standalone: str) -> set[str]:
    """The stems of what by_rules has carried over into a question."""
    return content_stems(standalone.removeprefix(f"{question.strip()} (about "))


def by_model(question: str, earlier: Sequence[str], *models: Callable[[], ChatModel]) -> Standalone:
    """The question as the first of the models that answers puts it, made in turn when it is asked.

    By rules when that gives no question, and when each of them fails or cannot be made; a note says why.
    """
    if not earlier or not leans(question):
        return Standalone(question)
    asked = "\n".join(f"- {' '.join(own.split())}" for own in earlier[-EARLIER:])
    prompt = [Message("user", fill("follow_up", earlier=asked, question=question))]
    failed: list[str] = []
    for made in models:
        try:
            model = made()
            said = "".join(model.stream(prompt))
        except (ModelError, SettingsError) as error:
            failed.append(str(error))
            continue
        own = _as_said(said, question, earlier, model.name)
        return replace(own, note=_note(model.name, failed)) if failed else own
    return replace(by_rules(question, earlier), note=_note("rules", failed))


def _as_said(said: str, question: str, earlier: Sequence[str], name: str) -> Standalone:
    text = _only_question(said)
    own, known = content_stems(text), content_stems(" ".join([*earlier, question]))
    made_up = len(own & known) < FAMILIAR * len(own)
    if not own or len(text) > LONGEST or made_up or text in earlier:
        return by_rules(question, earlier)
    return Standalone(text, "" if text == question.strip() else name)


def _only_question(said: str) -> str:
    """The one line that is the question, without what announces it; empty where several may be it."""
    lines = [line.strip() for line in said.splitlines()]
    told = [line for line in lines if line and not line.endswith(":")]
    return _LABEL.sub("", told[0], count=1).strip('"“”* ') if len(told) == 1 else ""


def _note(by: str, failed: Sequence[str]) -> str:
    return f"The follow-up was rewritten by {by}: {' '.join(failed)}" if failed else ""


def topic_of(earlier: Sequence[str], question: str = "") -> list[str]:
    """The few words that the last questions were about, as last written: those said late or often.

    A number or code gives way to one of its kind in a later question, the last of which is `question`: who
    asks "and 2025005?" means no longer 2025003.
    """
    weight: dict[str, float] = defaultdict(float)
    written: dict[str, str] = {}
    kinds, codes = _numbered(question), asked_codes(question)
    for age, own in enumerate(reversed(earlier[-EARLIER:])):
        given_way = {word for kind, numbers in _numbered(own).items() if kind in kinds for word in numbers}
        if codes and len(asked_codes(own)) == 1:
            # The only code of its question gives way to one of any kind.
            given_way.update(asked_codes(own))
        for word in _topic_words(own):
            if word not in given_way:
                weight[stem(word)] += DECAY**age * (NAME_WEIGHT if word[0].isupper() else 1.0)
                written.setdefault(stem(word), word)
        kinds, codes = kinds | _numbered(own), codes or asked_codes(own)
    chosen = sorted(weight, key=lambda own: -weight[own])[:TOPIC_WORDS]
    return [word for own, word in written.items() if own in chosen]


def _numbered(question: str) -> dict[str, set[str]]:
    """The words with digits by their kind: a short number's is the word before it (boiler 7, boiler 12)."""
    found: dict[str, set[str]] = defaultdict(set)
    before = ""
    for word in words(question):
        if any(map(str.isdigit, word)):
            short = word.isdigit() and len(word) < YEAR_DIGITS
            found[f"{before} number" if short else make_of(word)].add(word)
        before = stem(word)
    return found


def _topic_words(question: str) -> list[str]:
    kept = []
    for word in words(question):
        lowered = word.casefold()
        if lowered in FUNCTION_WORDS or lowered in _TALK or lowered in _POINTING or len(word) < 2:
            continue
        kept.append(word)
    return kept
