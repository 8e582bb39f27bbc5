"""Text to vectors, one vector a text and one a token, in a single forward pass.

An `Embedder` also knows its own tokenizer, because passages must be cut to its length and words
highlighted by its tokens. Nothing here reads a document, opens a table or downloads a model.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rag.embedding_folder import name_of, problem_of
from rag.errors import ModelNotAvailable, SettingsError
from rag.hash_embedder import HashEmbedder
from rag.late_interaction import pack_signs
from rag.minilm import packaged_minilm
from rag.model_threads import batch_length, for_each_batch, threads_for
from rag.settings import EmbeddingSettings
from rag.tokenised import Batch, TokenisedText, Tokens, WordTokens, batches, tokens_of
from rag.types import Query, TokenIds, Vector

if TYPE_CHECKING:
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

#: A run of characters without white space that is longer than this is cut before it is tokenised:
#: the tokenizer would make a single unknown token of it, whatever its length.
LONGEST_WORD = 2000


#: Batches are padded to a multiple of so many tokens: few lengths, of which oneDNN keeps all products.
LENGTH_STEP = 8


class Embedder(Protocol):
    """Vectors of unit length for texts, and where the tokens of a text are."""

    name: str
    dimension: int
    #: Longest text in tokens, the special ones included; the rest of a longer text is not seen.
    max_tokens: int
    #: Special tokens added to every text.
    special_tokens: int
    #: The arithmetic in use, as shown on the status page.
    precision: str
    #: ISO 639-1 codes of the languages the model was trained on; empty means any.
    languages: tuple[str, ...]

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        """Unit vectors, float32[len(texts), dimension]."""
        ...

    def embed_with_tokens(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vector, list[Vector]]:
        """`embed`, and for each text its tokens' unit vectors, float32[tokens, dimension].

        Special tokens are left out, so that row i belongs to `token_spans(text)[i]`.
        """
        ...

    def embed_with_signs(
        self, texts: Sequence[str], token_ids: Sequence[TokenIds | None] = ()
    ) -> tuple[Vector, list[bytes]]:
        """`embed_with_tokens` with only the signs kept, packed, a hundredth of their floats.

        `token_ids` are what `tokenised` told of each text, which then need not be tokenised again.
        """
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character spans of all tokens of a text of any length, special ones left out."""
        ...

    def tokenised(self, text: str) -> TokenisedText:
        """The same spans, and where the model allows it the tokens' ids."""
        ...


class SentenceTransformerEmbedder:
    """A sentence-transformers model in a local folder: a transformer whose tokens are pooled, and no more.

    The model is loaded at the first use and kept; loading and use are safe from several threads.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        precision: str = "auto",
        batch_size: int = 8,
        languages: tuple[str, ...] = (),
    ) -> None:
        problem = problem_of(folder)
        if problem:
            raise ModelNotAvailable(
                f"{folder} {problem}. Set embedding.model to minilm, or to the folder of another model."
            )
        self.name = name
        self.languages = languages
        self.folder = folder
        self.batch_size = batch_size
        self.precision = _chosen_precision(precision)
        self._lock = threading.Lock()
        self._model: Any = None
        self.max_tokens, self.dimension = _declared_sizes(folder)
        self.special_tokens = len(self._tokenizer.encode("").ids)

    @property
    def loaded(self) -> bool:
        """Whether the weights are in memory yet."""
        return self._model is not None

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        vectors = np.empty((len(texts), self.dimension), np.float32)

        def compute(batch: Batch) -> None:
            vectors[batch.positions], _ = self._forward(batch.tokens)

        for_each_batch(compute, self._batches(texts))
        return vectors

    def embed_with_tokens(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vector, list[Vector]]:
        tokens: list[Vector] = [np.empty((0, self.dimension), np.float32)] * len(texts)

        def keep(position: int, own: Vector) -> None:
            tokens[position] = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)

        return self._embed_tokens(texts, keep), tokens

    def embed_with_signs(
        self, texts: Sequence[str], token_ids: Sequence[TokenIds | None] = ()
    ) -> tuple[Vector, list[bytes]]:
        signs = [b""] * len(texts)

        def keep(position: int, own: Vector) -> None:
            signs[position] = pack_signs(own)

        return self._embed_tokens(texts, keep, token_ids), signs

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self.tokenised(text).spans

    def tokenised(self, text: str) -> TokenisedText:
        known = self._words.tokenised(text, LONGEST_WORD) if self._words is not None else None
        if known is not None:
            return known
        starts: list[int] = []
        ends: list[int] = []
        pieces = _tokenizable_pieces(text)
        # Of a batch, even of one: only then does the tokenizer let other threads run meanwhile.
        encodings = self._tokenizer.encode_batch([piece for _, piece in pieces], add_special_tokens=False)
        for (offset, _), encoding in zip(pieces, encodings, strict=True):
            starts += [offset + start for start, _ in encoding.offsets]
            ends += [offset + end for _, end in encoding.offsets]
        return TokenisedText(starts, ends)

    @property
    def _tokenizer(self) -> Tokenizer:
        return _tokenizer(self.folder)

    @property
    def _words(self) -> WordTokens | None:
        return _word_tokens(self.folder)

    def _embed_tokens(
        self,
        texts: Sequence[str],
        keep: Callable[[int, Vector], None],
        token_ids: Sequence[TokenIds | None] = (),
    ) -> Vector:
        """Unit vectors; `keep` is given each text's position and token vectors, special tokens left out."""
        vectors = np.empty((len(texts), self.dimension), np.float32)

        def compute(batch: Batch) -> None:
            vectors[batch.positions], made = self._forward(batch.tokens)
            for row, (position, tokens) in enumerate(zip(batch.positions, batch.tokens, strict=True)):
                keep(position, made[row, tokens.kept])

        for_each_batch(compute, self._batches(texts, token_ids))
        return vectors

    def _batches(self, texts: Sequence[str], token_ids: Sequence[TokenIds | None] = ()) -> list[Batch]:
        tokens = tokens_of(texts, self._tokenizer, self.max_tokens, self._words, token_ids)
        return batches(tokens, batch_length(len(texts), self.batch_size))

    def _forward(self, tokens: Sequence[Tokens]) -> tuple[Vector, Vector]:
        import torch

        model = self._loaded_model()
        longest = max(len(own.ids) for own in tokens)
        if len(tokens) > 1:
            longest += -longest % LENGTH_STEP
        input_ids = np.zeros((len(tokens), longest), np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, own in enumerate(tokens):
            input_ids[row, : len(own.ids)] = own.ids
            attention_mask[row, : len(own.ids)] = 1
        features: dict[str, Any] = {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(attention_mask),
        }
        with torch.inference_mode(), threads_for(input_ids.size):
            features = model[0](features)
            # Pooling in bf16 would round every vector to 8 bits of mantissa.
            features["token_embeddings"] = features["token_embeddings"].float()
            for module in list(model)[1:]:
                features = module(features)
            vectors = torch.nn.functional.normalize(features["sentence_embedding"].float(), dim=1)
        return vectors.numpy(), features["token_embeddings"].numpy()

    def _loaded_model(self) -> Any:
        if self._model is None:
            with self._lock:
                if self._model is None:
                    self._model = self._load()
        return self._model

    def _load(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer

        _quiet_progress_bars()
        # oneDNN keeps a product for each shape it has met, and torch keeps it alive once more, a thousand
        # by default: 200 MB and more here. Room for four products of 32 lengths and some spare: with less,
        # each is made again for every batch, and what that leaves in memory takes 90 MB.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "160")
        os.environ.setdefault("LRU_CACHE_CAPACITY", "1")
        try:
            model = SentenceTransformer(str(self.folder), device="cpu", local_files_only=True)
        except Exception as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
            raise ModelNotAvailable(
                f"The model in {self.folder} cannot be loaded ({reason}). Set embedding.model to minilm, or "
                "to the folder of another model."
            ) from error
        if self.precision == "bf16":
            model = model.to(torch.bfloat16)
        model.eval()
        logger.info("loaded %s in %s", self.name, self.precision)
        return model


def query_of(question: str, embedder: Embedder) -> Query:
    """A question as it is searched for: its vectors, and its text without half characters."""
    clean = question.encode("utf-8", "ignore").decode("utf-8")
    vectors, tokens = embedder.embed_with_tokens([clean], query=True)
    return Query(clean, vectors[0], tokens[0])


def get_embedder(settings: EmbeddingSettings) -> Embedder:
    """The embedder that the settings name, one instance a process.

    `minilm` is the built-in model, `hash` the test stand-in, anything else a local folder.
    Raises ModelNotAvailable when the folder or package is missing.
    """
    return _embedder(settings.model, settings.precision, settings.batch_size)


@lru_cache(maxsize=8)
def _embedder(model: str, precision: str, batch_size: int) -> Embedder:
    if model == "hash":
        return HashEmbedder()
    if model == "minilm":
        return SentenceTransformerEmbedder(
            packaged_minilm(),
            name="all-MiniLM-L6-v2",
            precision=precision,
            batch_size=batch_size,
            languages=("en",),
        )
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise SettingsError(
            f"embedding.model = {model!r}: no such folder. Use minilm (built in) or the folder of a model."
        )
    return SentenceTransformerEmbedder(
        folder, name=name_of(folder), precision=precision, batch_size=batch_size
    )


def _chosen_precision(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "bf16" if _processor_has_bf16() else "fp32"


@lru_cache(maxsize=1)
def _processor_has_bf16() -> bool:
    """Whether bf16 arithmetic is native; where it is emulated, fp32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return (
        re.search(r"^(?:flags|Features)\s*:.*\b(?:avx512_bf16|amx_bf16|bf16)\b", flags, re.MULTILINE)
        is not None
    )


@lru_cache(maxsize=8)
def _tokenizer(folder: Path) -> Tokenizer:
    """The model's tokenizer without truncation or padding; never changed, so threads may share it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=8)
def _word_tokens(folder: Path) -> WordTokens | None:
    return WordTokens.of(_tokenizer(folder))


def _declared_sizes(folder: Path) -> tuple[int, int]:
    """Maximal tokens and dimension from the model's own configuration, without loading weights."""
    import json

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    limits = [int(config.get("max_position_embeddings", 512))]
    sentence_config = folder / "sentence_bert_config.json"
    if sentence_config.exists():
        declared = json.loads(sentence_config.read_text(encoding="utf-8")).get("max_seq_length")
        limits += [int(declared)] if declared else []
    return min(limits), int(config["hidden_size"])


def _tokenizable_pieces(text: str, size: int = 50_000) -> list[tuple[int, str]]:
    """Cut a long text at white space into pieces that are quick to tokenise, with their offsets.

    Words never cross a piece, so the tokens are those of the whole text; only a run longer than
    LONGEST_WORD is cut by force.
    """
    if len(text) <= LONGEST_WORD:
        return [(0, text)]
    pieces = []
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            space = _last_white_space(text, end - LONGEST_WORD, end)
            end = space if space > start else end
        for match in re.finditer(
            rf"(?:\S{{1,{LONGEST_WORD}}}|\s+)+?(?=\S{{{LONGEST_WORD}}}|\Z)", text[start:end]
        ):
            pieces.append((start + match.start(), match.group()))
        start = end
    return pieces


def _last_white_space(text: str, start: int, end: int) -> int:
    for position in range(end - 1, max(start, 0), -1):
        if text[position].isspace():
            return position
    return -1


def _quiet_progress_bars() -> None:
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
