"""Who works on what, and whether they still live: a lease names its process, a heartbeat proves it.

A process of this machine is looked up by its number and the moment it began, so that its lease can be
taken over the instant it is dead; of another machine only the age of the heartbeat tells. A clock that is
set meanwhile changes nothing on this machine, and for others no more than it must. Nothing here touches
the database.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import psutil

from rag.database import utc_now

#: Seconds between two heartbeats of a worker.
BEAT_SECONDS = 1.0
#: After so long without one, a worker of another machine counts as dead.
DEAD_AFTER = timedelta(seconds=60)
#: Two readings of when a process began may differ by so many seconds.
SAME_MOMENT = 1.0

_live_workers: set[str] = set()
_live_lock = threading.Lock()
#: Heartbeats that lie in the future, by holder, and when they were first seen here.
_ahead: dict[str, tuple[datetime, float]] = {}


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker: its machine, its process, when that began, which of its threads, and since which start.

    `began` is in seconds, since the machine's start where that has a name (`boot`), else since 1970.
    """

    host: str
    pid: int
    began: float
    worker: str = ""
    boot: str = ""

    def __str__(self) -> str:
        """The form that the database keeps."""
        return json.dumps([self.host, self.pid, self.began, self.worker, self.boot])

    @property
    def process(self) -> Holder:
        """The process alone, whichever of its threads."""
        return Holder(self.host, self.pid, self.began, boot=self.boot)


def new_holder() -> Holder:
    """A worker of this process, alive until `retire`."""
    worker = secrets.token_hex(4)
    with _live_lock:
        _live_workers.add(worker)
    own = this_process()
    return Holder(own.host, own.pid, own.began, worker, own.boot)


def retire(holder: Holder) -> None:
    """Note that a worker of this process has ended; what it held may be taken over."""
    with _live_lock:
        _live_workers.discard(holder.worker)


def this_process() -> Holder:
    """This process, after a fork the child."""
    return _process(os.getpid())


@lru_cache(maxsize=2)
def _process(pid: int) -> Holder:
    return Holder(socket.gethostname(), pid, _began(pid), boot=_boot())


def is_alive(stored: str, heartbeat: datetime | None) -> bool:
    """Whether the holder that is stored so still works; without a heartbeat only for this machine."""
    if not stored:
        return False
    holder = Holder(*json.loads(stored))
    own = this_process()
    if holder.host != own.host:
        return _beats(stored, heartbeat)
    if holder.boot != own.boot:
        # Before this machine was started anew.
        return False
    if holder.process == own:
        with _live_lock:
            return not holder.worker or holder.worker in _live_workers
    try:
        if psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(_began(holder.pid) - holder.began) < SAME_MOMENT
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return _beats(stored, heartbeat)


def _beats(stored: str, heartbeat: datetime | None) -> bool:
    """Whether a heartbeat is young enough."""
    if heartbeat is None:
        return False
    age = utc_now() - heartbeat
    if age >= timedelta(0):
        return age < DEAD_AFTER
    # A clock was set back, here or there: from now on only our own patience counts.
    with _live_lock:
        seen, since = _ahead.get(stored, (None, 0.0))
        if seen != heartbeat:
            _ahead[stored] = heartbeat, time.monotonic()
            return True
    return time.monotonic() - since < DEAD_AFTER.total_seconds()


def _began(pid: int) -> float:
    """When a process began; on Linux since the machine's start, which setting the clock does not move.

    Raises psutil.NoSuchProcess.
    """
    if not _boot():
        return float(psutil.Process(pid).create_time())
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    # The 22nd field; the name before, which may hold anything, is the second.
    return int(fields.split()[19]) / os.sysconf("SC_CLK_TCK")


@lru_cache(maxsize=1)
def _boot() -> str:
    """A name for the time since this machine was started; "" where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
