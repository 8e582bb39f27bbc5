"""The settings that decide a ranking beside those that a comparison varies, as one short text to compare.

Nothing can be read back from it, so that it may be kept; it leaves out what only makes a ranking faster.
"""

from __future__ import annotations

import hashlib
import json

from rag.settings import Settings, known_paths, value_at

_NO_PART = ("reranking.cached_scores",)


def ranking_digest(settings: Settings) -> str:
    """The same for settings that rank alike; secret ones play no part."""
    sections = ["retrieval."] if settings.retrieval.reranker == "none" else ["retrieval.", "reranking."]
    values = {
        path: value_at(settings, path)
        for path, about in known_paths().items()
        if path.startswith(tuple(sections)) and path not in _NO_PART and not about.get("secret")
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]
