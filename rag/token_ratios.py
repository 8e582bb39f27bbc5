"""How far a model's own count of tokens is from ours, learned from what its server reports.

Kept in the data folder by the model's name, as sums that fade, so that the last answers count most. A count
made with a ratio is an estimate, and so is one made with the tokenizer of another model.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from rag.errors import StoreError
from rag.settings import write_atomically
from rag.tokens import TokenCounter, get_token_counter, is_own_encoding

FILE = "token_ratios.json"
#: What an older prompt counts for beside the next one.
FADING = 0.9
#: A reported count outside this share of ours is of part of a prompt (the rest was cached), or none.
LEAST, MOST = 0.5, 3.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """The model's tokens for each of ours, and how many answers say so; 1 from none before the first."""

    value: float = 1.0
    answers: int = 0


class ScaledCounter:
    """Another counter's counts, set right by a ratio."""

    def __init__(self, base: TokenCounter, ratio: Ratio) -> None:
        self.name = f"{base.name} × {ratio.value:.2f}"
        self._base = base
        self._ratio = ratio

    def count(self, text: str) -> int:
        """Tokens of a text, rounded up."""
        return math.ceil(self._base.count(text) * self._ratio.value)


def counter_for(data_dir: Path, model: str) -> TokenCounter:
    """The counter for a model: its own tokenizer where that is known and here, else one that has learned."""
    base = get_token_counter(model)
    ratio = ratio_of(data_dir, model)
    return base if is_own_encoding(model) or not ratio.answers else ScaledCounter(base, ratio)


def ratio_of(data_dir: Path, model: str) -> Ratio:
    """What was learned of a model. Raises StoreError when the file cannot be read."""
    sums = _read(data_dir).get(model)
    if not sums or not sums["counted"]:
        return Ratio()
    return Ratio(sums["reported"] / sums["counted"], int(sums["answers"]))


def learn(data_dir: Path, model: str, counted: int, reported: int) -> bool:
    """Take in one prompt, as we count it without a ratio and as the server did; False if it tells nothing.

    Two processes that learn at once may lose one prompt. Raises StoreError when it cannot be kept.
    """
    if is_own_encoding(model) or not counted or not LEAST <= reported / counted <= MOST:
        return False
    known = _read(data_dir)
    sums = known.get(model, {"counted": 0.0, "reported": 0.0, "answers": 0})
    known[model] = {
        "counted": round(FADING * sums["counted"] + counted, 1),
        "reported": round(FADING * sums["reported"] + reported, 1),
        "answers": sums["answers"] + 1,
    }
    try:
        write_atomically(data_dir / FILE, known)
    except OSError as error:
        raise StoreError(
            f"{data_dir / FILE} cannot be written: {error}. Make room, or look at the folder's rights."
        ) from error
    return True


def _read(data_dir: Path) -> dict[str, dict[str, float]]:
    file = data_dir / FILE
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(model): {part: float(sums[part]) for part in ("counted", "reported", "answers")}
            for model, sums in read.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"{file} cannot be read: {error}. Remove it: it is learned anew.") from error
