"""Conversations: order, search, and turns that come back as they were written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from rag.database import close_databases, open_database
from rag.errors import StoreError
from rag.history import History
from rag.types import Citation

CITATION = Citation(
    number=1,
    document="a.pdf",
    document_id="a" * 64,
    chunk_id="c1",
    page=3,
    start=10,
    end=20,
    quote="ten  chars\n",
    score=0.75,
    words=((0, 3), (5, 10)),
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    yield History(open_database(tmp_path))
    close_databases()


def test_a_new_conversation(history: History) -> None:
    started = history.start("papers", owner="ada", title=" Plans ")
    assert (started.title, started.collection, started.owner, started.pinned) == (
        "Plans",
        "papers",
        "ada",
        False,
    )
    assert history.get(started.id) == started
    assert history.turns(started.id) == []
    assert len(started.id) < 20
    assert started.id.replace("-", "").replace("_", "").isalnum()


def test_pinned_first_then_the_last_used(history: History) -> None:
    first, second, third = (history.start("papers", title=title) for title in ("1", "2", "3"))
    history.start("papers", owner="someone else")
    assert [each.title for each in history.conversations()] == ["3", "2", "1"]
    history.add_turn(first.id, "Anything new?")
    assert [each.title for each in history.conversations()] == ["1", "3", "2"]
    history.pin(second.id)
    assert [each.title for each in history.conversations()] == ["2", "1", "3"]
    history.pin(second.id, False)
    history.rename(third.id, "three")
    assert [each.title for each in history.conversations(limit=2)] == ["1", "three"]


def test_searching_title_question_and_answer(history: History) -> None:
    by_title = history.start("papers", title="Ärger mit 100% Wolle")
    by_turn = history.start("papers", title="other")
    turn = history.add_turn(by_turn.id, "What is a Quokka?")
    history.finish_turn(turn.id, answer="A small МАКРОПОД.", status="done")
    for query, expected in [
        ("ärger", [by_title.id]),
        ("100%", [by_title.id]),
        ("1_0", []),
        ("quokka", [by_turn.id]),
        (" макропод ", [by_turn.id]),
        ("wombat", []),
    ]:
        assert [each.id for each in history.conversations(query=query)] == expected, query


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  What \n is it? ", "What is it?"),
        ("word " * 12, ("word " * 12).strip()),
        ("word " * 13, ("word " * 12).strip() + "…"),
        ("abcdefg " * 10, ("abcdefg " * 7).strip() + "…"),
        ("字" * 100, "字" * 60 + "…"),
    ],
)
def test_the_first_question_gives_the_title(history: History, question: str, title: str) -> None:
    conversation = history.start("papers")
    history.add_turn(conversation.id, question)
    history.add_turn(conversation.id, "And then?")
    assert history.get(conversation.id).title == title


def test_a_greeting_gives_no_title(history: History) -> None:
    conversation = history.start("papers")
    for said, title in (
        ("hello", ""),
        ("What can you do?", ""),
        ("When is the office closed?", "When is the office closed?"),
        ("thanks", "When is the office closed?"),
    ):
        history.add_turn(conversation.id, said)
        assert history.get(conversation.id).title == title


def test_a_turn_from_question_to_rating(history: History) -> None:
    conversation = history.start("papers")
    asked = history.add_turn(conversation.id, "Why?")
    assert (asked.status, asked.answer, asked.answered, asked.citations) == ("running", "", None, ())
    finished = history.finish_turn(
        asked.id,
        answer="Because. [1]",
        status="done",
        citations=[CITATION],
        answered=True,
        details={"model": "extractive", "milliseconds": {"total": np.float32(1.5)}, "notes": ("One.",)},
    )
    history.rate(asked.id, 1)
    (stored,) = history.turns(conversation.id)
    assert stored.citations == (CITATION,) == finished.citations
    assert (stored.answer, stored.status, stored.answered, stored.rating) == ("Because. [1]", "done", True, 1)
    assert stored.details == {"model": "extractive", "milliseconds": {"total": 1.5}, "notes": ["One."]}
    assert stored.created_at == asked.created_at
    history.rate(asked.id, None)
    assert history.turns(conversation.id)[0].rating is None


def test_details_that_are_no_plain_data_are_refused_and_nothing_is_written(history: History) -> None:
    conversation = history.start("papers")
    turn = history.add_turn(conversation.id, "Why?")
    for value in (object(), float("nan")):
        with pytest.raises(StoreError):
            history.finish_turn(turn.id, answer="x", status="done", details={"value": value})
    assert history.turns(conversation.id)[0].status == "running"


def test_a_turn_ends_in_a_known_way(history: History) -> None:
    turn = history.add_turn(history.start("papers").id, "Why?")
    with pytest.raises(StoreError, match="done, stopped, failed"):
        history.finish_turn(turn.id, answer="", status="running")


def test_deleting(history: History) -> None:
    conversation = history.start("papers")
    turns = [history.add_turn(conversation.id, question) for question in "abc"]
    history.add_turn(conversation.id, "d", beside=turns[1].id, instead=True)
    assert [(each.question, each.position) for each in history.turns(conversation.id)] == [
        ("a", 0),
        ("d", 3),
        ("c", 2),
    ]
    history.delete(conversation.id)
    assert history.conversations() == []
    with pytest.raises(StoreError, match="no turn"):
        history.rate(turns[0].id, 1)


def test_settings(history: History) -> None:
    conversation = history.start("papers")
    history.set_settings(conversation.id, {"retrieval.k": 5})
    assert history.get(conversation.id).settings == {"retrieval.k": 5}


def test_recovering_only_what_has_run_too_long(history: History) -> None:
    conversation = history.start("papers")
    running = history.add_turn(conversation.id, "running")
    done = history.add_turn(conversation.id, "done")
    history.finish_turn(done.id, answer="Yes.", status="done")
    assert history.recover() == 0
    assert history.recover(older_than=timedelta(0)) == 1
    assert [each.status for each in history.turns(conversation.id)] == ["stopped", "done"]
    late = history.finish_turn(running.id, answer="Late.", status="done")
    assert (late.status, late.error) == ("done", "")


def test_unknown_ids(history: History) -> None:
    for call in (
        lambda: history.get("x"),
        lambda: history.rename("x", "y"),
        lambda: history.pin("x"),
        lambda: history.delete("x"),
        lambda: history.add_turn("x", "y"),
        lambda: history.turns("x"),
    ):
        with pytest.raises(StoreError, match="no conversation 'x'"):
            call()
    for call in (
        lambda: history.finish_turn("x", answer="", status="done"),
        lambda: history.show_version("x"),
    ):
        with pytest.raises(StoreError, match="no turn 'x'"):
            call()


def test_threads_adding_turns_get_positions_of_their_own(history: History) -> None:
    conversation = history.start("papers")
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(5):
                history.add_turn(conversation.id, "Why?")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [each.position for each in history.turns(conversation.id)] == list(range(20))
