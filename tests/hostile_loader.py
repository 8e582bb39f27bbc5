"""A loader for tests that does what the file says: crashes, hangs, eats memory. It checks nothing."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

from rag.errors import CorruptFile
from rag.settings import IngestSettings
from rag.types import ParsedDocument

_held: list[bytearray] = []


def load(data: bytes, name: str, *, password: str | None = None, limits: IngestSettings) -> ParsedDocument:
    """Do as told; otherwise the text is what the process is and has."""
    order, _, amount = data.decode().partition(" ")
    if order == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif order == "exit":
        os._exit(7)
    elif order == "hang":
        time.sleep(3600)
    elif order == "spin":
        # Never lets another thread of the process run.
        re.match(r"(a+)+$", "a" * 64 + "b")
    elif order == "bomb":
        _held.append(bytearray(int(amount) * 1_000_000))
    elif order == "meet":
        # Goes on when so many processes are at it at the same time.
        folder, count = amount.split()
        (Path(folder) / str(os.getpid())).touch()
        while len(list(Path(folder).iterdir())) < int(count):
            time.sleep(0.01)
    elif order == "refuse":
        raise CorruptFile(f"{name} is broken.")
    elif order == "print":
        print("noise", flush=True)  # noqa: T201
        os.write(1, b"more noise")
    if order == "environment":
        return ParsedDocument(" ".join(sorted(os.environ)), name, "text/plain")
    return ParsedDocument(f"{os.getpid()} {password}", name, "text/plain", metadata=(("order", order),))
