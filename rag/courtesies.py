"""What is said to Askance rather than asked of documents: greetings, thanks, what it can do, what it has.

Told by whole texts of a few known words, so that a question is never taken for a greeting. Nothing is
searched for these, since a document with the same words would answer "Hello" with "Hello".
"""

from __future__ import annotations

import re
from typing import Final

from rag.words import words

NO_WORDS: Final = "There are no words in this question. Ask about your documents in your own words."
GREETING: Final = (
    "Hello. Ask about your documents in your own words; the answer says where in them it was found."
)
WELCOME: Final = "You are welcome."
ABILITIES: Final = (
    "Askance looks for the answer in your documents and shows where it stands; when they do not hold it, it "
    "says so. Ask in your own words, as “How much notice must I give?” Add documents on the Library page."
)
DOCUMENTS: Final = (
    "The Library page lists all documents, with their pages, tags and notes. Here you can ask what they say."
)
#: Who sets a word in quotation marks looks for the word.
_QUOTED = re.compile('["“”„«»]')
_GREETINGS = frozenset(
    "hello hi hey hallo servus moin bonjour salut hola ciao good morning afternoon evening day guten tag "
    "morgen abend grüß gott dear there everyone askance".split()
)
_GREETING_WORDS = frozenset("hello hi hey hallo servus moin bonjour salut hola ciao good guten grüß".split())
_THANKS = frozenset(
    "thanks thank you thx ty very so much many a lot for your the help danke dank vielen schön sehr merci "
    "gracias great perfect super ok okay bye goodbye tschüss that's all".split()
)
_THANKS_WORDS = frozenset(
    "thanks thank thx ty danke dank merci gracias great perfect super ok okay bye goodbye tschüss".split()
)
_ABILITIES = re.compile(
    r"(?:what (?:can|do) you do(?: for me)?|what (?:can|could) i (?:ask|do)(?: you| here)?|who are you"
    r"|what are you|how does (?:this|it) work|how do i use (?:this|it)|(?:please )?help(?: me)?(?: please)?"
    r"|was kannst du(?: alles)?|wer bist du|was kann ich (?:hier )?fragen|wie funktioniert das|hilfe)"
)
_DOCUMENTS = re.compile(
    r"(?:(?:what|which|how many) (?:documents|files)"
    r"(?: (?:do you have|do i have|have i added|are there|are here|are in here|are loaded|can you see))?"
    r"|(?:show|list)(?: me)? (?:all )?(?:the |my |your )?(?:documents|files)"
    r"|(?:welche|wie viele) (?:dokumente|dateien)(?: (?:hast du|habe ich|gibt es|sind da))?)"
)


def courtesy(text: str) -> str:
    """What to reply to a text that asks nothing of documents; empty for one that does."""
    own = [word.casefold() for word in words(text)]
    if not text.strip() or _QUOTED.search(text):
        return ""
    if not own:
        return NO_WORDS
    told = set(own)
    if told <= _GREETINGS and told & _GREETING_WORDS:
        return GREETING
    if told <= _THANKS and told & _THANKS_WORDS:
        return WELCOME
    plain = " ".join(own)
    if _ABILITIES.fullmatch(plain):
        return ABILITIES
    return DOCUMENTS if _DOCUMENTS.fullmatch(plain) else ""
