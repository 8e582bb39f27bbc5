"""A folder with a sentence-transformers model: whether Askance can use it, and which model it is.

Two models may lie in folders of the same name, so the name of one says what is in it, too. It reads half a
megabyte of each file and loads no weights.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from rag.errors import ModelNotAvailable

#: Layers after the transformer that leave the number of its dimensions, and its tokens, as they are.
USABLE = ("Transformer", "Pooling", "Normalize")
#: Places of a file of weights, from its beginning to its end, and bytes of each, that tell it from another.
PLACES, PLACE_BYTES = 32, 1 << 14


def problem_of(folder: Path) -> str:
    """Why the model in a folder cannot be used; empty when it can."""
    try:
        layers = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [str(layer["type"]).rpartition(".")[2] for layer in layers]
    except FileNotFoundError:
        return "holds no sentence-transformers model (no modules.json)"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"has a modules.json that cannot be read ({error})"
    other = [kind for kind in kinds if kind not in USABLE]
    if other:
        return f"holds a model with a layer of the kind {other[0]}, which Askance cannot use"
    missing = [name for name in ("tokenizer.json", "config.json") if not (folder / name).exists()]
    return f"lacks {missing[0]}" if missing else ""


def name_of(folder: Path) -> str:
    """The folder's name and a digest of its model. Raises ModelNotAvailable when it cannot be read."""
    digest = hashlib.sha256()
    try:
        files = [
            file for file in sorted(folder.rglob("*")) if file.suffix in (".json", ".safetensors", ".bin")
        ]
        for file in files:
            size = file.stat().st_size
            digest.update(f"{file.relative_to(folder).as_posix()}:{size}:".encode())
            with file.open("rb") as stream:
                for place in range(PLACES):
                    stream.seek(max(size - PLACE_BYTES, 0) * place // (PLACES - 1))
                    digest.update(stream.read(PLACE_BYTES))
    except OSError as error:
        raise ModelNotAvailable(
            f"The model in {folder} cannot be read: {error}. Check that folder."
        ) from error
    return f"{folder.name} {digest.hexdigest()[:8]}"
