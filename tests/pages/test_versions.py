"""The chat page: questions edited, answers made anew, versions flipped, thumbs with a reason."""

from __future__ import annotations

import threading

import pytest
from chat_page import ask, kept, labels, opened, texts
from model_servers import start_openai_server
from streamlit.testing.v1 import AppTest

from pages.shared import session
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

FIRST = "At what pressure does the relief valve of boiler 7 open?"


def versions(page: AppTest) -> list[str]:
    return [own.value for own in page.markdown if own.value.startswith("Version ")]


def test_a_question_is_edited_and_flipped_back(filled: Workspace) -> None:
    page = ask(opened(), FIRST)
    ask(page, "How long is parental leave?")
    first = kept(filled)[0]
    page.button(key=f"edit-{first.id}").click().run()
    page.text_area(key=f"edited-{first.id}").set_value("Who grafted the Bramley trees?")
    page.button(key=f"ask-edited-{first.id}").click().run()
    assert not page.exception
    [edited] = kept(filled)
    assert any("Tomas Okoye" in citation.quote for citation in edited.citations)
    assert versions(page) == ["Version 2 of 2"]
    page.button(key=f"icon-previous-version-{edited.id}").click().run()
    assert [turn.question for turn in kept(filled)] == [FIRST, "How long is parental leave?"]
    assert versions(page) == ["Version 1 of 2"]
    assert "Who grafted the Bramley trees?" not in texts(page.text)


def test_an_answer_is_made_anew_from_other_settings(filled: Workspace) -> None:
    page = ask(opened(), FIRST)
    [turn] = kept(filled)
    page.button(key=f"regenerate-{turn.id}").click().run()
    page.selectbox(key=f"again-retrieval.mode-{turn.id}").set_value("text")
    page.number_input(key=f"again-retrieval.k-{turn.id}").set_value(1)
    page.button(key=f"ask-again-{turn.id}").click().run()
    assert not page.exception
    [again] = kept(filled)
    assert (again.question, again.details["mode"], again.details["passages"]) == (FIRST, "text", 1)
    assert again.versions == (turn.id, again.id)
    # For this answer alone: the next question is asked as the settings say.
    ask(page, "How long is parental leave?")
    assert kept(filled)[1].details["mode"] == "hybrid"


def test_a_thumb_asks_why_and_keeps_it(filled: Workspace) -> None:
    page = ask(opened(), FIRST)
    [turn] = kept(filled)
    assert "Wrong passages" not in labels(page)
    page.feedback(key=f"rating-{turn.id}").set_value(0).run()
    page.button_group(key=f"reason-{turn.id}-0").set_value("wrong-passages").run()
    page.text_input(key=f"note-{turn.id}-0").set_value("see page 4").run()
    assert not page.exception
    [judged] = filled.history.judgements("default")
    assert (judged.reason, judged.note, judged.places[0].document) == (
        "wrong-passages",
        "see page 4",
        "boiler.md",
    )


def test_a_conversation_can_be_taken_along(filled: Workspace) -> None:
    page = ask(opened(), FIRST)
    [conversation] = filled.history.conversations()
    offered = {own.label for own in page.get("download_button")}
    assert {"Markdown", "Web page, to print", "JSON"} <= offered
    assert conversation.id in page.query_params["conversation"]


def test_a_dialog_is_not_kept_waiting_by_an_answer_under_way(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_openai_server(["It opens at 8.8 bar [1]. So it says."]) as server:
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        page = ask(opened(), FIRST)
        [turn] = kept(filled)
        server.gate = threading.Event()
        session.chats().ask(open_workspace(load_settings()), turn.conversation_id, "And why?")
        # What is pressed in it is heard only after this run, which ends though the answer has not.
        page.button(key=f"edit-{turn.id}").click().run()
        assert not page.exception
        assert page.text_area(key=f"edited-{turn.id}").value == FIRST
        assert kept(filled)[1].status == "running"
        page.button(key=f"delete-{turn.conversation_id}").click().run()
        page.button(key="delete-conversation").click().run()
        assert not page.exception
        assert filled.history.conversations() == []
        server.gate.set()
