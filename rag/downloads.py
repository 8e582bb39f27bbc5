"""Fetching a model from the hub, when the user or the settings allow it: progress, stop, time-outs.

The app itself stays offline (rag.privacy); the work is done by rag.hub_fetch in a process of its own,
which alone may reach the network and can be ended at any moment. What a stopped download has fetched
whole stays in the hub's cache; a model counts as there only when all of it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from rag.errors import MissingDependency, ModelNotAvailable

ROOT = Path(__file__).parents[1]
#: The process is ended when it has said nothing for so long, in seconds.
SILENCE_SECONDS = 20.0
#: How often a download under way is looked after, in seconds.
LOOK_SECONDS = 0.1
#: What lets that one process reach the hub, over plain HTTPS and with nothing told about the user.
ONLINE = {
    "HF_HUB_OFFLINE": "0",
    "TRANSFORMERS_OFFLINE": "0",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DOWNLOAD_TIMEOUT": "10",
    "PYTHONUNBUFFERED": "1",
}


class ModelDownload:
    """One download, under way from the start. `state` is running, done, stopped or failed.

    `bytes_total` is None until the hub has listed the files; `error` is set when it failed.
    """

    def __init__(self, name: str, *, silence_seconds: float = SILENCE_SECONDS) -> None:
        self.name = name
        self.state = "running"
        self.bytes_done = 0
        self.bytes_total: int | None = None
        self.folder: Path | None = None
        self.error: ModelNotAvailable | None = None
        self._silence_seconds = silence_seconds
        self._stop = threading.Event()
        self._heard = time.monotonic()
        self._process = _start(name)
        self._reader = threading.Thread(target=self._read, name="download-reader", daemon=True)
        self._reader.start()
        self._watcher = threading.Thread(target=self._watch, name="download", daemon=True)
        self._watcher.start()

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return self.state == "running"

    def stop(self) -> None:
        """End it and return when it has ended; one that has ended stays as it is."""
        self._stop.set()
        self._watcher.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it has ended; False when the time (seconds) ran out."""
        self._watcher.join(timeout)
        return not self._watcher.is_alive()

    def result(self) -> Path:
        """The model's folder, once it is here. Raises ModelNotAvailable when it did not come."""
        self._watcher.join()
        if self.folder is not None:
            return self.folder
        raise self.error or ModelNotAvailable(f"The download of {self.name} was stopped. Start it again.")

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - opened with a pipe
        with self._process.stdout as lines:
            for line in lines:
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        self._heard = time.monotonic()
        self.bytes_total = message.get("total", self.bytes_total)
        self.bytes_done = message.get("done", self.bytes_done)
        if "folder" in message:
            self.folder = Path(message["folder"])
        if "error" in message:
            self.error = ModelNotAvailable(message["error"])

    def _watch(self) -> None:
        silent = False
        while self._process.poll() is None:
            silent = time.monotonic() - self._heard > self._silence_seconds
            if silent or self._stop.wait(LOOK_SECONDS):
                self._process.kill()
                self._process.wait()
        self._reader.join()
        if self.folder is not None:
            self.error = None
            self.state = "done"
        elif self.error is None and self._stop.is_set():
            self.state = "stopped"
        else:
            self.error = self.error or self._explained(silent)
            self.state = "failed"

    def _explained(self, silent: bool) -> ModelNotAvailable:
        if silent:
            return ModelNotAvailable(
                f"The model hub sent nothing for {self._silence_seconds:g} seconds while {self.name} was "
                "fetched. Check the connection and try again."
            )
        status = self._process.returncode
        return ModelNotAvailable(
            f"The download of {self.name} ended by itself (exit status {status}). Try again."
        )


class Downloads:
    """The downloads of this process, one a model. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, ModelDownload] = {}

    def start(self, name: str) -> ModelDownload:
        """Start fetching a model; the one under way when there is one. Raises ModelNotAvailable for a name
        that no hub model can have."""
        with self._lock:
            known = self._latest.get(name)
            if known is None or not known.active:
                known = self._latest[name] = ModelDownload(name)
            return known

    def latest(self, name: str) -> ModelDownload | None:
        """The latest download of a model, under way or ended."""
        return self._latest.get(name)

    def forget(self, name: str) -> None:
        """Take an ended download off the list."""
        with self._lock:
            known = self._latest.get(name)
            if known is not None and not known.active:
                del self._latest[name]


def download_model(name: str) -> Path:
    """Fetch a model and wait for it; returns its folder. Only for callers whose settings allow it.

    Raises ModelNotAvailable.
    """
    return ModelDownload(name).result()


def is_hub_name(name: str) -> bool:
    """Whether a model on the hub can have this name; the hub is not asked."""
    try:
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils._validators import validate_repo_id
    except ImportError as error:
        raise MissingDependency(f"{error}. Run `pip install huggingface_hub`.") from error
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _start(name: str) -> subprocess.Popen[str]:
    if not is_hub_name(name):
        raise ModelNotAvailable(
            f"{name!r} is no model's name on the hub. Write it like cross-encoder/ms-marco-MiniLM-L6-v2."
        )
    from huggingface_hub import constants

    environment = {**os.environ, **ONLINE, "HF_HUB_CACHE": str(constants.HF_HUB_CACHE)}
    return subprocess.Popen(  # noqa: S603 - our own module; the name is one argument and was validated
        [sys.executable, "-m", "rag.hub_fetch", name],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
