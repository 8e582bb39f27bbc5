"""Thumbs in the chat become questions to measure with: shown, made into a set, measured, renewed."""

from __future__ import annotations

import pytest
from chat_page import ask, kept, opened, texts
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.chat import Chats
from rag.evaluation_runs import question_sets
from rag.judged_tasks import judged_tasks
from rag.question_sets import NOT, RELEVANT
from rag.rated_questions import RATED_SET, keep_rated_set
from rag.types import Scope
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

RIGHT = "At what pressure does the relief valve of boiler 7 open?"
WRONG = "How long is parental leave?"


def evaluation() -> AppTest:
    page = opened().switch_page("compare.py").run()
    page.segmented_control(key="compare-kind-0").set_value("Many questions").run()
    assert not page.exception
    return page


def thumb(page: AppTest, turn_id: str, rating: int, reason: str = "") -> None:
    page.feedback(key=f"rating-{turn_id}").set_value(rating).run()
    if reason:
        page.button_group(key=f"reason-{turn_id}-{rating}").set_value(reason).run()
    assert not page.exception


def test_places_in_other_collections_go_into_the_sets_of_those(filled: Workspace) -> None:
    fill(filled, {"winch.md": "The relief valve of the winch of boiler 7 opens at 9 bar.\n"}, "cranes")
    conversation = filled.history.start("default")
    chats = Chats()
    chats.ask(filled, conversation.id, RIGHT, scope=Scope(collections=("cranes",)))
    live = chats.live(conversation.id)
    assert live is None or live.reply.wait(30)
    [turn] = filled.history.turns(conversation.id)
    assert {own.collection for own in turn.citations} == {"default", "cranes"}
    filled.history.rate(turn.id, 1)
    sets = question_sets(filled)
    for name in ("default", "cranes"):
        keep_rated_set(sets, name, filled.history.judgements(name))
        [question] = sets.questions(sets.named(name, RATED_SET).id)
        judged = {own.document for own in question.judgements}
        assert judged == {own.document for own in turn.citations if own.collection == name}
        assert judged_tasks(filled, name, [question])
    assert filled.history.judgements("elsewhere") == []


def test_thumbs_become_a_question_set_that_follows_them(filled: Workspace) -> None:
    assert "Give answers in the chat a thumb" in texts(evaluation().markdown)
    page = ask(opened(), RIGHT)
    ask(page, WRONG)
    right, wrong = kept(filled)
    thumb(page, right.id, 1)
    thumb(page, wrong.id, 0, "wrong-passages")
    made = evaluation()
    table = made.dataframe[0].value
    assert table["Question"].tolist() == [RIGHT, WRONG]
    assert table["Thumb"].tolist() == ["up", "down"]
    assert "Wrong passages" in table["Why"].tolist()[1]
    made.button(key="evaluation-rated").click().run()
    assert not made.exception
    sets = question_sets(filled)
    own = sets.named("default", RATED_SET)
    first, second = sets.questions(own.id)
    assert {judged.grade for judged in first.judgements} == {RELEVANT}
    assert {judged.grade for judged in second.judgements} == {NOT}
    assert {judged.document for judged in first.judgements} == {cited.document for cited in right.citations}
    # It can be measured: the question with a right passage is asked, the other has nothing to find.
    [task] = judged_tasks(filled, "default", [first, second])
    assert task.text == RIGHT
    # A reason about the wording says nothing of the passages, and a thumb taken back nothing at all.
    filled.history.rate(wrong.id, 0, reason="wording")
    filled.history.rate(right.id, None)
    third = ask(opened(), "Who grafted the Bramley trees?")
    newest = max(
        (turn for each in filled.history.conversations() for turn in filled.history.turns(each.id)),
        key=lambda turn: turn.created_at,
    )
    thumb(third, newest.id, 1)
    again = evaluation()
    again.button(key="evaluation-rated").click().run()
    own = sets.named("default", RATED_SET)
    assert [question.text for question in sets.questions(own.id)] == ["Who grafted the Bramley trees?"]
