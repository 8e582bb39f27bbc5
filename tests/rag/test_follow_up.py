"""Follow-ups made to stand alone: by rules, by a model, and in a conversation."""

from __future__ import annotations

import pytest
from corpus import TEXTS, fill

from rag.answer import ask
from rag.chat import Chats
from rag.follow_up import by_model, by_rules, leans, topic_of
from rag.llms import ScriptedChatModel
from rag.settings import with_overrides
from rag.turns import standalone_of
from rag.workspace import Workspace, open_workspace

BEFORE = ["When does the relief valve of boiler 7 open?"]


@pytest.mark.parametrize(
    "question",
    [
        "Who tested it?",
        "And in 2023?",
        "What about the pump?",
        "Why?",
        "Where are they kept in the cellar?",
        "Wer prüft es?",
    ],
)
def test_a_question_that_points_or_says_little_leans(question: str) -> None:
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        "How long is parental leave?",
        "Who was Napoleon?",
        "What did the repairs of the northern lighthouse cost?",
    ],
)
def test_a_question_that_says_what_it_means_does_not(question: str) -> None:
    assert not leans(question)
    assert by_rules(question, BEFORE).text == question


def test_the_topic_is_carried_over() -> None:
    own = by_rules("Who tested it?", BEFORE)
    assert own.by == "rules"
    assert own.text.startswith("Who tested it?")
    assert {"relief", "valve", "boiler"} <= set(own.text.replace(")", "").split())


def test_the_first_question_stays_as_it_is() -> None:
    assert by_rules("Who tested it?", []).text == "Who tested it?"
    assert by_model("Who tested it?", [], lambda: ScriptedChatModel([])).text == "Who tested it?"


def test_what_was_said_last_and_often_is_the_topic() -> None:
    topic = topic_of(
        ["How much is parental leave?", "Who built the Bramley orchard?", "When was the orchard planted?"]
    )
    assert topic[0] == "orchard"
    assert "Bramley" in topic


def test_a_model_rewrites_and_sees_the_questions_only() -> None:
    model = ScriptedChatModel(["“Who tested the relief valve of boiler 7?”\n"])
    own = by_model("Who tested it?", BEFORE, lambda: model)
    assert (own.text, own.by, own.note) == ("Who tested the relief valve of boiler 7?", "scripted", "")
    [[asked]] = model.asked
    assert BEFORE[0] in asked.content
    assert "Last question: Who tested it?" in asked.content


@pytest.mark.parametrize(
    ("earlier", "question", "gone", "kept"),
    [
        (["What is the total due of invoice 2025003?"], "and 2025005?", "2025003", "invoice"),
        (["total due of invoice 2025003", "and 2025005?"], "what about 2025006?", "2025005", "invoice"),
        (["What is the price of KP-300?", "and KP-900?"], "and its flow?", "KP-300", "KP-900"),
        (["What is the price of KP-300?"], "and AB-77-x?", "KP-300", "price"),
        (["Which sales had the mill in 2022?"], "and in 2023?", "2022", "sales"),
        (["When does the valve of boiler 17 open?"], "and boiler 9?", "17", "valve"),
    ],
)
def test_a_number_of_the_follow_up_takes_the_place_of_the_one_before(
    earlier: list[str], question: str, gone: str, kept: str
) -> None:
    said = by_rules(question, earlier).text.replace(")", "").split()
    assert gone not in said
    assert kept in said


@pytest.mark.parametrize(
    ("earlier", "question", "kept"),
    [
        (["When does the valve of boiler 17 open?"], "and in week 33?", "17"),
        (["What does error E-1234 of the pump KP-300 mean?"], "and E-1235?", "KP-300"),
        (["Did the sales rise from 2022 to 2023?"], "and the costs of them?", "2022"),
    ],
)
def test_other_numbers_are_carried_over_still(earlier: list[str], question: str, kept: str) -> None:
    assert kept in by_rules(question, earlier).text.replace(")", "").split()


def test_the_answer_to_a_follow_up_is_of_the_invoice_that_it_names(workspace: Workspace) -> None:
    numbers = range(2025001, 2025007)
    fill(
        workspace,
        {
            f"{number}.txt": f"Harbour Plumbing\n\nInvoice {number}\n\nTotal due {number - 2025000}88.00"
            for number in numbers
        },
    )
    table, settings = workspace.table("default"), workspace.settings
    reply = ask("and 2025005?", table=table, settings=settings, earlier=["total due of invoice 2025003"])
    assert "588.00" in "".join(reply)
    assert {own.document for own in reply.citations} == {"2025005.txt"}


@pytest.mark.parametrize(
    "reply",
    [
        "Question: Who tested the relief valve?",
        "**Rewritten question:** Who tested the relief valve?",
        "Here is the question, rewritten:\n\n“Who tested the relief valve?”\n",
    ],
)
def test_what_announces_the_question_is_no_part_of_it(reply: str) -> None:
    own = by_model("Who tested it?", BEFORE, lambda: ScriptedChatModel([reply]))
    assert (own.text, own.by) == ("Who tested the relief valve?", "scripted")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "word " * 200,
        "?!",
        "Who tested the valve?\nWhen did it open?",
        "I can help you to make the sentence clear, without any earlier words.",
        BEFORE[0],
    ],
    ids=["nothing", "too long", "no words", "several lines", "made up", "an earlier one"],
)
def test_a_reply_that_is_no_question_falls_back_to_rules(reply: str) -> None:
    assert by_model("Who tested it?", BEFORE, lambda: ScriptedChatModel([reply])).by == "rules"


def test_a_model_that_fails_falls_back_and_says_so() -> None:
    own = by_model("Who tested it?", BEFORE, lambda: ScriptedChatModel([]))
    assert own.by == "rules"
    assert "no reply left" in own.note


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return open_workspace(with_overrides(workspace.settings, {"answer.decline_below": 0}))


def test_a_conversation_searches_for_what_a_follow_up_means(filled: Workspace) -> None:
    chats, conversation = Chats(), filled.history.start("default")
    for question in ("When does the relief valve of boiler 7 open?", "Who tested it?"):
        chats.ask(filled, conversation.id, question)
        live = chats.live(conversation.id)
        assert live is None or live.reply.wait(30)
    first, second = filled.history.turns(conversation.id)
    assert standalone_of(first) == ""
    assert "relief" in standalone_of(second)
    assert second.question == "Who tested it?"
    assert any("Ines Marchetti" in citation.quote for citation in second.citations)


def test_what_the_user_means_is_searched_for_as_it_is(filled: Workspace) -> None:
    reply = ask(
        "Who?",
        table=filled.table("default"),
        settings=filled.settings,
        earlier=BEFORE,
        standalone="Who grafted the Bramley trees?",
    )
    assert "Tomas Okoye" in "".join(reply)
    assert reply.standalone.by == "user"


def test_it_can_be_turned_off(filled: Workspace) -> None:
    settings = with_overrides(filled.settings, {"answer.rewrite_follow_ups": False})
    reply = ask("Who tested it?", table=filled.table("default"), settings=settings, earlier=BEFORE)
    assert "".join(reply)
    assert reply.standalone.text == "Who tested it?"


def test_a_short_question_about_something_else_is_not_answered_by_the_old_subject(
    workspace: Workspace,
) -> None:
    fill(workspace)
    table = workspace.table("default")
    for question, said in (("parental leave", "26 weeks"), ("qwrtzp", "Your documents do not seem")):
        reply = ask(question, table=table, settings=workspace.settings, earlier=BEFORE)
        answer = "".join(reply)
        assert said in answer
        assert "8.8 bar" not in answer
        assert reply.standalone.text == question


def test_a_short_question_about_the_same_thing_keeps_the_subject(workspace: Workspace) -> None:
    fill(workspace)
    reply = ask(
        "tested by whom",
        table=workspace.table("default"),
        settings=workspace.settings,
        earlier=BEFORE,
    )
    assert "Ines Marchetti" in "".join(reply)
    assert "relief valve" in reply.standalone.text


def test_words_of_asking_are_no_subject_in_german_either() -> None:
    assert topic_of(["Wie hoch ist die Hallenmiete?"]) == ["Hallenmiete"]


@pytest.mark.parametrize(
    ("before", "question", "said"),
    [
        ("How much does pump P-118B draw?", "parental leave requests", "personnel office"),
        ("When does the relief valve of boiler 7 open?", "What is the rent?", "900 crowns"),
    ],
)
def test_the_old_subject_goes_where_other_passages_than_its_own_answer(
    real_workspace: Workspace, before: str, question: str, said: str
) -> None:
    fill(real_workspace, TEXTS | {"lease.txt": "The rent of the mill is 900 crowns a month."})
    table, settings = real_workspace.table("default"), real_workspace.settings
    reply = ask(question, table=table, settings=settings, earlier=[before])
    assert said in "".join(reply)
    assert reply.standalone.text == question


def test_nothing_is_carried_over_to_a_question_that_finds_the_same_passage_without(
    real_workspace: Workspace,
) -> None:
    fill(
        real_workspace,
        {"boiler.txt": "The pressure of the boiler is 1.4 bar. Bleed the radiators in October."},
    )
    table, settings = real_workspace.table("default"), real_workspace.settings
    before = ["When should the radiators be bled in October?"]
    reply = ask("What pressure has the boiler?", table=table, settings=settings, earlier=before)
    assert "1.4 bar" in "".join(reply)
    assert reply.standalone.text == "What pressure has the boiler?"
