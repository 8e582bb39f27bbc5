"""Models that fail again and again are left alone for a while; one request then tries them.

A circuit belongs to one model at one address and is shared by the whole process. Nothing here asks a
server, and nothing is written down: a restart begins with every circuit closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import ModelBusy, ModelError, ModelPaused, ModelUnreachable

#: Failures in a row that open a circuit.
FAILURES = 5
#: Seconds of the first rest; each failed trial doubles it up to the longest.
REST_SECONDS, LONGEST_REST_SECONDS = 30.0, 300.0


@dataclass
class _State:
    failures: int = 0
    rest: float = REST_SECONDS
    #: When the next request is let through; None while the circuit is closed.
    until: float | None = None
    trying: bool = False


class Circuits:
    """The circuits of a process, by key. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def admit(self, key: str, name: str) -> None:
        """Let a request through, or raise ModelPaused. `name` is what the message calls the model."""
        with self._lock:
            state = self._states.get(key)
            if state is None or state.until is None:
                return
            if state.trying or self._clock() < state.until:
                raise ModelPaused(f"{name} {self._said(state)} Use another model until then.")
            state.trying = True

    def succeeded(self, key: str) -> None:
        """The model answered: its circuit closes."""
        with self._lock:
            self._states.pop(key, None)

    def failed(self, key: str, error: ModelError) -> None:
        """The model failed; refusals and prompts that are too long are no fault of the server's."""
        if not (error.passing or isinstance(error, ModelUnreachable | ModelBusy)):
            self.released(key)
            return
        with self._lock:
            state = self._states.setdefault(key, _State())
            state.failures += 1
            if state.trying:
                state.rest = min(2 * state.rest, LONGEST_REST_SECONDS)
            if state.failures >= FAILURES:
                state.until = self._clock() + state.rest
            state.trying = False

    def released(self, key: str) -> None:
        """A request ended without telling whether the model works."""
        with self._lock:
            if key in self._states:
                self._states[key].trying = False

    def problem(self, key: str) -> str:
        """Why a model is not asked at the moment, as the end of a sentence; empty when it is."""
        with self._lock:
            state = self._states.get(key)
            if state is None or state.until is None:
                return ""
            return self._said(state)

    def _said(self, state: _State) -> str:
        left = max(0.0, (state.until or 0.0) - self._clock())
        counted = f"has failed {state.failures} times"
        if state.trying:
            return f"{counted}; one request is trying it again now."
        if not left:
            return f"{counted}; the next question tries it again."
        return f"{counted}; trying again in {left:.0f} s."


#: Those of this process.
CIRCUITS = Circuits()
