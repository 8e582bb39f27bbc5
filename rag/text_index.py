"""How the words of a collection are told apart, cut to stems and left out: by its main language.

It makes full-text indexes on a table that is open already. One language decides for the whole index;
where none prevails, words are told apart as Unicode says, and neither cut nor left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.table_upkeep import indexed_columns, persistently
from rag.text_fields import BASES, BOOSTED

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

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> TextIndex:
        """How an index with these details reads words."""
        return cls(details["base_tokenizer"], details["language"], details["stem"])


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


def index_texts(table: Any, name: str, columns: Sequence[str]) -> None:
    """Make the indexes that are missing on these columns, reading words as those that are there do.

    The process that made the table may have ended before, or may have been of an earlier version.
    """
    for column in columns:

        def make(own: str = column) -> None:
            if own not in indexed_columns(table):
                table.create_index(own, config=present(table).config())

        persistently(table, make, name)


def renew_indexes(table: Any, name: str, wanted: TextIndex | None) -> bool:
    """Make, each in one commit, indexes that are missing or read words otherwise; returns if any was made.

    Without `wanted` they go on reading words as they do. Until then searches go on with the former ones.
    """
    renewed = False
    for column in (*BASES, *BOOSTED):

        def renew(own: str = column) -> None:
            nonlocal renewed
            reads = wanted or present(table)
            there = [index for index in table.list_indices() if own in index.columns]
            if not there or any(TextIndex.of(index.index_details) != reads for index in there):
                table.create_index(own, config=reads.config(), replace=True)
                renewed = True

        persistently(table, renew, name)
    return renewed


def present(table: Any) -> TextIndex:
    """How the index of what is embedded reads words; the default where there is none yet."""
    there = [index for index in table.list_indices() if BASES[0] in index.columns]
    return TextIndex.of(there[0].index_details) if there else TextIndex()
