"""Questions that a sentence answers, put by rules as people type them: "When was the mill opened?"

English only, and only where the rules are sure: a sentence that means something only beside its neighbours
("It was …"), or whose shape is not in rag/question_shapes.py, makes none. No model is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from rag.question_shapes import SHAPES, VERBS, Shape
from rag.sentences import split_sentences

#: Characters of a sentence that is worth asking about, and of a text that is looked at.
SHORTEST, LONGEST, LOOKED_AT = 30, 320, 400_000
#: Successive multiples of it, taken by what follows the point, lie far apart.
_GOLDEN = 0.6180339887498949
#: Words of a subject, beside its article.
LONGEST_SUBJECT = 6
#: A question, and where the sentence that answers it begins and ends.
Made = tuple[str, int, int]
_FORMS = {
    form: (helping, own.split()[0])
    for own in VERBS.split("|")
    for form, helping in reversed(list(zip(own.split(), ("do", "does", "did"), strict=True)))
}
_REFERENCE = re.compile(r"\[[^\]\n]{1,20}\]")
#: What tables, lists, code and broken lines hold.
_ODD = re.compile(r"[|•…<>{}=#*_\\]|https?:|\.{2,}|[a-z][A-Z]| [,.;]|/ ")
_SMALL = re.compile(r"(?<![.\w’'-])[a-z][a-z’'-]+")
_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z’'-]+")
_PEOPLE = re.compile(
    r"\b(?:act(?:or|ress)|singer|writer|author|president|director|manager|engineer|professor|king|queen|emperor|duke|"
    r"politician|justice|judge|lawyer|scientist|physicist|chemist|historian|poet|painter|artist|musician|composer|"
    r"footballer|player|coach|inventor|founder|chairman|chairwoman|leader|senator|governor|mayor|minister|"
    r"philosopher|teacher|journalist|son|daughter|brother|sister|wife|husband|father|mother|man|woman|boy|"
    r"girl|citizen|comedian|dancer|bishop|pope|saint|priest|monk|missionary|secretary|treasurer|athlete|explorer|"
    r"mathematician|economist|theologian|jurist)\b"
)
#: A sentence that says this of something does not say what it is.
_NO_NOUN = re.compile(r"..ly$|[^A-Z]\.$")
#: Where the words that name a thing end, and those begin that tell it apart.
_HEAD = re.compile(r"\b(?:who|that|which|of|in|for|by|with|to|[a-z]+ed)\b|[,;(]")
_NO_DEFINITION = re.compile(
    r"^(?:an?|the|one of the) (?:[\w-]+ ){0,2}(?:aspects?|examples?|parts?|proof|matter|reasons?|results?|"
    r"ways?|combination|cases?|causes?|sign|time|lot|number|majority|best|same|first|last|only|most|next)\b"
)
_PRONOUNS = frozenset(
    "it its this that these those he she they his her their them him such itself we us our ours".split()
)
#: Words of subjects that mean something only beside their neighbours, or are no subjects at all.
_UNFIT = _PRONOUNS | frozenset(
    "here there you i your my who which what both each many most some several few all other others "
    "another one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "sixty seventy eighty ninety hundreds thousands first second third fourth fifth latter former same "
    "following foregoing above below however also then thus but and or nor not no in on at by for from "
    "with since until before after during under over between among inside outside although while when "
    "where if because as than to so into through about against within without per via is are was were be "
    "been being has have had do does did can could may might must shall should will would only even still "
    "today currently additionally overall everything nothing something anyone everyone people someone "
    "part much more less instance result addition further present current later earlier better".split()
)
#: Parts that no word may point elsewhere from; "its" and the like may mean the subject.
_NAMING = ("doing", "duty", "unit", "condition", "object", "whole")
_POINTING = _PRONOUNS - {"his", "her", "its", "their"}
_VAGUE = frozenset(
    "majority rest most result results use part parts case end beginning start idea fact amount kind type "
    "sort way question thing things example effect remainder lack presence".split()
)
_TO_THE_READER = (("you are", "I am"), ("you", "I"), ("your", "my"), ("yourself", "myself"))


def sentence_questions(text: str) -> Iterator[Made]:
    """Questions, each with where the sentence that answers it begins and ends, in the order of the text."""
    looked_at = text[:LOOKED_AT]
    words = Counter(_SMALL.findall(looked_at))
    words.subtract(word.lower() for word in _CAPITAL.findall(looked_at))
    for start, end in split_sentences(looked_at):
        sentence = _REFERENCE.sub("", " ".join(looked_at[start:end].split()))
        if SHORTEST <= len(sentence) <= LONGEST and sentence.endswith(".") and not _ODD.search(sentence):
            question = next(filter(None, (_asked(shape, sentence, words) for shape in SHAPES)), "")
            if question:
                yield question, start, end


def spread_out(every: Sequence[Made]) -> list[Made]:
    """The same questions in another order, so that the first few, however many, come from all over."""
    order = sorted(range(len(every)), key=lambda number: number * _GOLDEN % 1)
    return [every[number] for number in order]


def _asked(shape: Shape, sentence: str, words: Counter[str]) -> str:
    """The question that a sentence of this shape answers; "" for a sentence of another, or an unsure one."""
    found = shape.pattern.search(sentence)
    if not found:
        return ""
    parts = {name: part or "" for name, part in found.groupdict().items()}
    if any(_POINTING.intersection(parts.get(own, "").lower().split()) for own in _NAMING):
        return ""
    if "subject" in parts:
        parts["subject"] = _subject(parts["subject"], words, named=shape.named)
        if not parts["subject"] or (parts.get("be") in ("are", "were") and not _is_plural(parts["subject"])):
            return ""
    if "what" in parts and (_VAGUE.intersection(parts["what"].split()) or not _is_told(parts["whole"])):
        return ""
    if "verb" in parts:
        parts["helping"], parts["base"] = _FORMS.get(parts["verb"].split()[0], ("does", "mean"))
        parts.setdefault("be", "are" if parts["helping"] == "do" else "is")
    if "said" in parts:
        parts["who"] = _who_or_what(parts["subject"], parts["be"], parts["said"])
        if not parts["who"]:
            return ""
    for own in ("doing", "condition"):
        for theirs, mine in _TO_THE_READER:
            parts[own] = re.sub(rf"\b{theirs}\b", mine, parts.get(own, ""))
    question = shape.asked.format(**parts)
    return question[0].upper() + question[1:]


def _who_or_what(subject: str, be: str, said: str) -> str:
    """How a definition is asked for; "" where it is none."""
    words = subject.split()
    # "The state is the largest" speaks of one that was named before, "The kettle is a vessel" of all.
    is_known = words[0] == "the" and len(words) == 2 and words[1].islower() and said.startswith("the")
    if is_known or _NO_DEFINITION.search(said):
        return ""
    is_person = _PEOPLE.search(_HEAD.split(said, maxsplit=1)[0]) and all(own[:1].isupper() for own in words)
    return "Who" if is_person else "What" if be in ("is", "are") else ""


def _is_told(thing: str) -> bool:
    """Whether the words name something by themselves; "the book" does not."""
    words = thing.split()
    is_short = words[0] == "the" and len(words) == 2 and thing.islower()
    return not is_short and not _UNFIT.intersection(map(str.lower, words))


def _is_plural(subject: str) -> bool:
    return subject.endswith(("s", "people", "children", "men", "women", "staff", "data", "media"))


def _subject(subject: str, words: Counter[str], *, named: bool) -> str:
    """A subject as it stands within a question; "" for what is none, or names nothing by itself."""
    every = subject.split()
    article = every[0].lower() if every[0] in ("The", "A", "An") else ""
    rest = every[1:] if article else every
    if not 0 < len(rest) <= LONGEST_SUBJECT or any(map(_NO_NOUN.search, rest)):
        return ""
    if _UNFIT.intersection(own.lower().partition("-")[0].rstrip(".") for own in rest):
        return ""
    capital = [not word[:1].islower() for word in rest]
    linking = [word in ("of", "the", "de", "von", "van", "la", "del") for word in rest]
    # "Tests showed Chlorella": a small word between two names is a verb.
    between = range(1, len(rest) - 1)
    if any(capital[at - 1] and capital[at + 1] and not (capital[at] or linking[at]) for at in between):
        return ""
    if linking[0] or linking[-1]:
        return ""
    is_name = any(capital if article else capital[1:]) or "of" in rest
    if named and (article in ("a", "an") or (article and len(rest) == 1 and not is_name)):
        return ""
    first = rest[0]
    if not article and not is_name and first[1:].islower():
        is_word = words[first.lower()] > 0
        if is_word and named and len(rest) == 1:
            return ""
        # Written nowhere else, it is a name only if it stands alone.
        if is_word or (words[first.lower()] == 0 and (len(rest) > 1 or first.endswith(("s", "ing")))):
            rest = [first.lower(), *rest[1:]]
    return " ".join([article, *rest]).strip()
