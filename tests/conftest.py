"""Fixtures shared by all tests: an own data folder each, a deterministic embedder, no way out.

Every connection to anything but this machine is refused, so that a test that would call home fails.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ingest.worker import stop_workers
from rag.circuits import Circuits
from rag.database import close_databases
from rag.patience import Patience
from rag.settings import Settings, with_overrides
from rag.workspace import Workspace, open_workspace

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def refused(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else str(address)
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(LOOPBACK):
            raise OSError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers are asked again at once, and what failed in one test is not held against it in the next."""
    monkeypatch.setattr("rag.llms.PATIENCE", Patience(sleep=lambda seconds: None, circuits=Circuits()))


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the data folder or the settings of whoever runs it."""
    import os

    for name in list(os.environ):
        if name.startswith("ASKANCE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASKANCE_DATA_DIR", str(tmp_path / "data"))
    yield
    stop_workers(30)
    close_databases()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with an own data folder and the deterministic embedder that needs no model."""
    return with_overrides(Settings(data_dir=tmp_path / "data"), {"embedding.model": "hash"})


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    """An empty data folder, opened."""
    return open_workspace(settings)


@pytest.fixture
def real_settings(tmp_path: Path) -> Settings:
    """Settings with an own data folder and the embedder that comes with the packages."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def real_workspace(real_settings: Settings) -> Workspace:
    """An empty data folder with the real embedder."""
    return open_workspace(real_settings)
