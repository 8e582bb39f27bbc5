"""Settings that go by one name, fixed so that figures can be compared over time. It decides nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.errors import SettingsError
from rag.retrieval_settings import RetrievalSettings

#: `plain` is what others do without further work: the passages' own text, both searches, reciprocal rank
#: fusion with the constant of its authors, no boosts, no reranking, words as they are written.
PRESETS: dict[str, dict[str, Any]] = {
    "plain": {
        "mode": "hybrid",
        "retrieval.words_in": "text",
        "retrieval.title_boost": 0.0,
        "retrieval.heading_boost": 0.0,
        "retrieval.fusion_constant": 60,
        "reranker": "none",
        "retrieval.exact_first": False,
        "retrieval.fold_copies": False,
        "retrieval.correct_spelling": False,
        "retrieval.milliseconds": 0,
    }
}


def expanded(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with `preset` replaced by what it stands for; what else is named wins over it.

    Raises SettingsError for a preset that is none.
    """
    rest = dict(changes)
    name = rest.pop("preset", None)
    if name is None:
        return rest
    if name not in PRESETS:
        raise SettingsError(f"preset = {name!r}: must be one of {', '.join(PRESETS)}.")
    return PRESETS[name] | rest


def is_plain(choices: Mapping[str, Any]) -> bool:
    """Whether the choices are those of `plain`, which fixes neither how many are kept nor fetched."""
    return PRESETS["plain"].items() <= choices.items()


def not_plain(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices with what nobody but `plain` would set put back to its default; mode and reranker stay."""
    defaults = RetrievalSettings()
    unseen = [name for name in PRESETS["plain"] if name.startswith("retrieval.")]
    return {**choices, **{name: getattr(defaults, name.removeprefix("retrieval.")) for name in unseen}}
