"""What is to be known about a file once it was read: empty pages, scans, pages whose text is rubbish.

A judgement of the text alone, by signs that mean the same in any language; it opens no file and
changes nothing. A page with no letters to judge by is never called garbled.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from ingest.near_duplicates import signature
from rag.types import ParsedDocument

EMPTY, SCANNED, GARBLED = "empty", "scanned", "garbled"
#: The page number of a text without pages.
WHOLE_TEXT = 0
#: Visible characters below which a page is not judged.
FEWEST_CHARACTERS = 60
#: Share of visible characters that stand for nothing, and of words that nobody could say.
MOST_UNREADABLE = 0.12
MOST_UNSPEAKABLE = 0.5
FEWEST_WORDS = 20
_LONGEST_JUDGED = 20_000
_UNREADABLE = frozenset({"Co", "Cn", "Cs", "Cc"})
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{3,}")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_GLYPH_NUMBER = re.compile(r"\(cid:\d+\)|/[gG]\d{1,4}\b")


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is kept with a document: page numbers by what is wrong with them, and its signature.

    `pages` has the keys empty, scanned (pictures whose text is not known) and garbled, each only when
    there are such pages; the page WHOLE_TEXT
    stands for a text without pages.
    """

    pages: dict[str, list[int]] = field(default_factory=dict)
    signature: bytes = b""


def report_on(document: ParsedDocument) -> FileReport:
    """The report on a document that was read."""
    if not document.pages:
        pages = {GARBLED: [WHOLE_TEXT]} if is_garbled(document.text) else {}
        return FileReport(pages, signature(document.text))
    texts = [(page.number, document.text[page.start : page.end]) for page in document.pages]
    found = {
        EMPTY: [number for number, text in texts if not text.strip() and number not in document.scans],
        SCANNED: [number for number, text in texts if not text.strip() and number in document.scans],
        GARBLED: [number for number, text in texts if is_garbled(text)],
    }
    return FileReport({kind: own for kind, own in found.items() if own}, signature(document.text))


def is_garbled(text: str) -> bool:
    """Whether a text is rubbish, as when a PDF's fonts do not say which letters their shapes are."""
    visible = "".join(text[:_LONGEST_JUDGED].split())
    if len(visible) < FEWEST_CHARACTERS:
        return False
    numbers = sum(len(match) for match in _GLYPH_NUMBER.findall(visible))
    lost = visible.count("\ufffd")
    if not visible.isprintable():
        lost += sum(unicodedata.category(character) in _UNREADABLE for character in visible)
    if (lost + numbers) / len(visible) > MOST_UNREADABLE:
        return True
    words = _LATIN_WORD.findall(text[:_LONGEST_JUDGED])
    if len(words) < FEWEST_WORDS:
        return False
    return sum(map(_unspeakable, words)) / len(words) > MOST_UNSPEAKABLE


@lru_cache(maxsize=20_000)
def _unspeakable(word: str) -> bool:
    """Whether a word has no vowel; a page's words are mostly those of the page before."""
    # Letters apart from their marks: a vowel with an accent is one.
    return not _VOWEL.search(word if word.isascii() else unicodedata.normalize("NFD", word))
