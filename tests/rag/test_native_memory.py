"""The C library's memory: few arenas for many threads, and left alone where the environment sets it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is spoken to; this is another C library"
)

#: Many threads allocate at once, then glibc's own report is asked for its arenas.
PROGRAM = """
import ctypes, os, re, sys, tempfile, threading
from rag.native_memory import give_back, keep_steady
if sys.argv[1] == "steady":
    keep_steady()
all_there = threading.Barrier(40)
def allocate():
    kept = bytearray(100_000)
    all_there.wait()
threads = [threading.Thread(target=allocate) for _ in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile("r") as report:
    stream = ctypes.c_void_p(library.fopen(report.name.encode(), b"w"))
    library.malloc_info(0, stream)
    library.fclose(stream)
    print(len(re.findall("<heap nr=", report.read())))
"""


def arenas(mode: str, **environment: str) -> int:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MALLOC_") and name != "GLIBC_TUNABLES"
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        env=kept | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def test_many_threads_share_few_arenas() -> None:
    most = max(os.cpu_count() or 1, 2)
    assert arenas("steady") <= most < arenas("as it is")


def test_what_the_environment_says_is_left_as_it_is() -> None:
    assert arenas("steady", MALLOC_ARENA_MAX="1") == 1
