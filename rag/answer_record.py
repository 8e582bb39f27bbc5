"""What made an answer, kept with it: the prompt, the settings and the version of the table.

Secrets never enter the record, nor does what an address may hold beside the host. Plain data in and out;
nothing is read from the documents and nothing decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.answerers import path_of
from rag.llms import shown_address
from rag.settings import Settings, known_paths, value_at
from rag.several_tables import Searched
from rag.styles import Style

#: Sections of the settings that bear on an answer, whoever gives it.
SECTIONS = ("embedding", "retrieval", "reranking", "answer")


def how_made(settings: Settings, style: Style, table: Searched) -> dict[str, Any]:
    """The record of an answer made now from `table`. The quoting answerer is given no prompt."""
    asked = settings.answer.model != "extractive"
    return {
        "style": {"name": style.name, "title": style.title},
        "prompt": {"text": style.text, "digest": style.digest} if asked else {},
        "settings": settings_used(settings),
        "table": {"collection": table.name, "version": table.version},
    }


def settings_used(settings: Settings) -> dict[str, Any]:
    """Every dotted setting that bears on an answer, with its value; no secrets."""
    server = f"{path_of(settings.answer.model)}."
    return {
        path: _shown(settings, path, metadata)
        for path, metadata in known_paths(settings).items()
        if (path.partition(".")[0] in SECTIONS or path.startswith(server)) and not metadata["secret"]
    }


def changed_settings(made: Mapping[str, Any]) -> dict[str, Any]:
    """Of the settings in a record, those that are not as this version of Askance has them at first."""
    known = known_paths()
    at_first = Settings()
    return {
        path: value
        for path, value in dict(made.get("settings", {})).items()
        if path != "answer.style" and not (path in known and value == _shown(at_first, path, known[path]))
    }


def _shown(settings: Settings, path: str, metadata: Mapping[str, Any]) -> Any:
    value = value_at(settings, path)
    return shown_address(value) if metadata["address"] else value
