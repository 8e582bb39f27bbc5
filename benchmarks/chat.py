"""What Askance itself costs in a chat: the server's side of a turn, and the page drawn anew.

    python -m benchmarks.chat [--rounds N] [--turns N]

A turn is asked through rag.chat, in a conversation of so many turns over the sample documents: written
down, searched, put into a prompt, its stream made safe, cited, checked and kept. Embedding, reranking and
the model (scripted, of some 150 words) are taken out. The page is the real one under Streamlit's AppTest,
which runs the script as the server does but draws nothing. Milliseconds of wall and of processor time,
which other programs on the machine disturb least. Prints a table and writes results/chat.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete

import rag.answer
import rag.retrieve
from benchmarks.record import RESULTS, write_record
from ingest.pipeline import Pipeline
from ingest.sample_documents import SAMPLES
from ingest.sources import path_sources
from rag.chat import Chats
from rag.database import TurnRow, open_database, write
from rag.history import History
from rag.llms import ScriptedChatModel
from rag.settings import load_settings, with_overrides
from rag.suggestions import suggest_questions
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[1]
FLOOR_TURN, FLOOR_PAGE = 60.0, 150.0
ANSWER = "What the passages say of this is the following, and it is no more than that [1]. " * 8
MODES = ("extractive", "model")


class Clock:
    """Wall and processor milliseconds spent in some calls; calls within calls count once."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0
        self._depth = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        self._depth += 1
        began = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.wall += (time.perf_counter() - began[0]) * 1000
                self.processor += (time.process_time() - began[1]) * 1000

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, with its time counted."""

        def counted(*arguments: Any, **options: Any) -> Any:
            with self.running():
                return work(*arguments, **options)

        return counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when a turn or the page takes too long, by processor time."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASKANCE_DATA_DIR"] = folder
        workspace = open_workspace(with_overrides(load_settings(), {"answer.decline_below": 0}))
        list(Pipeline("default", workspace).run(path_sources([SAMPLES], workspace.settings.ingest)))
        conversations = {mode: _conversation(workspace, mode, options.turns) for mode in MODES}
        record: dict[str, Any] = {"turns": options.turns, "rounds": options.rounds}
        print(f"{options.turns} turns before; {options.rounds} rounds; milliseconds, median (fastest)")
        for mode in MODES:
            turn = _turns(workspace, conversations[mode], mode, options.rounds)
            record[f"turn, {mode}"] = _told(f"turn, {mode}", turn)
        for mode in MODES:
            page = _page(workspace.history, conversations[mode], options)
            record[f"page, {mode}"] = _told(f"page, {mode}", page)
    print(f"written: {write_record('chat', record, options.results)}")
    over = [
        name
        for name, own in record.items()
        if isinstance(own, dict)
        and own["processor"]["p50"] > (FLOOR_TURN if name.startswith("turn") else FLOOR_PAGE)
    ]
    for name in over:
        print(f"over its limit: {name}")
    return int(bool(over))


def _questions(workspace: Workspace) -> list[str]:
    records = workspace.catalog.documents("default")
    parsed = [(own.name, workspace.blobs.get_parsed(own.document_id)) for own in records]
    return suggest_questions([(name, own) for name, own in parsed if own is not None])


def _conversation(workspace: Workspace, mode: str, turns: int) -> str:
    """A conversation of so many turns, each asked and answered as in the app."""
    conversation = workspace.history.start("default").id
    questions = _questions(workspace)
    for number in range(turns):
        _ask(workspace, conversation, mode, questions[number % len(questions)], Clock())
    return conversation


def _ask(workspace: Workspace, conversation: str, mode: str, question: str, aside: Clock) -> None:
    """Ask and wait for the end; `aside` counts what is no part of the figure."""
    own = workspace
    if mode == "model":
        own = open_workspace(with_overrides(workspace.settings, {"answer.model": "openai"}))
    chats = Chats()
    with _aside(own, aside):
        chats.ask(own, conversation, question)
        live = chats.live(conversation)
        if live is not None:
            live.reply.wait(60)


@contextmanager
def _aside(workspace: Workspace, aside: Clock) -> Iterator[None]:
    """Let `aside` count the embedder, the reranker and the model, which is a script."""
    embedder = workspace.store.embedder
    names = [name for name in ("embed", "embed_with_tokens") if hasattr(embedder, name)]
    rerank, model = rag.retrieve.score_within, rag.answer.get_chat_model
    for name in names:
        setattr(embedder, name, aside.timed(getattr(embedder, name)))
    rag.retrieve.score_within = aside.timed(rerank)  # type: ignore[assignment]
    rag.answer.get_chat_model = lambda _: ScriptedChatModel([ANSWER])  # type: ignore[assignment, return-value]
    try:
        yield
    finally:
        rag.retrieve.score_within, rag.answer.get_chat_model = rerank, model
        for name in names:
            delattr(embedder, name)


def _turns(workspace: Workspace, conversation: str, mode: str, rounds: int) -> np.ndarray[Any, Any]:
    """float[rounds, 2]: wall and processor milliseconds of a turn."""
    questions = _questions(workspace)
    taken = []
    for number in range(rounds):
        aside = Clock()
        began = time.perf_counter(), time.process_time()
        _ask(workspace, conversation, mode, questions[number % len(questions)], aside)
        wall, processor = ((time.perf_counter() - began[0]), (time.process_time() - began[1]))
        taken.append((wall * 1000 - aside.wall, processor * 1000 - aside.processor))
        # The next turn finds as many turns before it.
        _forget(workspace, workspace.history.turns(conversation)[-1].id)
    return np.array(taken)


def _forget(workspace: Workspace, turn_id: str) -> None:
    query = delete(TurnRow).where(TurnRow.id == turn_id)
    write(open_database(workspace.settings.data_dir), lambda session: session.execute(query))


def _page(history: History, conversation: str, options: argparse.Namespace) -> np.ndarray[Any, Any]:
    """float[rounds, 2]: wall and processor milliseconds of a rerun of the chat page."""
    from streamlit.testing.v1 import AppTest

    if len(history.turns(conversation)) != options.turns:
        raise SystemExit("the conversation has lost or won turns while it was measured")
    page = AppTest.from_file(str(ROOT / "pages" / "main.py"), default_timeout=120)
    page.query_params["conversation"] = conversation
    page.run()
    if page.exception:
        raise SystemExit(f"the page failed: {page.exception}")
    taken = []
    for _ in range(options.rounds):
        began = time.perf_counter(), time.process_time()
        page.run()
        taken.append(((time.perf_counter() - began[0]) * 1000, (time.process_time() - began[1]) * 1000))
    return np.array(taken)


def _told(name: str, taken: np.ndarray[Any, Any]) -> dict[str, dict[str, float]]:
    figures = {
        kind: {"p50": round(float(np.median(own)), 1), "fastest": round(float(own.min()), 1)}
        for kind, own in zip(("wall", "processor"), taken.T, strict=True)
    }
    shown = ", ".join(f"{kind} {own['p50']:6.1f} ({own['fastest']:.1f})" for kind, own in figures.items())
    print(f"{name:18} {shown}")
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat", description=__doc__)
    parser.add_argument("--turns", type=int, default=50, help="turns of the conversation")
    parser.add_argument("--rounds", type=int, default=20, help="how often each is measured")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where chat.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
