"""The chat model puts the passages in order: it sees them all and replies with their numbers.

The reply counts only if it is a list of every number, each once; nothing is guessed from another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from rag.errors import RerankingFailed
from rag.llms import ChatModel
from rag.prompts import fill, new_fence, passage_block
from rag.rerankers.scales import descending
from rag.rerankers.seam import Effort
from rag.tokens import get_token_counter
from rag.types import Hit, Message, Query

#: Shortest excerpt of a passage in characters, however many passages share the tokens.
SHORTEST = 200
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)


class ListwiseReranker:
    """The first `most` candidates by the model's order, the others after them as they come.

    Passages are cut so that all of them together keep to `tokens`. The model is made for each question,
    and may be missing: `make` then raises.
    """

    name = "llm"
    needs: tuple[str, ...] = ()
    effort: Effort = "remote"

    def __init__(self, make: Callable[[], ChatModel], *, most: int, tokens: int) -> None:
        self._make = make
        self._most = most
        self._tokens = tokens

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        shown = hits[: self._most]
        if len(shown) < 2:
            return descending(range(len(hits)))
        model = self._make()
        pieces = model.stream(self._messages(query.text, shown, model.name))
        order = parsed_order("".join(pieces), len(shown), model.name)
        return descending([*order, *range(len(shown), len(hits))])

    def _messages(self, question: str, hits: Sequence[Hit], model: str) -> list[Message]:
        fence = new_fence()
        counter = get_token_counter(model)
        share = max(self._tokens // len(hits), 1)
        blocks = []
        for number, hit in enumerate(hits, start=1):
            block = passage_block(number, hit, fence)
            tokens = counter.count(block)
            if tokens > share:
                end = max(len(hit.chunk.text) * share // tokens, SHORTEST)
                block = passage_block(number, hit, fence, end=end)
            blocks.append(block)
        system = fill("rerank", fence=fence, passages="".join(blocks))
        return [Message("system", system), Message("user", f"Question: {question}")]


def parsed_order(reply: str, count: int, model: str) -> list[int]:
    """Places from 0, best first, from a reply of numbers from 1; raises RerankingFailed for any other."""
    text = reply.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced.group(1)
    try:
        numbers = json.loads(text)
    except ValueError:
        numbers = None
    whole = isinstance(numbers, list) and all(type(number) is int for number in numbers)
    if not whole or sorted(numbers) != list(range(1, count + 1)):
        said = " ".join(text.split())[:120]
        raise RerankingFailed(
            f"{model} was to reply with the numbers 1 to {count}, each once, and replied {said!r}. "
            "Ask again, choose a larger model, or another reranker."
        )
    return [number - 1 for number in numbers]
