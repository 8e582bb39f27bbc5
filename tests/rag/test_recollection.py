"""Long conversations: summed up into their budget, once, and never more than they may take."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from word_counter import WordCounter

from rag.context import fit
from rag.llms import ScriptedChatModel
from rag.recollection import RULES, Summary, recollect
from rag.settings import AnswerSettings
from rag.types import Message

WORDS = WordCounter()


def conversation(turns: int, words: int = 30) -> list[Message]:
    told = []
    for number in range(turns):
        told.append(Message("user", f"Question {number}?"))
        said = f"Answer {number} says this. " + "and more " * words
        told.append(Message("assistant", said, f"turn-{number}", (f"Answer {number} says this.",)))
    return told


def test_what_fits_is_told_as_it_was() -> None:
    history = conversation(3)
    told = recollect(history, None, room=1000, counter=WORDS)
    assert (told.summary, told.messages, told.fresh) == (None, history, False)


def test_rules_keep_questions_and_cited_sentences() -> None:
    told = recollect(conversation(10), None, room=700, counter=WORDS)
    assert told.fresh
    assert told.summary is not None
    assert told.summary.by == RULES
    assert told.messages[-1].turn == "turn-9"
    covered = int(told.summary.through.removeprefix("turn-"))
    assert told.messages[0].content == f"Question {covered + 1}?"
    assert told.summary.turns == covered + 1
    assert f"- Question {covered}? → Answer {covered} says this." in told.summary.text
    assert "and more" not in told.summary.text


def test_a_kept_summary_is_used_again_and_extended_only_when_needed() -> None:
    first = recollect(conversation(10), None, room=700, counter=WORDS)
    again = recollect(conversation(11), first.summary, room=700, counter=WORDS)
    assert not again.fresh
    assert again.summary == first.summary
    assert again.messages[-1].turn == "turn-10"
    later = recollect(conversation(30), first.summary, room=700, counter=WORDS)
    assert later.fresh
    assert later.summary is not None
    assert first.summary is not None
    assert later.summary.turns > first.summary.turns
    assert later.summary.turns + len(later.messages) // 2 == 30
    # Questions stay when there is no room for what was cited.
    assert "- Question 0?\n" in later.summary.text
    newest = later.summary.turns - 1
    assert f"- Question {newest}? → Answer {newest} says this." in later.summary.text


def test_a_summary_of_another_branch_is_not_used() -> None:
    told = recollect(conversation(2), Summary("Old.", "elsewhere", 3, RULES), room=1000, counter=WORDS)
    assert told.summary is None


def test_a_model_sums_up_and_documents_stay_fenced() -> None:
    model = ScriptedChatModel(
        ["They spoke of **boats** [7](http://evil.example) and of ![x](http://e) 12 lamps."]
    )
    told = recollect(conversation(10), None, room=700, counter=WORDS, model=model)
    assert told.summary is not None
    assert told.summary.by == "scripted"
    assert told.summary.text == "They spoke of **boats** and of x 12 lamps."
    [asked] = model.asked
    assert asked[0].content.count("<<<conversation ") == 1
    assert "Answer 0 says this." in asked[0].content


def test_a_model_that_fails_leaves_it_to_the_rules_and_says_so() -> None:
    told = recollect(conversation(10), None, room=700, counter=WORDS, model=ScriptedChatModel([]))
    assert told.summary is not None
    assert told.summary.by == RULES
    assert "summed up by rules" in told.note


def test_a_model_that_says_too_much_is_cut_at_a_sentence() -> None:
    model = ScriptedChatModel(["One short sentence. " * 200])
    told = recollect(conversation(10), None, room=700, counter=WORDS, model=model)
    assert told.summary is not None
    assert told.summary.text.endswith("sentence.")
    assert WORDS.count(told.summary.text) <= 700 // 3


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 30), st.integers(0, 60), st.integers(0, 1200))
def test_it_never_loses_a_turn_or_its_room(turns: int, words: int, room: int) -> None:
    history = conversation(turns, words)
    told = recollect(history, None, room=room, counter=WORDS)
    covered = told.summary.turns if told.summary else 0
    assert told.messages == history[2 * covered :]
    limits = AnswerSettings(history_tokens=room, window_tokens=20_000)
    context = fit(
        "Why?",
        [],
        told.messages,
        settings=limits,
        counter=WORDS,
        summary=told.summary.text if told.summary else "",
    )
    assert context.ledger.history + context.ledger.summary <= room
    if told.fresh:
        assert not context.ledger.dropped
