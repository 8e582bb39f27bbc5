"""What is said to Askance and not asked of documents, and what quotes cannot do."""

from __future__ import annotations

import pytest
from corpus import fill

from rag.answer import Reply, ask
from rag.chat import Chats
from rag.courtesies import ABILITIES, DOCUMENTS, GREETING, NO_WORDS, WELCOME
from rag.workspace import Workspace

TEXTS = {
    "chat.txt": "Hello! Thanks for the documents. What can you do? Help!",
    "rent.txt": "The rent of the mill is 900 crowns. The rent of the barn is 300 crowns.",
}


def asked(workspace: Workspace, question: str) -> Reply:
    reply = ask(question, table=workspace.table("default"), settings=workspace.settings)
    for _ in reply:
        pass
    return reply


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Hello", GREETING),
        ("Guten Morgen!", GREETING),
        ("thanks", WELCOME),
        ("Vielen Dank", WELCOME),
        ("What can you do?", ABILITIES),
        ("help", ABILITIES),
        ("What documents do you have?", DOCUMENTS),
        ("Wie viele Dokumente gibt es?", DOCUMENTS),
        ("?", NO_WORDS),
    ],
)
def test_what_is_said_to_askance_is_not_looked_for_in_documents(
    workspace: Workspace, said: str, reply: str
) -> None:
    fill(workspace, TEXTS)
    own = asked(workspace, said)
    assert own.text == reply
    assert own.citations == own.nearest == []
    assert not own.answered


@pytest.mark.parametrize(
    "question", ["Hello, what is the rent of the mill?", '"Hello"', "thanks rent", "documents of the mill"]
)
def test_a_question_is_looked_for_however_polite(workspace: Workspace, question: str) -> None:
    fill(workspace, TEXTS)
    assert asked(workspace, question).search is not None


def test_a_greeting_carries_no_subject_on(workspace: Workspace) -> None:
    fill(workspace, TEXTS)
    chats, conversation = Chats(), workspace.history.start("default")
    for question in ("thanks", "What is the rent of the mill?"):
        chats.ask(workspace, conversation.id, question)
        live = chats.live(conversation.id)
        assert live is None or live.reply.wait(30)
    first, second = workspace.history.turns(conversation.id)
    assert (first.answer, first.answered, first.details["mode"]) == (WELCOME, False, "")
    assert "900 crowns" in second.answer


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("What is the sum of the rents?", "add up"),
        ("How much is the rent in total?", "add up"),
        ("List all rents", "list all"),
        ("Summarise the rent of the mill", "sum up"),
        ("what changed in the rent of the mill", "compare"),
        ("Fasse die Miete bitte zusammen", "sum up"),
        ("Please translate the rent of the mill", "translate"),
    ],
)
def test_what_quotes_cannot_give_is_said_beside_them(workspace: Workspace, question: str, what: str) -> None:
    fill(workspace, TEXTS)
    assert any(f"cannot {what}" in note for note in asked(workspace, question).notes)


@pytest.mark.parametrize(
    ("message", "listed"),
    [
        (
            "What is the rent of the mill, who pays it, and when is it due?",
            "3 questions at once. Ask them one by one: “What is the rent of the mill?”, “who pays it?”",
        ),
        ("What is the rent? Is the barn let?", "2 questions at once"),
        ("Who pays the rent and when is it due?", "2 questions at once"),
        ("Wie hoch ist die Miete und wann wird sie bezahlt?", "2 questions at once"),
    ],
)
def test_several_questions_are_to_be_asked_one_by_one(
    workspace: Workspace, message: str, listed: str
) -> None:
    fill(workspace, TEXTS)
    assert any(listed in note for note in asked(workspace, message).notes)


@pytest.mark.parametrize(
    "question",
    [
        "Where and when was the mill built?",
        "Hello there! What is the rent of the mill?",
        "Which mill, which was built in 1900, has a rent of 900 crowns?",
        "What is the rent of the mill and the barn?",
        "What is the rent of the mill? Thanks!",
        "What is the rent of the mill? Many thanks for all the help.",
        "Who let the mill, and to whom?",
        "What is the rent of the mill",
        "list price of the mill",
        "How many crowns is the rent?",
        "rent changes",
    ],
)
def test_a_plain_question_has_no_such_note(workspace: Workspace, question: str) -> None:
    fill(workspace, TEXTS)
    assert asked(workspace, question).notes == []
