"""How much memory a program that loaders start may take, apart from what reading itself may.

LibreOffice maps more than most files take to read; and a program must not go without any limit either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from rag.settings import IngestSettings

MEGABYTE = 1_000_000
#: How programs say that they got no more memory.
_SAID = ("bad_alloc", "memoryerror", "out of memory", "cannot allocate", "not enough memory")


def own_memory(limits: IngestSettings) -> Callable[[], None] | None:
    """What the program is to do before it begins (`preexec_fn`): take the limit for programs as its own."""
    if sys.platform == "win32":
        return None
    import resource

    _, highest = resource.getrlimit(resource.RLIMIT_AS)
    most = limits.program_memory_megabytes * MEGABYTE
    if highest != resource.RLIM_INFINITY:
        most = min(most, highest)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    return limit


def ran_out_of_memory(status: int, said: bytes) -> bool:
    """Whether a program that failed did so for want of memory, as far as can be told."""
    text = said.decode("utf-8", "replace").lower()
    # It says so, or has died of it: a null pointer, an abort, the system's own choice.
    return status < 0 or any(sign in text for sign in _SAID)
