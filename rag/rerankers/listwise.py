"""The chat model puts the passages in order: it sees them all and replies with their numbers.

The reply counts only if it holds one order of every number, each once, however it is written. One that
leaves numbers out is none: models too small to compare passages were seen to name any three of them.
"""

from __future__ import annotations

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
#: Asked and answered before the question, since small models answer the question without it.
EXAMPLE = ("an example, which passage 2 answers", 3, "[2, 3, 1]")
#: [2, 1, 3] or [2] > [1] > [3], with words around it or none; 2, 1, 3 or 2 > 1 > 3 alone.
_BRACKETED = re.compile(
    r"""\[\s*["']?[0-9]+["']?(?:\s*,\s*["']?[0-9]+["']?)+\s*\]"""
    r"""|\[[0-9]+\](?:\s*[>,]\s*\[[0-9]+\])+"""
)
_BARE = re.compile(r"[0-9]+(?:[\s,;>]+[0-9]+)+\.?")


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
        example, count, order = EXAMPLE
        return [
            Message("system", system),
            Message("user", _asked(example, count)),
            Message("assistant", order),
            Message("user", _asked(question, len(hits))),
        ]


def _asked(question: str, count: int) -> str:
    return fill("rerank_question", question=question, count=str(count))


def parsed_order(reply: str, count: int, model: str) -> list[int]:
    """Places from 0, best first, from a reply of numbers from 1; raises RerankingFailed for any other."""
    text = reply.strip()
    written = [text] if _BARE.fullmatch(text) else _BRACKETED.findall(text)
    orders = {tuple(map(int, re.findall(r"[0-9]{1,9}", own))) for own in written}
    numbers = orders.pop() if len(orders) == 1 else ()
    if sorted(numbers) != list(range(1, count + 1)):
        said = " ".join(text.split())[:120]
        raise RerankingFailed(
            f"{model} was to reply with the numbers 1 to {count}, each once, and replied {said!r}. "
            "Ask again, choose a larger model, or another reranker."
        )
    return [number - 1 for number in numbers]
