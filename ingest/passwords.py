"""Passwords of protected files, for as long as this process lives and a job needs them.

They are never written down: after a restart the file asks again.
"""

from __future__ import annotations

import threading

_passwords: dict[str, str] = {}
_lock = threading.Lock()


def keep_password(job_id: str, password: str | None) -> None:
    """Remember the password that a job is to try; None forgets it."""
    with _lock:
        if password is None:
            _passwords.pop(job_id, None)
        else:
            _passwords[job_id] = password


def password_of(job_id: str) -> str | None:
    """The password to try; None without one."""
    with _lock:
        return _passwords.get(job_id)


def drop_password(job_id: str, tried: str | None = None) -> None:
    """Forget it, unless another than the one tried was given since; what is not there is no error."""
    with _lock:
        if tried is None or _passwords.get(job_id) == tried:
            _passwords.pop(job_id, None)
