"""What one answer spends: tokens read and written, by whose count, and their price. Keeps what was learned.

It asks no model and draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.context import TOKENS_BEFORE_REPLY, TOKENS_PER_MESSAGE
from rag.errors import StoreError
from rag.prices import price_of
from rag.settings import Settings
from rag.token_ratios import learn, ratio_of
from rag.tokens import get_token_counter, is_own_encoding
from rag.types import Message, Usage


class Spending:
    """The tokens of one answer, its rewritten question and its second attempts, as they come."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read = self._written = self._rewriting = 0
        self._price: float | None = None
        self._notes: list[str] = []

    def beginning(self, model: str) -> dict[str, Any]:
        """How tokens are counted for the model about to be asked; `learned` is from how many answers."""
        # Another model starts anew; what the question's rewriting took stays.
        self._read = self._written = 0
        own = is_own_encoding(model)
        learned = 0 if own else ratio_of(self._settings.data_dir, model).answers
        rewriting = {"rewriting": self._rewriting} if self._rewriting else {}
        return {"own_tokenizer": own, "learned": learned} | rewriting

    def of_rewriting(self, answerer: str, usage: Usage) -> None:
        """A follow-up question was rewritten by a model."""
        self._rewriting += usage.prompt_tokens + usage.completion_tokens
        self._add_price(answerer, usage)

    def of_answer(
        self, answerer: str, model: str, messages: Sequence[Message], usage: Usage
    ) -> dict[str, Any]:
        """A model has answered `messages`, once more perhaps; the sums so far, for the ledger."""
        self._read += usage.prompt_tokens
        self._written += usage.completion_tokens
        self._add_price(answerer, usage)
        if not usage.estimated:
            self._learn(model, messages, usage.prompt_tokens)
        spent: dict[str, Any] = {
            "prompt": self._read,
            "answer": self._written,
            "estimated": usage.estimated,
        }
        if self._price is not None:
            spent |= {"price": self._price, "currency": self._settings.answer.currency}
        return spent

    def take_notes(self) -> list[str]:
        """Sentences for the user about what could not be kept; each is given once."""
        notes, self._notes = self._notes, []
        return notes

    def _add_price(self, answerer: str, usage: Usage) -> None:
        price = price_of(self._settings, answerer, usage.prompt_tokens, usage.completion_tokens)
        if price is not None:
            self._price = (self._price or 0.0) + price

    def _learn(self, model: str, messages: Sequence[Message], reported: int) -> None:
        count = get_token_counter(model).count
        counted = TOKENS_BEFORE_REPLY + sum(count(own.content) + TOKENS_PER_MESSAGE for own in messages)
        try:
            learn(self._settings.data_dir, model, counted, reported)
        except StoreError as error:
            # The answer is there; only the next estimate is no better for it.
            self._notes.append(str(error))
