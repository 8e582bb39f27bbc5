"""Asking a server again when that may help: pauses that grow, with chance in them, and circuits that open.

Only what passes by itself is repeated (a busy or failing server, a connection refused or reset), and only
before the first piece of a reply: a stream cannot be begun again unseen, which is why this is not left to a
library that repeats calls. Clock, sleep and chance are handed in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from rag.circuits import CIRCUITS, Circuits
from rag.errors import ModelError


@dataclass(frozen=True)
class Patience:
    """How often a server is asked and how long is waited, in seconds; `chance` gives numbers from 0 to 1."""

    attempts: int = 3
    first_seconds: float = 0.5
    longest_seconds: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    circuits: Circuits = field(default=CIRCUITS)

    def pause(self, attempt: int, error: ModelError) -> float | None:
        """Seconds to wait after this attempt (from 1); None when asking again is not worth it.

        A server's own word on when to come back is kept to; one that asks for longer than
        `longest_seconds` is not waited for.
        """
        if not error.passing or attempt >= self.attempts:
            return None
        if error.wait_seconds is None:
            return min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds) * (
                0.5 + self.chance() / 2
            )
        wanted = max(error.wait_seconds, self.first_seconds)
        return None if wanted > self.longest_seconds else wanted * (1 + self.chance() / 10)


#: What models wait by when nothing else is said.
PATIENCE = Patience()


def patiently(
    request: Callable[[], Generator[str]],
    *,
    key: str,
    name: str,
    patience: Patience,
    say: Callable[[str], None],
    proof: bool = True,
) -> Generator[str]:
    """The pieces of `request`, which is made again while that may help.

    `key` is the model's circuit and `name` what messages call it. `say` gets a sentence before each
    pause and "" after it. `proof` says whether success means that the model answers, and closes its
    circuit. An empty piece is given before a repeated request, so that whoever no longer
    listens can leave. Raises ModelError, ModelPaused while the circuit is open.
    """
    attempt = 0
    while True:
        patience.circuits.admit(key, name)
        attempt += 1
        given = settled = False
        pieces = request()
        try:
            for piece in pieces:
                given = True
                yield piece
            settled = proof
            if proof:
                patience.circuits.succeeded(key)
            return
        except ModelError as error:
            patience.circuits.failed(key, error)
            settled = True
            pause = None if given else patience.pause(attempt, error)
            if pause is None or patience.circuits.problem(key):
                raise
        finally:
            pieces.close()
            if not settled and given and proof:
                patience.circuits.succeeded(key)
            elif not settled:
                patience.circuits.released(key)
        say(f"{name} did not answer; asking again in {pause:.0f} s.")
        patience.sleep(pause)
        say("")
        yield ""
