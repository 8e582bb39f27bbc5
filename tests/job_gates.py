"""Ingestion held at its embedder, so that a test can look at a job while it runs. Asserts nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rag.workspace import Workspace

PATIENCE = 60.0


class Gate:
    """Embedding waits here; `reached` is set when something waits, `open` lets everything through."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()


def hold_embedder(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Make the workspace's embedder wait at a gate until it is opened."""
    gate = Gate()
    whole = type(workspace.store.embedder).embed_with_tokens

    def held(self: Any, texts: Any, *, query: bool = False) -> Any:
        gate.reached.set()
        gate.open.wait(PATIENCE)
        return whole(self, texts, query=query)

    monkeypatch.setattr(type(workspace.store.embedder), "embed_with_tokens", held)
    return gate
