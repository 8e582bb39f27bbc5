"""What an ingestion reports while it runs and when it ends. Plain data and one estimate."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

#: Stages of a file, in order. The last three are final.
STAGES = ("waiting", "reading", "chunking", "embedding", "done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a file. `seconds` counts from its reading to its commit.

    `status` is added, updated, unchanged, empty or failed; `error` says why for the last two.
    """

    file: str
    status: str
    document_id: str = ""
    pages: int = 0
    chunks: int = 0
    seconds: float = 0.0
    error: str | None = None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form that the command line prints."""
        return {
            "file": self.file,
            "status": self.status,
            "document_id": self.document_id,
            "pages": self.pages,
            "chunks": self.chunks,
            "seconds": round(self.seconds, 3),
            "error": self.error,
            "warnings": list(self.warnings),
        }


@dataclass(slots=True)
class FileProgress:
    """Where a file stands: chunks embedded of chunks in all, once these are known."""

    file: str
    size: int
    stage: str = "waiting"
    pages: int = 0
    chunks: int = 0
    chunks_done: int = 0
    result: FileResult | None = None


@dataclass(slots=True)
class Progress:
    """Where a whole ingestion stands. Written by one thread, read by others."""

    files: dict[str, FileProgress] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    chunks_done: int = 0

    def restart(self) -> None:
        """Count time from now: a job may have waited for others."""
        self.started = time.monotonic()

    def stage(self, name: str, stage: str) -> None:
        """Note that a file has entered a stage."""
        self.files[name].stage = stage

    def cancel(self) -> None:
        """Note that nothing more comes: files without a result are left out."""
        for file in self.files.values():
            if file.result is None:
                file.stage = "cancelled"

    def done(self) -> int:
        """Files that have ended, well or not."""
        return sum(1 for file in self.files.values() if file.result is not None)

    def troubled(self) -> int:
        """Files that failed or hold no text."""
        results = [file.result for file in list(self.files.values()) if file.result is not None]
        return sum(1 for result in results if result.status in ("failed", "empty"))

    def fraction(self) -> float:
        """Share of the work done, from 0 to 1, each file counting by its size."""
        whole = done = 0.0
        for file in list(self.files.values()):
            weight = max(file.size, 1000)
            whole += weight
            if file.result is not None:
                done += weight
            elif file.chunks:
                done += weight * file.chunks_done / file.chunks
        return min(done / whole, 1.0) if whole else 0.0

    def seconds_left(self) -> float | None:
        """An estimate from the work done so far, None while there is nothing to go by.

        Chunks still to embed are those known plus, for files not read yet, as many a byte as in
        the files read so far.
        """
        elapsed = time.monotonic() - self.started
        files = list(self.files.values())
        if self.chunks_done == 0 or elapsed <= 0:
            return None
        known_bytes = sum(file.size for file in files if file.chunks)
        known_chunks = sum(file.chunks for file in files)
        unknown_bytes = sum(file.size for file in files if file.stage in ("waiting", "reading"))
        a_byte = known_chunks / known_bytes if known_bytes else 0.0
        left = sum(file.chunks - file.chunks_done for file in files) + a_byte * unknown_bytes
        return left * elapsed / self.chunks_done
