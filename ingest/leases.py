"""Who works on what, and whether they still live: a lease names its process, a heartbeat proves it.

A process of this machine is looked up by its number and the moment it began, so that its lease can be
taken over the instant it is dead; of another machine only the age of the heartbeat tells. Nothing here
touches the database.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

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


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker: its machine, its process, when that began (seconds since 1970), and which of its threads."""

    host: str
    pid: int
    began: float
    worker: str = ""

    def __str__(self) -> str:
        """The form that the database keeps."""
        return json.dumps([self.host, self.pid, self.began, self.worker])

    @property
    def process(self) -> Holder:
        """The process alone, whichever of its threads."""
        return Holder(self.host, self.pid, self.began)


def new_holder() -> Holder:
    """A worker of this process, alive until `retire`."""
    worker = secrets.token_hex(4)
    with _live_lock:
        _live_workers.add(worker)
    own = this_process()
    return Holder(own.host, own.pid, own.began, worker)


def retire(holder: Holder) -> None:
    """Note that a worker of this process has ended; what it held may be taken over."""
    with _live_lock:
        _live_workers.discard(holder.worker)


def this_process() -> Holder:
    """This process, after a fork the child."""
    return _process(os.getpid())


@lru_cache(maxsize=2)
def _process(pid: int) -> Holder:
    return Holder(socket.gethostname(), pid, psutil.Process(pid).create_time())


def is_alive(stored: str, heartbeat: datetime | None) -> bool:
    """Whether the holder that is stored so still works; without a heartbeat only for this machine."""
    if not stored:
        return False
    holder = Holder(*json.loads(stored))
    own = this_process()
    if holder.host != own.host:
        return heartbeat is not None and utc_now() - heartbeat < DEAD_AFTER
    if holder.process == own:
        with _live_lock:
            return not holder.worker or holder.worker in _live_workers
    try:
        process = psutil.Process(holder.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return bool(abs(process.create_time() - holder.began) < SAME_MOMENT)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return heartbeat is not None and utc_now() - heartbeat < DEAD_AFTER
