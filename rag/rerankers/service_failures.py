"""What a ranking service's failure means, in words, whichever package reports it.

Each package has its own errors: cohere prints all headers before the status, voyageai leaves the status
out, requests leaves out what the service said. Here the status and the service's own words come first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: Where packages keep what the service said, and what services call it.
_BODIES = ("body", "json_body")
_WORDS = ("message", "detail")


@dataclass(frozen=True)
class Remedies:
    """The settings that a failure may be due to: the key, the model, and the longest wait."""

    key: str
    model: str
    seconds: float


def explained(error: Exception, remedies: Remedies) -> str:
    """What happened and what to do; empty for an error that is none of a service's."""
    kind = type(error).__name__.lower()
    if "timeout" in kind:
        return (
            f"no answer came within {remedies.seconds:g} s. Try again, raise reranking.timeout_seconds, "
            "or choose another one."
        )
    if "connect" in kind:
        return "it cannot be reached. Check its address and your connection, or choose another one."
    status = _status(error)
    if status is None:
        return ""
    said = f"HTTP {status}: {words}" if (words := _said(error)) else f"HTTP {status}"
    if status in (401, 403):
        return f"the key was refused ({said}). Correct {remedies.key}."
    if status == 429:
        return f"it has been asked too often ({said}). Wait a while, or choose another one."
    if status >= 500:
        return f"the service has a problem of its own ({said}). Try again later, or choose another one."
    return f"the request was refused ({said}). Check {remedies.model}, or choose another one."


def _status(error: Exception) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "http_status"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and status >= 400:
                return status
    return None


def _said(error: Exception) -> str:
    bodies = [getattr(error, name, None) for name in _BODIES]
    with suppress(AttributeError, ValueError):
        bodies.append(error.response.json())  # type: ignore[attr-defined]
    return next((words for body in bodies if (words := _words(body))), "")


def _words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    found = next((body[name] for name in _WORDS if body.get(name)), body.get("error", ""))
    if isinstance(found, dict):
        return _words(found)
    return " ".join(str(found).split())[:200].rstrip(".")
