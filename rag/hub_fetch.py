"""Fetches one model from the hub into its cache: `python -m rag.hub_fetch NAME`, started by rag.downloads.

It is a process of its own because this one may reach the network and the app's may not. Standard
output holds one JSON object a line: {"total"}, {"done"}, {"folder"} or {"error"}. It takes weights as
safetensors, tokenizers and configurations; nothing that could run code (pickles, Python files), and
nothing half: config.json, by which the app knows a model, comes last.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

#: Longest wait for an answer of the hub, in seconds.
ANSWER_SECONDS = 8.0
#: Progress is told at most this often, in seconds.
TELL_SECONDS = 0.2
#: Largest model fetched, in bytes.
MOST_BYTES = 8_000_000_000
#: Room on the disk that must stay free, in bytes.
SPARE_BYTES = 200_000_000
READ_BYTES = 1 << 23
BLOCK_BYTES = 1 << 17
MARKER = "config.json"

_WANTED = re.compile(
    # Modules of sentence-transformers lie in numbered folders; onnx/ and openvino/ hold other copies.
    r"(?:\d+_\w+/)?(?:[\w.-]+\.safetensors|[\w.-]+\.json|vocab\.txt|merges\.txt|[\w.-]+\.model)"
)


class FetchError(Exception):
    """The model was not fetched; the text says why and what to do, for the user."""


def is_wanted(file: str) -> bool:
    """Whether a file of a model is taken: weights without code, tokenizer, configuration."""
    return _WANTED.fullmatch(file) is not None


def fetch(name: str) -> Path:
    """Fetch a model, telling progress on standard output; returns its folder. Raises FetchError."""
    from huggingface_hub import HfApi, constants, hf_hub_download

    # Its own blocks of 10 MB would leave a slow connection without a sign of progress for minutes.
    constants.DOWNLOAD_CHUNK_SIZE = BLOCK_BYTES
    info = HfApi().model_info(name, files_metadata=True, timeout=ANSWER_SECONDS, token=False)
    files = {item.rfilename: item for item in info.siblings or () if is_wanted(item.rfilename)}
    if MARKER not in files or not any(file.endswith(".safetensors") for file in files):
        raise FetchError(
            f"{name} has no {MARKER} with weights in the safetensors form, the only one that Askance takes. "
            "Choose another model."
        )
    meter = _Meter(sum(item.size or 0 for item in files.values()))
    _check_room(name, meter.total, Path(constants.HF_HUB_CACHE))
    folders = set()
    for file in sorted(files, key=lambda file: (file == MARKER, file)):
        before = meter.done
        # The marker alone is asked for by branch, which makes the hub's cache name this version.
        revision = None if file == MARKER else info.sha
        options: dict[str, Any] = {"revision": revision, "tqdm_class": _bar(meter)}
        path = Path(hf_hub_download(name, file, token=False, etag_timeout=ANSWER_SECONDS, **options))
        _check_sum(path, files[file], meter)
        meter.at(before + (files[file].size or 0))
        folders.add(path.parents[file.count("/")])
    if len(folders) != 1:
        raise FetchError(f"{name} changed on the hub while it was fetched. Download it again.")
    return folders.pop()


def _check_room(name: str, size: int, cache: Path) -> None:
    if size > MOST_BYTES:
        raise FetchError(
            f"{name} takes {size / 1e9:.1f} GB; Askance fetches at most {MOST_BYTES / 1e9:.0f} GB. "
            "Choose a smaller model."
        )
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < size + SPARE_BYTES:
        raise FetchError(
            f"{name} takes {size / 1e6:.0f} MB, and {place} has {free / 1e6:.0f} MB free. Make room and "
            "download again."
        )


def _check_sum(path: Path, listed: Any, meter: _Meter) -> None:
    """Large files have a checksum in the hub's list; a file with another one is removed."""
    expected = listed.lfs.sha256 if listed.lfs is not None else None
    if not expected:
        return
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
            meter.at(meter.done)
    found = digest.hexdigest()
    if found != expected:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise FetchError(f"{path.name} arrived damaged (SHA-256 {found}). Download the model again.")


class _Meter:
    """Bytes fetched of all files together."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._told = 0.0
        tell({"total": total})

    def add(self, size: int) -> None:
        if size:
            self.at(self.done + size)

    def at(self, done: int) -> None:
        self.done = done
        if time.monotonic() - self._told >= TELL_SECONDS or done >= self.total:
            self._told = time.monotonic()
            tell({"done": done})


def _bar(meter: _Meter) -> Any:
    """The class that the hub's library makes its progress bars of; ours draw nothing."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})  # type: ignore[no-untyped-call]
            meter.add(int(options.get("initial") or 0))

        def update(self, n: float | None = 1) -> None:
            meter.add(int(n or 0))

    return Bar


def tell(message: dict[str, Any]) -> None:
    """One line of JSON for the process that started this one."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def explained(name: str, error: Exception) -> str:
    """What went wrong and what to do, in a sentence or two for the user."""
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
    )

    if isinstance(error, FetchError):
        return str(error)
    if isinstance(error, GatedRepoError):
        return f"{name} is given out only after its licence is accepted on the hub. Choose another model."
    if isinstance(error, RepositoryNotFoundError | HFValidationError):
        return f"The hub has no model named {name}, or it is private. Correct the name."
    cause = error.__cause__ or error
    detail = " ".join(str(cause).split()).rstrip(".")[:200] or type(cause).__name__
    if isinstance(error, HfHubHTTPError):
        return f"The hub at {ENDPOINT} did not give {name} ({detail}). Try again later."
    return (
        f"{name} could not be fetched from {ENDPOINT} ({detail}). Check the connection and try again, or "
        "copy the model's folder to this machine and set reranking.cross_encoder to it."
    )


def main(name: str) -> int:
    """Fetch and tell; returns the exit status."""
    try:
        tell({"folder": str(fetch(name))})
    except Exception as error:  # noqa: BLE001 - the process ends here, and the app shows the reason
        tell({"error": explained(name, error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
