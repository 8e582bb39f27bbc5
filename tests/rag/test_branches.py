"""Versions of questions and answers, and what people thought of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from rag.database import close_databases, open_database
from rag.history import History, Turn
from rag.types import Citation

REPOSITORY = Path(__file__).parents[2]
CITATION = Citation(
    number=1,
    document="a.pdf",
    document_id="a" * 64,
    chunk_id="c",
    page=3,
    start=10,
    end=19,
    quote="ten chars",
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    yield History(open_database(tmp_path))
    close_databases()


def asked(history: History, conversation_id: str, *questions: str) -> list[Turn]:
    return [history.add_turn(conversation_id, question) for question in questions]


def shown(history: History, conversation_id: str) -> list[str]:
    return [turn.question for turn in history.turns(conversation_id)]


def test_an_edited_question_begins_a_branch_and_the_old_one_is_kept(history: History) -> None:
    own = history.start("papers").id
    _, second, _ = asked(history, own, "A", "B", "C")
    edited = history.add_turn(own, "B2", beside=second.id)
    assert shown(history, own) == ["A", "B2"]
    asked(history, own, "D")
    assert shown(history, own) == ["A", "B2", "D"]
    assert history.turns(own)[1].versions == (second.id, edited.id)
    history.show_version(second.id)
    assert shown(history, own) == ["A", "B", "C"]
    history.show_version(edited.id)
    assert shown(history, own) == ["A", "B2", "D"]


def test_the_first_question_can_be_edited(history: History) -> None:
    own = history.start("papers").id
    [first] = asked(history, own, "A")
    history.add_turn(own, "A2", beside=first.id)
    asked(history, own, "B")
    assert shown(history, own) == ["A2", "B"]


def test_a_retry_takes_the_place_of_what_failed(history: History) -> None:
    own = history.start("papers").id
    _, second, _ = asked(history, own, "A", "B", "C")
    again = history.add_turn(own, "B", beside=second.id, instead=True)
    assert shown(history, own) == ["A", "B", "C"]
    assert history.turns(own)[1].id == again.id
    assert history.turns(own)[1].versions == (again.id,)


def test_a_judgement_names_the_places_and_can_be_taken_back(history: History) -> None:
    own = history.start("papers").id
    [turn] = asked(history, own, "How much?")
    history.finish_turn(turn.id, answer="Ten [1].", status="done", citations=[CITATION], answered=True)
    history.rate(turn.id, 0, reason="wrong-passages", note="page 4")
    [judged] = history.judgements("papers")
    assert (judged.question, judged.rating, judged.reason, judged.note) == (
        "How much?",
        0,
        "wrong-passages",
        "page 4",
    )
    [place] = judged.places
    assert (place.document_id, place.page, place.start, place.end, place.relevant) == (
        "a" * 64,
        3,
        10,
        19,
        False,
    )
    history.rate(turn.id, 0, reason="wording")
    assert history.judgements("papers")[0].places[0].relevant is None
    history.rate(turn.id, 1)
    assert history.judgements("papers")[0].places[0].relevant is True
    history.rate(turn.id, None)
    assert history.judgements("papers") == []
    assert history.judgements("others") == []


def test_turns_of_before_follow_each_other(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    history = History(engine)
    own = history.start("papers").id
    asked(history, own, "A", "B", "C")
    configuration = Config()
    configuration.set_main_option("script_location", str(REPOSITORY / "rag" / "migrations"))
    configuration.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0004")
        assert connection.execute(text("SELECT count(*) FROM turns")).scalar_one() == 3
        command.upgrade(configuration, "head")
        connection.commit()
    assert shown(history, own) == ["A", "B", "C"]
    close_databases()
