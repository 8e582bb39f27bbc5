"""The app with ingestion that waits for the test: each pool of passages takes one file of TEST_GATE.

Of two that wait the older goes first. While the folder that TEST_GATE names holds a file `open`,
nothing waits. Questions never do.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GATE = Path(os.environ["TEST_GATE"])
#: Passages of a pool: few, so that a job of a few files has several.
POOL = 32


def _wait() -> None:
    while not (GATE / "open").exists():
        for token in GATE.glob("token-*"):
            try:
                token.unlink()
            except FileNotFoundError:
                continue
            return
        time.sleep(0.02)


def main() -> None:
    """Start the app as `python app.py` does."""
    sys.path.insert(0, str(ROOT))
    import ingest.pipeline
    from ingest.embed_ahead import EmbedAhead, Pool

    ingest.pipeline.POOL_CHUNKS = POOL
    give, whole = EmbedAhead.give, EmbedAhead._embed
    turns: dict[EmbedAhead, deque[int]] = defaultdict(deque)

    def in_turn(self: EmbedAhead, pool: Pool) -> None:
        turns[self].append(id(pool))
        give(self, pool)

    def gated(self: EmbedAhead, pool: Pool, returns: bool) -> Any:
        while turns[self][0] != id(pool):
            time.sleep(0.02)
        _wait()
        turns[self].popleft()
        return whole(self, pool, returns)

    EmbedAhead.give = in_turn  # type: ignore[method-assign]
    EmbedAhead._embed = gated  # type: ignore[method-assign]
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")


if __name__ == "__main__":
    main()
