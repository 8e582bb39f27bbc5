"""How the words of a collection are told apart, cut to stems and left out: by its main language.

It makes full-text indexes on a table that is open already. One language decides for the whole index;
where none prevails, words are told apart as Unicode says, and neither cut nor left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.table_upkeep import persistently

#: The columns with an index: what is embedded, and the passages' own text.
INDEXED = ("embedded_text", "text")
#: Languages that the index has stems and stop words for, by ISO 639-1 code.
STEMMED = {
    "ar": "Arabic",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "it": "Italian",
    "nb": "Norwegian",
    "nl": "Dutch",
    "nn": "Norwegian",
    "no": "Norwegian",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "ta": "Tamil",
    "tr": "Turkish",
}
#: The share of a collection's passages that makes a language its main one.
PREVAILS = 0.6


@dataclass(frozen=True)
class TextIndex:
    """How an index reads words. `tokenizer` is simple (letters in a row) or icu (Unicode's words)."""

    tokenizer: str = "simple"
    language: str = "English"
    cuts: bool = True

    def config(self) -> Any:
        """The form that LanceDB takes."""
        from lancedb.index import FTS

        return FTS(
            base_tokenizer=self.tokenizer,
            language=self.language,
            stem=self.cuts,
            remove_stop_words=self.cuts,
        )

    def made(self, details: Mapping[str, Any]) -> bool:
        """Whether an index with these details reads words so."""
        return (details["base_tokenizer"], details["language"], details["stem"]) == (
            self.tokenizer,
            self.language,
            self.cuts,
        )


BY_UNICODE = TextIndex("icu", "English", cuts=False)


def index_for(passages: Mapping[str, int]) -> TextIndex | None:
    """The index for so many passages by language (ISO 639-1); None when no language is known."""
    known = {language: count for language, count in passages.items() if language}
    if not known:
        return None
    main = max(known, key=lambda language: (known[language], language))
    if known[main] < PREVAILS * sum(known.values()) or main not in STEMMED:
        return BY_UNICODE
    return TextIndex("simple", STEMMED[main])


def index_texts(table: Any, name: str) -> None:
    """Make the indexes that are missing: the process that made the table may have ended before."""
    for column in INDEXED:

        def make(own: str = column) -> None:
            if not any(own in index.columns for index in table.list_indices()):
                table.create_index(own, config=TextIndex().config())

        persistently(table, make, name)


def renew_indexes(table: Any, name: str, wanted: TextIndex) -> bool:
    """Make anew, each in one commit, the indexes that read words otherwise; returns whether there were any.

    Until then searches go on with the former ones.
    """
    renewed = False
    for column in INDEXED:

        def renew(own: str = column) -> None:
            nonlocal renewed
            there = [index for index in table.list_indices() if own in index.columns]
            if not all(wanted.made(index.index_details) for index in there):
                table.create_index(own, config=wanted.config(), replace=True)
                renewed = True

        persistently(table, renew, name)
    return renewed
