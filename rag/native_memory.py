"""How the C library hands memory to the threads that compute, and gives it back to the system.

glibc alone is spoken to; elsewhere, and where the environment sets glibc's allocator
itself, nothing is done. Nothing here allocates or knows a model.
"""

from __future__ import annotations

import ctypes
import os
import sys

# The parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: The most that glibc takes for it: half of the stretch that an arena grows by.
_LARGEST_IN_ARENA = 32 << 20
#: What may lie free at an arena's end before it goes back by itself.
_MOST_FREE = 64 << 20
_FEWEST_ARENAS = 2


def keep_steady() -> None:
    """Let threads share arenas, and keep what a batch freed for the next batch.

    By itself glibc makes eight arenas a core, each of which keeps what its threads left, and gives a
    batch's memory back only to take it anew, page by page, for the next. For the threads started after the
    call; the figures are in benchmarks/README.md.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ)
    set_option = getattr(_library(), "mallopt", None)
    if set_option is None or chosen or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    set_option(_ARENA_MAX, max(os.cpu_count() or 1, _FEWEST_ARENAS))
    set_option(_MMAP_THRESHOLD, _LARGEST_IN_ARENA)
    set_option(_TRIM_THRESHOLD, _MOST_FREE)


def give_back() -> None:
    """Return to the system all that was freed, now."""
    trim = getattr(_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
