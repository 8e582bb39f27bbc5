"""Passwords of protected files, for as long as this process lives and a job needs them.

They are never written down: after a restart the file asks again.
"""

from __future__ import annotations

import threading

_passwords: dict[str, str] = {}
_lock = threading.Lock()


def keep_password(job_id: str, password: str) -> None:
    """Remember the password that a job is to try."""
    with _lock:
        _passwords[job_id] = password


def password_of(job_id: str) -> str | None:
    """The password to try; None without one."""
    with _lock:
        return _passwords.get(job_id)


def drop_password(job_id: str) -> None:
    """Forget it; forgetting what is not there is no error."""
    with _lock:
        _passwords.pop(job_id, None)
