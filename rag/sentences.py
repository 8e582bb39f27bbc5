"""Cutting text into sentences, list items, table rows and headings, by rule and in linear time.

Nothing here changes a text, knows a language model or guesses across blank lines: the result is
places in the text as it stands, so that a sentence can be quoted and highlighted verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r?\n\f?|[\r\f\v\x85\u2028\u2029]")
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s|$)")
_RULE = re.compile(r"\s*(?:[-=*_~]\s*){3,}$")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_ROW = re.compile(r"\s*\||[^|]*\|[^|]*\||\s*\S[^\t]*\t\s*\S|\s*\S+(?: \S+)*\s{3,}\S+(?: \S+)*\s{3,}\S")
_BULLET = re.compile(r"\s*(?:[-*+•◦▪‣●○■□➢✓]|\(?\[[ xX]\])\s+\S")
#: Marks that begin an item, but that wrapped prose may bring to the start of a line, too.
_POSSIBLE_ITEM = re.compile(
    r"\s*(?:\d{1,3}(?:\.\d{1,3})*[.)]\s+\S|\d{1,2}(?:\.\d{1,3})+\s+[^\W\d_]|[A-Za-z][.)]\s+\S"
    r"|\([A-Za-z0-9]{1,4}\)\s+\S|\[\d{1,4}\]\s+\S|[–—]\s+\S)"
)
_CAPITAL_START = re.compile(r"[\s\"'“‘«(\[*_]*(\S)")
_OPEN_END = re.compile(
    r"(?:[,;(\[/&+–—-]|\b(?:a|an|and|as|at|by|for|from|in|is|into|nor|of|on|or|that|the|to|was|were|which|with"
    r"|der|die|das|und|oder|von|im|mit|zu|de|la|le|les|et|du|des|el|los|y|en))\s*$",
    re.IGNORECASE,
)
_TERMINAL_END = re.compile(r"[.!?…。！？｡؟۔।॥][\"'”’»)\]}*_」』）】》]*(?:\[\d[\d,\s–-]*\])*\s*$")

_REFERENCES = r"(?:[ \t]?\[\d{1,4}(?:\s?[,–-]\s?\d{1,4}){0,20}\])"
#: Possessive throughout: a long row of dots must not be tried again from each dot.
_END = re.compile(
    rf"(?<![.!?…؟۔।॥])(?P<western>[.!?…؟۔।॥]++)[\"'”’»)\]}}*_]*+{_REFERENCES}*+(?=\s)"
    rf"|[。！？｡]+[」』”’）)】》\"']*{_REFERENCES}*"
)
_WORD_BEFORE = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]{1,2}")
_MARKER = re.compile(r"[\s(\[*_#>-]*(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]*")
_NEXT = re.compile(r"\s*[\"'“‘«‹(\[{*_–—¿¡-]*\s?(?P<word>[^\W_]+)?")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


#: A full stop after one of these never ends a sentence.
_NEVER_LAST = _words(
    "mr mrs ms dr prof gen col capt lt sgt rev hon pres gov sen rep st mt ft vs cf viz approx ca eg ie e.g "
    "i.e fig figs eq eqs tab ref refs eds resp al z.b d.h u.a bzw vgl abb nr bd hr fr hrsg mme mlle dña sra "
    "messrs supt insp adm cmdr maj cpl"
)
#: A full stop after one of these ends no sentence when a number follows.
_BEFORE_NUMBER = _words(
    "no nos p pp vol vols sec secs ch chap art ver v n s jan feb mar apr jun jul aug sep sept oct nov dec "
    "seite kap abs ziff line ed para paras pt"
)
#: A full stop after one of these ends a sentence only when a word follows that begins sentences.
_SELDOM_LAST = _words("inc ltd co corp jr sr bros dept univ assn ave blvd gmbh ph.d")
_STARTERS = _words(
    "The An It He She They We You This That These Those There Here In On At By For From To With When Where "
    "While If As But And Or So However Its His Her Their Our My Then Thus Also After Before Since Although "
    "Because Both Each Such Some Many Most What Who How Why Not No Yes Der Die Das Es Er Sie Wir Le La Les "
    "Il Elle El Los"
)
#: A text this long, in characters, would have a capital somewhere if its writer used them.
_TELLING_LENGTH = 200
_GERMAN_MONTHS = _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans, in code points, of the sentences of `text`, in order and disjoint.

    A Markdown heading, a list item's first sentence, a table row and a line of code are spans of
    their own; wrapped lines are joined. Spans have no white space around them, and together they
    hold every character that is not white space.
    """
    spans: list[tuple[int, int]] = []
    # Where no capital marks beginnings, in a transcript say, a small letter may begin a sentence.
    capitals = len(text) < _TELLING_LENGTH or any(map(str.isupper, text))
    for start, end, whole in _blocks(text):
        done = start
        if not whole:
            for boundary in _sentence_ends(text, start, end, capitals):
                _add(text, done, boundary, spans)
                done = boundary
        _add(text, done, end, spans)
    return spans


def _add(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        spans.append((start, start + len(stripped)))


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Parts that no sentence crosses; the third value says that a part is one span as it stands."""
    fenced = False
    for paragraph in _paragraphs(text):
        width = max(40, *(len(line.text) for line in paragraph))
        start = paragraph[0].start
        previous: _Line | None = None
        previous_whole = False
        for line in paragraph:
            fence = _FENCE.match(line.text) is not None
            whole = (
                fenced or fence or any(mark.match(line.text) is not None for mark in (_HEADING, _RULE, _ROW))
            )
            fenced ^= fence
            if previous is not None and (previous_whole or whole or _begins_anew(previous, line, width)):
                yield start, previous.end, previous_whole
                start = line.start
            previous, previous_whole = line, whole
        yield start, paragraph[-1].end, previous_whole


def _paragraphs(text: str) -> Iterator[list[_Line]]:
    paragraph: list[_Line] = []
    start = 0
    while start <= len(text):
        found = _LINE_END.search(text, start)
        end = found.start() if found else len(text)
        line = _Line(start, end, text[start:end])
        if line.text and not line.text.isspace():
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []
        start = found.end() if found else len(text) + 1
    if paragraph:
        yield paragraph


def _begins_anew(previous: _Line, line: _Line, width: int) -> bool:
    """Whether `line` starts something new although no blank line stands before it."""
    if _BULLET.match(line.text):
        return True
    ended = _TERMINAL_END.search(previous.text[-40:]) is not None
    length = len(previous.text.strip())
    short = length < 0.6 * width
    if _POSSIBLE_ITEM.match(line.text):
        return (
            ended
            or short
            or previous.text.rstrip().endswith(":")
            or bool(_POSSIBLE_ITEM.match(previous.text))
        )
    if ended or not short or _OPEN_END.search(previous.text[-40:]):
        return False
    first = _CAPITAL_START.match(line.text)
    return first is not None and first.group(1).isupper()


def _sentence_ends(text: str, start: int, end: int, capitals: bool) -> Iterator[int]:
    sentence_start = start
    for found in _END.finditer(text, start, end):
        if found.group("western") and not _is_end(text, sentence_start, found, end, capitals):
            continue
        sentence_start = found.end()
        yield found.end()


def _is_end(text: str, sentence_start: int, found: re.Match[str], end: int, capitals: bool) -> bool:
    following = _NEXT.match(text, found.end(), min(end, found.end() + 60))
    word = following.group("word") if following else None
    if capitals and word and word[0].islower() and not (len(word) > 1 and word[1].isupper()):
        return False
    if found.group("western") != ".":
        return True
    if found.start() - sentence_start <= 12 and _MARKER.fullmatch(
        text[sentence_start : found.start()].strip()
    ):
        return False
    closed = found.end() > found.start() + 1
    before = _WORD_BEFORE.search(text, max(sentence_start, found.start() - 30), found.start())
    if before is None or closed:
        return True
    last = before.group()
    lowered = last.lower()
    if lowered in _NEVER_LAST:
        return False
    if lowered in _BEFORE_NUMBER:
        return not (word and word[0].isdigit())
    if last.isdigit() and len(last) <= 2 and word in _GERMAN_MONTHS:
        return False
    if _DOTTED.fullmatch(last) or lowered in _SELDOM_LAST or (len(last) == 1 and last.isupper()):
        return word is None or word in _STARTERS
    return True
