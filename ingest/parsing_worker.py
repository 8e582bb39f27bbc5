"""The process in which files are read: `python -m ingest.parsing_worker MODULE MEGABYTES PARENT`.

It is started by ingest/reader_process.py, takes requests on its standard input and answers on its standard
output, one at a time, until that closes. It limits its own memory and dies with its parent. It loads
no model, opens no table and sees no setting but the limits of reading, and no key.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from ingest import frames
from ingest.reading import read_form
from rag.errors import AskanceError, DocumentError
from rag.refusals import temporary_refusal
from rag.settings import IngestSettings

MEGABYTE = 1_000_000
#: A process with nothing to do for this long ends; the next file starts another.
IDLE_SECONDS = 300.0
READY, PARSED, REFUSED, NO_MEMORY = b"+", b"P", b"E", b"M"
_PR_SET_PDEATHSIG = 1
_Work = Callable[[bytes, dict[str, Any]], bytes]


def main(arguments: list[str]) -> int:
    """Answer requests until there are no more; returns the exit status."""
    module, megabytes, parent = arguments
    requests, replies = _own_streams()
    _die_with(int(parent))
    work = _work(import_module(module))
    _limit_memory(int(megabytes))
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    frames.send(replies, READY)
    while _is_wanted(requests):
        request = frames.receive(requests)
        if request is None:
            break
        frames.send(replies, *_answer(work, json.loads(request)))
    return 0


def _work(module: Any) -> _Work:
    """What to do with a file: `draw` a page of it where the module draws, else `load` it whole."""
    if hasattr(module, "draw"):
        draw: _Work = module.draw
        return draw

    def read(data: bytes, request: dict[str, Any]) -> bytes:
        limits = IngestSettings(**request["limits"])
        return read_form(module.load(data, request["name"], password=request["password"], limits=limits))

    return read


def _answer(work: _Work, request: dict[str, Any]) -> tuple[bytes, bytes]:
    try:
        return PARSED, work(Path(request["path"]).read_bytes(), request)
    except MemoryError:
        return NO_MEMORY, b""
    except (AskanceError, OSError) as error:
        if isinstance(error.__cause__, MemoryError):
            return NO_MEMORY, b""
        kind, message = type(error).__name__, str(error)
        if isinstance(error, OSError):
            kind, message = _disk_words(error, request["name"])
        return REFUSED, json.dumps([kind, message]).encode("utf-8", "replace")


def _disk_words(error: OSError, name: str) -> tuple[str, str]:
    """The class and the words for what the system refused while a file was read."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        refusal = temporary_refusal(name, error)
        return type(refusal).__name__, str(refusal)
    return DocumentError.__name__, f"{name} could not be read: {error.strerror or error}. Add it again."


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The two ends of the conversation, out of reach of parsers that print or read standard input."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _die_with(parent: int) -> None:
    """Let the kernel end this process when its parent ends, however that ends, whatever happens here."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _limit_memory(megabytes: int) -> None:
    """Let allocations beyond what is mapped now and the limit fail, so that no bomb takes the machine."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        # Without /proc the limit cannot be told from what the interpreter itself maps.
        return
    limit = mapped * resource.getpagesize() + megabytes * MEGABYTE
    # The hard limit stays: programs that loaders start have a limit of their own (loaders/programs.py).
    _, highest = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if highest < 0 else min(limit, highest), highest))


def _is_wanted(requests: IO[bytes]) -> bool:
    """Wait for the next request; False when none has come for a long time."""
    if sys.platform == "win32":
        return True
    return bool(select.select([requests], [], [], IDLE_SECONDS)[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
