"""Keeps back what a model repeats from its prompt though the question does not call for it.

A document may tell the model to give away what else it was given, and a weak model obeys. So what repeats
the instructions goes, and so does a sentence without a word of the question that repeats a passage which
the answer does not cite. Quotes with their citation, and whatever concerns the question, pass; but codes,
long numbers and addresses of a passage that the question does not concern need their citation even then.
It compares words and knows no meanings: a copy that is translated or encoded is not found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from rag.identifiers import is_code
from rag.sentences import split_sentences
from rag.words import content_stems

#: Words in a row, as the prompt has them, from which on a sentence waits until it is complete.
HELD_FROM = 4
#: Words in a row that count as repeating the instructions, and as repeating a passage.
INSTRUCTION_RUN, PASSAGE_RUN = 8, 6
#: Most characters that wait for the end of a sentence.
LONGEST_HELD = 600
#: Digits from which a number is as telling as a code, and from which a part of a code is.
TELLING_DIGITS, TELLING_PART = 5, 4
#: Characters from which on a word that may become the token of the fence waits.
BEGUN = 3
LEFT_OUT = "[…]"

_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\s\"'“”‘’()\[\]{}<>,;|*`=?&/]+")
_ENDING = re.compile(r"[.!?…。！？｡\n]")
_CITATION = re.compile(r"[\[【]([^\]】\n]{1,40})[\]】]")
_CITATIONS_AFTER = re.compile(r"(?:[\[【][^\]】\n]{1,40}[\]】]\s*)+")
_CITATION_BEGUN = re.compile(r"[\[【][^\]】\n]{0,40}\Z")
_NUMBER = re.compile(r"\d{1,9}")
#: What parts the thousands of a number, and what may follow one that goes on.
_THOUSANDS = re.compile(r"(?<=\d)[,.'’ \u00a0\u2009\u202f](?=\d{3}(?!\d))")
_THOUSANDS_BEGUN = re.compile(r"(?<=\d)[,.'’ \u00a0\u2009\u202f](?=\d{0,2}\Z)")
_GOES_ON = re.compile(r"[\w@][\-_.:]?\Z|\d[,'’ \u00a0\u2009\u202f]\Z")
_YEAR = re.compile(r"(?:1[6-9]|20)\d\d")

Run = tuple[str, ...]


class EchoFilter:
    """Passes a model's streamed text on without what it must not repeat; `left_out` counts the sentences.

    `passages` are those of the prompt in the order of their numbers, `question` what was asked, also in
    other words. `fence` is the token of the prompt's fences.
    """

    def __init__(self, instructions: str, passages: Sequence[str], question: str, fence: str) -> None:
        self.left_out = 0
        told = _words(instructions)
        self._instructions = _runs(told, INSTRUCTION_RUN)
        self._instruction_starts = _runs(told, HELD_FROM)
        words = [_words(own) for own in passages]
        self._passages = [
            _runs(own, PASSAGE_RUN) | _telling(text) for own, text in zip(words, passages, strict=True)
        ]
        self._told = set().union(*self._passages)
        self._passage_starts = set().union(*(_runs(own, HELD_FROM) for own in words))
        self._fence_starts = {fence[:end] for end in range(BEGUN, len(fence) + 1)}
        asked = content_stems(question)
        concerned = [bool(asked & content_stems(own)) for own in passages]
        self._topic = asked & content_stems("\n".join(passages))
        near = set().union(*(own for own, near in zip(self._passages, concerned, strict=True) if near))
        self._codes = {run[0] for run in self._told if len(run) == 1}
        # Where no passage shares a word with the question, none is further off than another.
        self._far_codes = self._codes - {run[0] for run in near if len(run) == 1} if self._topic else set()
        self._far_codes -= set(_tokens(question))
        self._fence = fence
        self._cited: set[int] = set()
        self._before: list[str] = []
        self._sentence = ""
        self._given = 0
        self._holding = False
        self._after_gap = False
        self._gap_lines = 0

    def feed(self, piece: str) -> str:
        """Take the next piece; give back what may go on (perhaps nothing)."""
        # All that waits is looked at for each sentence: a whole answer in one piece would take for ever.
        parts = (piece[start : start + LONGEST_HELD] for start in range(0, len(piece), LONGEST_HELD))
        return "".join(map(self._advance, parts))

    def _advance(self, piece: str) -> str:
        self._sentence += piece
        shown = ""
        if self._holding or _ENDING.search(self._sentence) or len(self._sentence) > LONGEST_HELD:
            shown = self._complete_sentences()
        start = 0 if self._holding else max(0, len(self._sentence) - len(piece) - 100)
        self._holding = self._is_doubtful(start)
        return shown if self._holding else shown + self._give(len(self._sentence))

    def finish(self) -> str:
        """Give back what was still held, at the end of the text."""
        return self._complete_sentences() + self._complete(len(self._sentence))

    def _complete_sentences(self) -> str:
        shown = ""
        while (end := self._sentence_end()) is not None:
            shown += self._complete(end)
        return shown

    def _sentence_end(self) -> int | None:
        """Where the next sentence begins, once that is certain; citations after a full stop belong to it."""
        spans = split_sentences(self._sentence)
        if len(spans) < 2:
            return LONGEST_HELD if len(self._sentence) > LONGEST_HELD else None
        start = spans[1][0]
        cited = _CITATIONS_AFTER.match(self._sentence, start)
        start = cited.end() if cited else start
        begun = _CITATION_BEGUN.match(self._sentence, start)
        return None if begun or start == len(self._sentence) else start

    def _complete(self, end: int) -> str:
        sentence = self._sentence[:end]
        withheld = self._is_withheld(sentence)
        self._before = [*self._before, *_words(sentence)][1 - INSTRUCTION_RUN :]
        if not withheld or self._given >= end:
            shown = self._without_fence(end)
        else:
            self.left_out += 1
            shown = self._gap(sentence)
        self._sentence = self._sentence[end:]
        self._given = max(self._given - end, 0)
        self._holding = False
        return shown

    def _without_fence(self, end: int) -> str:
        begin = max(0, self._given - len(self._fence) + 1)
        place = self._sentence.find(self._fence, begin, end)
        if place < 0:
            return self._give(end)
        before = self._give(place)
        self._given = max(self._given, place + len(self._fence))
        return f"{before}…{self._without_fence(end)}"

    def _gap(self, sentence: str) -> str:
        """The mark for what was left out, one for several sentences; lines stay lines."""
        following = sentence[len(sentence.rstrip()) :]
        if self._after_gap:
            lines = min(following.count("\n"), 2)
            shown = "\n" * (lines - self._gap_lines)
            self._gap_lines = max(lines, self._gap_lines)
            return shown
        apart = " " if self._given and not sentence[self._given - 1].isspace() else ""
        self._after_gap, self._gap_lines = True, following.count("\n")
        return f"{apart}{LEFT_OUT}{following}"

    def _give(self, end: int) -> str:
        """What has not been shown yet, up to this place."""
        shown = self._sentence[self._given : end]
        self._given = max(self._given, end)
        self._after_gap = self._after_gap and not shown.strip()
        return shown

    def _is_doubtful(self, start: int) -> bool:
        """Whether the unfinished sentence has come to repeat something from this character on."""
        text = self._sentence[start:]
        runs = _runs([*self._before, *_words(text)], HELD_FROM)
        tokens = _tokens(_THOUSANDS_BEGUN.sub("", text))
        if not (runs.isdisjoint(self._instruction_starts) and self._fence_starts.isdisjoint(tokens)):
            return True
        goes_on = bool(_GOES_ON.search(text))
        if _begins(self._far_codes, tokens, goes_on):
            return True
        repeats = not runs.isdisjoint(self._passage_starts) or _begins(self._codes, tokens, goes_on)
        return repeats and not self._concerns_question(self._sentence)

    def _is_withheld(self, sentence: str) -> bool:
        words = _words(sentence)
        if not self._instructions.isdisjoint(_runs([*self._before, *words], INSTRUCTION_RUN)):
            return True
        self._cited |= {
            int(number) for within in _CITATION.findall(sentence) for number in _NUMBER.findall(within)
        }
        repeated = (_runs(words, PASSAGE_RUN) | {(token,) for token in _tokens(sentence)}) & self._told
        for number, told in enumerate(self._passages, start=1):
            if number in self._cited:
                repeated -= told
        if any(len(run) == 1 and run[0] in self._far_codes for run in repeated):
            return True
        return bool(repeated) and not self._concerns_question(sentence)

    def _concerns_question(self, sentence: str) -> bool:
        # A question that shares no word with the passages tells nothing about what concerns it.
        return not self._topic or not self._topic.isdisjoint(content_stems(sentence))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _runs(words: Sequence[str], length: int) -> set[Run]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def _tokens(text: str) -> list[str]:
    return [token.strip(".:!?-_").casefold() for token in _TOKEN.findall(_THOUSANDS.sub("", text))]


def _begins(codes: Set[str], tokens: Sequence[str], goes_on: bool) -> bool:
    """Whether one of the tokens is a code, or the last, where it goes on, may become one."""
    if not codes.isdisjoint(tokens):
        return True
    return goes_on and bool(tokens) and bool(tokens[-1]) and any(own.startswith(tokens[-1]) for own in codes)


def _telling(text: str) -> set[Run]:
    """Codes, long numbers and e-mail addresses of a text, and parts that tell them; runs of one."""
    told = set()
    for token in _tokens(text):
        digits = sum(sign.isdigit() for sign in token)
        if "@" in token:
            told |= {token, token.partition("@")[0]}
        elif is_code(token):
            told |= {token, *(part for part in _WORD.findall(token) if _tells_alone(part))}
        elif digits >= TELLING_DIGITS:
            told.add(token)
    return {(token,) for token in told if token}


def _tells_alone(part: str) -> bool:
    return len(part) >= TELLING_PART and part.isdigit() and not _YEAR.fullmatch(part)
