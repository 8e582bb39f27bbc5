"""The network of the embedded cross-encoder: question and passage are read apart, then together.

The embedder's lower layers read each by itself, as late interaction does. In the upper layers, which
training has changed, every word also attends to the other text. The score is late interaction's: for each
word of the question its best match in the passage, averaged by a learnt weight; untrained, the layers give
nearly late interaction's order. It is a module of a sentence-transformers CrossEncoder; it reads no
settings. Importing it imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer
from torch import Tensor, nn

#: Attention between a word and a padding place: none.
NEVER = -10_000.0


class PairReader(InputModule):  # type: ignore[misc]  # untyped to mypy, as all of the library
    """Scores (question, passage) pairs: a mean cosine, about -0.2 to 1.

    `bert` is the embedder's encoder, `apart` the number of its layers that read each text by itself, and
    `reserve` what is taken off the attention between the two texts in the layers above.
    """

    save_in_root = False

    def __init__(
        self,
        bert: Any,
        tokenizer: Tokenizer,
        *,
        apart: int = 3,
        reserve: float = 2.0,
        question_tokens: int = 64,
        passage_tokens: int = 256,
    ) -> None:
        super().__init__()
        self.bert = bert
        self.tokenizer = tokenizer
        self.apart = apart
        self.reserve = reserve
        self.question_tokens = question_tokens
        self.passage_tokens = passage_tokens
        self.max_seq_length = question_tokens + passage_tokens
        #: How much a word of the question counts: the exponent is linear in the word's state.
        self.word_weight = nn.Linear(bert.config.hidden_size, 1, bias=False)
        nn.init.zeros_(self.word_weight.weight)

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Padded token numbers and masks of both texts, int64[pairs, longest]."""
        features: dict[str, Tensor] = {}
        limits = (("question", self.question_tokens), ("passage", self.passage_tokens))
        for place, (name, most) in enumerate(limits):
            rows = [self.token_ids(pair[place], most) for pair in inputs]
            features[f"{name}_ids"], features[f"{name}_mask"] = padded(rows)
        return features

    def forward(self, features: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """Adds `scores`, float32[pairs, 1]."""
        questions, which = torch.unique(features["question_ids"], dim=0, return_inverse=True)
        states = self.read_apart(questions, (questions != 0).long())[which]
        passages = self.read_apart(features["passage_ids"], features["passage_mask"])
        features["scores"] = self.scores(
            states, features["question_mask"], passages, features["passage_mask"]
        )[:, None]
        return features

    def token_ids(self, text: str, most: int) -> list[int]:
        """The text's tokens with the special ones around them, cut to `most`."""
        ids: list[int] = self.tokenizer.encode(text or " ").ids
        return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]

    def read_apart(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The lower layers' states of texts by themselves."""
        states = self.bert.embeddings(input_ids=ids)
        attention = ((mask == 0) * NEVER)[:, None, None, :].to(states.dtype)
        for layer in self.bert.encoder.layer[: self.apart]:
            states = layer(states, attention_mask=attention)
        return states

    def read_together(self, states: Tensor, part: Tensor) -> Tensor:
        """The upper layers over both texts side by side; `part` is 0, 1, or 2 for padding."""
        between = (part[:, :, None] != part[:, None, :]) * -self.reserve
        attention = between.masked_fill((part == 2)[:, None, :], NEVER)[:, None].to(states.dtype)
        for layer in self.bert.encoder.layer[self.apart :]:
            states = layer(states, attention_mask=attention)
        return states

    def scores(
        self, questions: Tensor, question_mask: Tensor, passages: Tensor, passage_mask: Tensor
    ) -> Tensor:
        """Scores of pairs from the lower layers' states and masks of both: float32[pairs]."""
        part = torch.cat([2 - 2 * question_mask, 2 - passage_mask], dim=1)
        states = self.read_together(torch.cat([questions, passages], dim=1), part)
        length = question_mask.shape[1]
        words = nn.functional.normalize(states[:, :length].float(), dim=-1)
        found = nn.functional.normalize(states[:, length:].float(), dim=-1)
        matches = words @ found.transpose(1, 2)
        best = matches.masked_fill(~inner(passage_mask)[:, None, :], -1.0).amax(dim=2)
        exponents = self.word_weight(states[:, :length].to(self.word_weight.weight.dtype)).float()[..., 0]
        counts = inner(question_mask)
        weights = exponents.clamp(-5, 5).exp() * counts
        return (weights * best).sum(1) / weights.sum(1).clamp_min(1e-6)

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """The weights are kept by rag.rerankers.embedded; saving is not offered."""
        raise NotImplementedError("The embedded cross-encoder is built from rag/weights; it is not saved.")


def padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token numbers as one block and its mask, both int64[rows, longest]."""
    longest = max(len(row) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
        mask[place, : len(row)] = 1
    return ids, mask


def inner(mask: Tensor) -> Tensor:
    """Which places hold words: neither padding nor the special tokens at both ends."""
    lengths = mask.sum(dim=1, keepdim=True)
    places = torch.arange(mask.shape[1], device=mask.device)[None, :]
    return (places > 0) & (places < lengths - 1)
