"""Tokens put together from words met before are those that the tokenizer gives for the whole text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import rag.known_words
from rag.embedders import LONGEST_WORD, get_embedder
from rag.known_words import KnownWords
from rag.minilm import packaged_minilm
from rag.settings import EmbeddingSettings

TOKENIZER = Tokenizer.from_file(str(packaged_minilm() / "tokenizer.json"))
TOKENIZER.no_truncation()
TOKENIZER.no_padding()
KNOWN = KnownWords(TOKENIZER)
#: What a tokenizer might treat by what stands around it.
# fmt: off
AWKWARD = st.sampled_from([
    " ", "\n", "\t", "\r\n", "\x00", "\x0c", "\x1f", "\x85", "\xa0", "\u2028", "\u3000", "\u200b", "\ufeff",
    "[SEP]", "[MASK]", "##ing", "pump", "Pumps.", "P-118B", "\u0301", "e\u0301", "\u0130", "\u03a3",
    "\u6f22\u5b57", "\u0e01\u0e34", "\u1100\u1161", "\U0001f600", "\ufb01", "a" * 101,
])
# fmt: on


def told(text: str) -> tuple[list[int], list[tuple[int, int]]]:
    whole = TOKENIZER.encode(text, add_special_tokens=False)
    return whole.ids, whole.offsets


def put_together(text: str, known: KnownWords = KNOWN) -> tuple[list[int], list[tuple[int, int]]]:
    placed = known.tokens(text, LONGEST_WORD)
    assert placed is not None
    return placed.ids.tolist(), list(zip(placed.starts.tolist(), placed.ends.tolist(), strict=True))


@given(st.lists(AWKWARD | st.text(max_size=5), max_size=30).map("".join))
@example("")
@example(" \n ")
@example("na\u00efve plumbers re-tighten [SEP] so\x0con, so\x0con")
def test_they_are_those_of_the_whole_text(text: str) -> None:
    assert put_together(text) == told(text)
    # And once more, now that every word is known.
    assert put_together(text) == told(text)


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.known_words, "MOST_KEPT", 4000)
    monkeypatch.setattr(rag.known_words, "AT_ONCE", 50)
    known = KnownWords(TOKENIZER)
    for number in range(50):
        text = " ".join(f"valve{place} opens, pump {place % 7} stops" for place in range(number, number + 20))
        assert put_together(text, known) == told(text)


def test_many_threads_at_once_get_their_own_text_s_tokens() -> None:
    known = KnownWords(TOKENIZER)
    texts = [
        " ".join(f"line{(7 * place) % (50 + number)} of text{number}" for place in range(300))
        for number in range(40)
    ]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda text: put_together(text, known), texts))
    assert made == [told(text) for text in texts]


def test_long_words_and_such_without_tokens_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.known_words, "MOST_KEPT", 10_000)
    known = KnownWords(TOKENIZER)
    for number in range(300):
        for text in ("\u200b" * (number + 1), "y" * (number + 150)):
            assert put_together(text, known) == told(text)
    assert len(known._table.places) < 80


def test_blanks_that_are_none_to_the_table_make_no_long_word() -> None:
    text = "price\xa05, " * 5 + "price\xa05," * 300
    assert put_together(text) == told(text)


def test_a_text_with_an_endless_word_is_left_to_the_tokenizer() -> None:
    endless = "z" * (LONGEST_WORD + 1)
    assert KNOWN.tokens(f"short {endless}", LONGEST_WORD) is None
    whole = get_embedder(EmbeddingSettings()).tokenised(f"short {endless} word")
    assert whole.ids is None
    assert whole.spans[0] == (0, 5)
    assert whole.spans[-1] == (LONGEST_WORD + 8, LONGEST_WORD + 12)
