"""Fixtures of the pages' tests: an embedder that needs no model, and the example documents."""

from __future__ import annotations

import pytest
from corpus import fill

from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace


@pytest.fixture
def light_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that need not understand text."""
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")


@pytest.fixture
def always_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether to answer is decided elsewhere."""
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")


@pytest.fixture
def filled(light_embedder: None) -> Workspace:
    """The example documents, embedded by what needs no model."""
    own = open_workspace(load_settings())
    fill(own)
    return own
