"""Settings that go by one name."""

from __future__ import annotations

import pytest
from corpus import fill

from rag.errors import SettingsError
from rag.evaluate import parse_variant
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.workspace import Workspace


def test_plain_is_fixed_whatever_the_settings_in_force(settings: Settings) -> None:
    current = with_overrides(settings, {"mode": "text", "retrieval.fusion_constant": 5, "candidates": 30})
    chosen = parse_variant("p:preset=plain", current).settings.retrieval
    assert (chosen.mode, chosen.reranker, chosen.words_in) == ("hybrid", "none", "text")
    assert (chosen.fusion_constant, chosen.candidates) == (60, 30)
    assert parse_variant("p:k=3,preset=plain", current).settings.retrieval.k == 3
    with pytest.raises(SettingsError, match="plain"):
        parse_variant("p:preset=fancy", settings)


def test_plain_reads_the_passages_own_words_alone(workspace: Workspace) -> None:
    fill(workspace, {"pump.html": "<title>Circulator</title><p>It is oiled weekly by the caretaker.</p>"})
    plain = parse_variant("p:preset=plain", workspace.settings).settings

    def found_by_words(question: str, settings: Settings) -> int:
        found = retrieve(question, table=workspace.table("default"), settings=settings)
        return sum(hit.scores["text"] is not None for hit in found.candidates)

    assert found_by_words("circulator", workspace.settings) == 1, "the title counts by default"
    assert found_by_words("circulator", plain) == 0
    assert found_by_words("caretaker", plain) == 1
