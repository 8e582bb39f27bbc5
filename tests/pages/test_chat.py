"""The chat page: how it begins, asks, keeps, declines, fails and leaves."""

from __future__ import annotations

import pytest
from chat_page import ask, kept, labels, opened, texts
from corpus import TEXTS
from model_servers import start_openai_server

from rag.waiting_questions import WaitingQuestion
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


def test_without_documents_it_invites_and_takes_files() -> None:
    page = opened()
    assert not page.exception
    assert "Ask your documents" in texts(page.markdown)
    assert {"Add documents", "Try the samples"} <= set(labels(page))
    assert not page.chat_input[0].disabled
    assert "attach a file" in texts(page.caption)


def test_with_documents_it_offers_questions_about_them(filled: Workspace) -> None:
    page = opened()
    assert f"Ask {len(TEXTS)} documents" in texts(page.markdown)
    sample = page.button(key="sample-question-0")
    sample.click().run()
    assert not page.exception
    assert kept(filled)[0].question == sample.label.replace("\\", "")


def test_a_question_is_answered_with_sources_and_kept(filled: Workspace) -> None:
    page = ask(opened(), "At what pressure does the relief valve of boiler 7 open?")
    [turn] = kept(filled)
    assert turn.status == "done"
    assert any("8.8 bar" in citation.quote for citation in turn.citations)
    assert any("boiler.md" in label for label in labels(page))
    [conversation] = filled.history.conversations()
    assert page.query_params["conversation"] == conversation.id


def test_a_source_opens_beside_the_chat_and_closes(filled: Workspace) -> None:
    page = ask(opened(), "At what pressure does the relief valve of boiler 7 open?")
    [turn] = kept(filled)
    page.button(key=f"source-{turn.id}-0").click().run()
    assert not page.exception
    assert "boiler.md" in texts(page.markdown)
    page.button(key="icon-chat-close").click().run()
    assert "icon-chat-close" not in [button.key for button in page.button]


def test_a_link_opens_a_conversation_and_a_dead_one_begins_anew(filled: Workspace) -> None:
    ask(opened(), "Who grafted the Bramley trees?")
    [conversation] = filled.history.conversations()
    again = opened(conversation=conversation.id)
    assert "Who grafted the Bramley trees?" in texts(again.text)
    dead = opened(conversation="nowhere")
    assert not dead.exception
    assert f"Ask {len(TEXTS)} documents" in texts(dead.markdown)


def test_two_conversations_are_apart_and_one_can_be_deleted(filled: Workspace) -> None:
    page = ask(opened(), "Who grafted the Bramley trees?")
    page.button(key="new-conversation").click().run()
    ask(page, "How long is parental leave?")
    second, first = filled.history.conversations()
    assert [len(filled.history.turns(own.id)) for own in (first, second)] == [1, 1]
    page.button(key=f"conversation-{first.id}").click().run()
    assert "Who grafted the Bramley trees?" in texts(page.text)
    page.button(key=f"delete-{first.id}").click().run()
    page.button(key="delete-conversation").click().run()
    assert not page.exception
    assert [own.id for own in filled.history.conversations()] == [second.id]


def test_a_question_can_be_put_to_one_document(filled: Workspace) -> None:
    page = opened()
    page.multiselect[0].select("staff/leave.txt").run()
    ask(page, "relief valve boiler")
    [turn] = kept(filled)
    assert {citation.document for citation in turn.citations} <= {"staff/leave.txt"}
    assert "Asked of leave.txt only" in texts(page.caption)
    # The choice stays with the conversation and does not leak into a new one.
    page.button(key="new-conversation").click().run()
    assert page.multiselect[0].value == []
    [conversation] = filled.history.conversations()
    page.button(key=f"conversation-{conversation.id}").click().run()
    assert page.multiselect[0].value == ["staff/leave.txt"]


def test_declining_shows_the_nearest_passages(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "1")
    page = ask(opened(), "Who won the football world cup of 1998?")
    assert "Your documents do not seem to answer this." in texts(page.markdown)
    assert "Nearest passages, not answers:" in texts(page.caption)
    assert kept(filled)[0].answered is False


def test_declining_says_where_an_answer_may_stand_all_the_same(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "1")
    page = ask(opened(), "How long is parental leave?")
    assert "Your documents may answer this, but no passage says it clearly." in texts(page.markdown)
    assert "Nearest passages. One of them may answer it:" in texts(page.caption)
    assert kept(filled)[0].answered is False


def test_a_greeting_is_returned_and_nothing_is_shown_as_found(filled: Workspace) -> None:
    page = ask(opened(), "Good morning!")
    assert "Hello. Ask about your documents" in texts(page.markdown)
    captions = texts(page.caption)
    assert "Nearest" not in captions
    assert "Searched" not in captions
    assert "Again" not in [button.label for button in page.button]


def test_what_documents_say_is_never_live(filled: Workspace) -> None:
    page = ask(opened(), "click x ends")
    shown = "\n".join(element.value for element in page.markdown)
    assert "](javascript:" not in shown.replace("\\](", "")
    assert "<img" not in shown.replace("\\<img", "")


def test_a_failing_model_keeps_the_question_and_retries(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_openai_server(["It opens at 8.8 bar [1]."], key="sk-right") as server:
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        monkeypatch.setenv("ASKANCE_OPENAI_API_KEY", "sk-wrong")
        page = ask(opened(), "When does the relief valve open?")
        [turn] = kept(filled)
        assert turn.status == "failed"
        assert "sk-wrong" not in turn.error
        assert "Open settings" in labels(page)
        monkeypatch.setenv("ASKANCE_OPENAI_API_KEY", "sk-right")
        page.button(key=f"again-{turn.id}").click().run()
    assert not page.exception
    [turn] = kept(filled)
    assert (turn.status, turn.answered) == ("done", True)
    assert "8.8 bar" in texts(page.markdown)
    # The answerer knows which passage it rests on.
    assert turn.citations[0].number == 1


def test_rating_an_answer_is_kept(filled: Workspace) -> None:
    page = ask(opened(), "Who grafted the Bramley trees?")
    [turn] = kept(filled)
    page.feedback(key=f"rating-{turn.id}").set_value(1).run()
    assert kept(filled)[0].rating == 1


def test_a_follow_up_shows_what_it_was_taken_to_mean_and_can_be_put_right(filled: Workspace) -> None:
    page = ask(opened(), "At what pressure does the relief valve of boiler 7 open?")
    ask(page, "Who tested it?")
    second = kept(filled)[1]
    assert "Understood as: Who tested it? (about" in texts(page.caption)
    page.button(key=f"change-{second.id}").click().run()
    page.text_area(key=f"meant-{second.id}").set_value("Who grafted the Bramley trees?")
    page.button(key=f"ask-meant-{second.id}").click().run()
    assert not page.exception
    [_, again] = kept(filled)
    assert again.question == "Who tested it?"
    assert any("Tomas Okoye" in citation.quote for citation in again.citations)
    assert "Understood as: Who grafted the Bramley trees?" in texts(page.caption)


def test_thinking_is_folded_and_drawn_as_plain_text(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    thought = "Perhaps **8.8 bar** <b>or</b> [1]?"
    with start_openai_server(["It opens at 8.8 bar [1]."], thinking=thought) as server:
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        page = ask(opened(), "At what pressure does the relief valve of boiler 7 open?")
    [turn] = kept(filled)
    assert (turn.answer, turn.details["thinking"]) == ("It opens at 8.8 bar [1].", thought)
    assert thought not in texts(page.text), "it is folded"
    [folded] = [own for own in page.expander if own.label == "Thinking"]
    assert not folded.proto.expanded


def test_any_random_name_of_a_turn_can_be_drawn(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (f"own__name__{number}" for number in range(10))
    monkeypatch.setattr("rag.history.secrets.token_urlsafe", lambda _: next(names))
    conversation = filled.history.start("default")
    turn = filled.history.add_turn(conversation.id, "Is it drawn?")
    filled.history.finish_turn(turn.id, answer="So it is.", status="done", answered=True)
    page = opened(conversation=conversation.id)
    assert not page.exception
    assert "So it is." in texts(page.markdown)


def test_a_long_conversation_begins_with_its_last_turns(filled: Workspace) -> None:
    conversation = filled.history.start("default")
    for number in range(30):
        turn = filled.history.add_turn(conversation.id, f"Question number {number}?")
        filled.history.finish_turn(turn.id, answer="So it is.", status="done", answered=True)
    page = opened(conversation=conversation.id)
    shown = texts(page.text)
    assert "Question number 29?" in shown
    assert "Question number 10?" in shown
    assert "Question number 9?" not in shown
    page.button(key=f"show-earlier-{conversation.id}").click().run()
    assert not page.exception
    assert "Question number 0?" in texts(page.text)
    assert "Show" not in " ".join(labels(page))


def test_a_question_is_not_lost_when_its_run_is_cut_short(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit.runtime.scriptrunner import RerunData, RerunException

    from rag.history import History

    page = opened()
    cut_short: list[str] = []
    set_settings = History.set_settings

    def once(self: History, identifier: str, settings: dict[str, object]) -> None:
        if not cut_short:
            cut_short.append(identifier)
            raise RerunException(RerunData())
        set_settings(self, identifier, settings)

    monkeypatch.setattr(History, "set_settings", once)
    ask(page, "Who grafted the Bramley trees?")
    assert cut_short
    assert [turn.question for turn in kept(filled)] == ["Who grafted the Bramley trees?"]


def test_what_waits_is_asked_once_when_its_conversation_is_opened(filled: Workspace) -> None:
    own = filled.history.start("default")
    filled.waiting.put(own.id, WaitingQuestion("Who grafted the Bramley trees?"))
    page = opened()
    assert filled.waiting.of(own.id), "another conversation asks it not"
    page.button(key=f"conversation-{own.id}").click().run()
    assert not page.exception
    opened(conversation=own.id)
    assert [turn.question for turn in filled.history.turns(own.id)] == ["Who grafted the Bramley trees?"]
    assert filled.waiting.of(own.id) == []


def test_a_model_chosen_for_a_question_may_be_gone_at_its_turn(filled: Workspace) -> None:
    own = filled.history.start("default")
    gone = (("answer.model", "gone-since"),)
    filled.waiting.put(own.id, WaitingQuestion("Who grafted the Bramley trees?", overrides=gone))
    page = opened(conversation=own.id)
    assert not page.exception
    [turn] = filled.history.turns(own.id)
    assert (turn.status, turn.details["answerer"]) == ("done", "extractive")


def test_a_question_to_a_conversation_deleted_elsewhere_begins_a_new_one(filled: Workspace) -> None:
    page = ask(opened(), "At what pressure does the relief valve of boiler 7 open?")
    [gone] = filled.history.conversations()
    filled.history.delete(gone.id)
    ask(page, "Who grafted the Bramley trees?")
    assert [turn.question for turn in kept(filled)] == ["Who grafted the Bramley trees?"]
    [new] = filled.history.conversations()
    assert page.query_params["conversation"] == new.id
