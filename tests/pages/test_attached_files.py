"""Files attached in the chat: read by the library's jobs, asked by themselves, gone with the conversation."""

from __future__ import annotations

import pytest
from chat_page import ask, kept, labels, opened, texts
from streamlit.testing.v1 import AppTest

from ingest.jobs import Jobs
from rag.attached_files import Asked, attached_to
from rag.collection_names import in_words
from rag.errors import StoreError
from rag.export import as_markdown
from rag.history import Conversation
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

NOTE = "The spare key of the crane hangs behind the canteen door."
QUESTION = "Where does the spare key of the crane hang?"


def conversation_of(workspace: Workspace) -> Conversation:
    [own] = workspace.history.conversations()
    return own


def attach(page: AppTest, *files: tuple[str, bytes], question: str = "") -> AppTest:
    for name, data in files:
        page.chat_input[0].upload(name, data)
    if question:
        page.chat_input[0].set_value(question)
    page.run()
    assert not page.exception
    return page


def read(workspace: Workspace) -> None:
    """Wait until the conversation's own files are read; the page forgets jobs done without trouble."""
    jobs = Jobs(workspace)
    for job in jobs.jobs(attached_to(conversation_of(workspace).id)):
        assert jobs.wait(job, 60)


def test_a_file_with_a_question_is_read_then_asked_and_nothing_else(filled: Workspace) -> None:
    page = attach(opened(), ("key.txt", NOTE.encode()), question=QUESTION)
    read(filled)
    page.run()
    assert not page.exception
    [turn] = kept(filled)
    assert turn.question == QUESTION
    assert {own.document for own in turn.citations} == {"key.txt"}
    assert "Asked of the attached files" in texts(page.caption)
    # The collection of the library stays as it was, and the files are offered nowhere else.
    assert {record.name for record in filled.catalog.documents("default")}.isdisjoint({"key.txt"})
    assert not page.sidebar.selectbox
    page.button(key=f"source-{turn.id}-0").click().run()
    assert "canteen" in "".join(own.proto.body for own in page.get("html"))
    assert "from the attached files, version" in as_markdown(conversation_of(filled), [turn])


def test_the_collection_can_be_asked_again_and_each_turn_knows_what_it_was_asked_of(
    filled: Workspace,
) -> None:
    page = attach(opened(), ("key.txt", NOTE.encode()), question=QUESTION)
    read(filled)
    page.run()
    page.segmented_control[0].set_value(Asked.COLLECTION).run()
    ask(page, "Who grafted the Bramley trees?")
    first, second = kept(filled)
    assert {own.document for own in second.citations} <= {"boiler.md", "staff/leave.txt", "orchard.html"}
    # Made anew, an answer comes from what it came from.
    page.button(key=f"regenerate-{first.id}").click().run()
    page.button(key=f"ask-again-{first.id}").click().run()
    again = kept(filled)[0]
    assert again.id != first.id
    assert {own.document for own in again.citations} == {"key.txt"}
    assert not any("since" in own.value for own in page.caption)
    # Where the last question went, the next one goes.
    reopened = opened(conversation=conversation_of(filled).id)
    assert reopened.segmented_control[0].value == Asked.FILES
    filled.history.rate(second.id, 1)
    filled.history.rate(first.id, 1)
    assert [own.turn_id for own in filled.history.judgements("default")] == [second.id]


def test_files_and_the_collection_are_asked_together(filled: Workspace) -> None:
    valve = b"The spare relief valve of boiler 7 lies in the blue cabinet of the canteen."
    page = attach(opened(), ("valve.txt", valve), question="Where does the spare relief valve lie?")
    read(filled)
    page.run()
    page.segmented_control[0].set_value(Asked.BOTH).run()
    ask(page, "What is known of the relief valve of boiler 7?")
    own = attached_to(conversation_of(filled).id)
    turn = kept(filled)[-1]
    cited = {citation.document: citation.collection for citation in turn.citations}
    assert cited.items() >= {("valve.txt", own), ("boiler.md", "default")}
    assert "Asked of the attached files and the collection" in texts(page.caption)
    assert any("in the attached files" in label for label in labels(page))
    assert not any(own in label for label in labels(page))
    # Each citation opens the document that it is from, by the words found there.
    for index, citation in enumerate(turn.citations):
        page.button(key=f"source-{turn.id}-{index}").click().run()
        shown = "".join(element.proto.body for element in page.get("html"))
        assert citation.quote.split()[-1] in shown
        assert "Removed since" not in texts([*page.warning, *page.info])
    told = as_markdown(conversation_of(filled), [turn])
    assert in_words(f"default, {own}") == "default, the attached files"
    assert "from default, the attached files, version" in told
    assert own not in told
    # Another version, and what is asked next, go where it went.
    page.button(key=f"regenerate-{turn.id}").click().run()
    page.button(key=f"ask-again-{turn.id}").click().run()
    assert {citation.collection for citation in kept(filled)[-1].citations} == {"default", own}
    reopened = opened(conversation=turn.conversation_id)
    assert reopened.segmented_control[0].value == Asked.BOTH
    # A thumb judges the places in the collection; the attached files go with the conversation.
    filled.history.rate(turn.id, 1)
    [judged] = filled.history.judgements("default")
    assert judged.turn_id == turn.id
    assert {place.document for place in judged.places} == {
        citation.document for citation in turn.citations if citation.collection == "default"
    }
    assert {place.document for place in filled.history.judgements(own)[0].places} == {"valve.txt"}


def test_a_file_can_be_asked_while_the_library_is_empty(workspace: Workspace) -> None:
    page = attach(opened(), ("key.txt", NOTE.encode()), question=QUESTION)
    read(workspace)
    page.run()
    assert not page.exception
    [turn] = kept(workspace)
    assert {own.document for own in turn.citations} == {"key.txt"}
    assert "Asked of the attached files" in texts(page.caption)
    assert not page.segmented_control


def test_a_question_to_an_empty_library_waits_for_something_to_ask(workspace: Workspace) -> None:
    page = opened()
    page.chat_input[0].set_value(QUESTION).run()
    assert not page.exception
    assert f"Asked once there is a document to ask: {QUESTION}" in texts(page.caption)
    assert workspace.history.conversations() == []
    attach(page, ("key.txt", NOTE.encode()))
    read(workspace)
    page.run()
    [turn] = kept(workspace)
    assert turn.question == QUESTION
    assert {own.document for own in turn.citations} == {"key.txt"}


def test_a_file_that_cannot_be_read_is_told_and_its_question_waits(filled: Workspace) -> None:
    page = attach(opened(), ("broken.pdf", b"%PDF-1.7\nnot a pdf at all"), question=QUESTION)
    read(filled)
    page.run()
    assert not page.exception
    assert "broken.pdf" in texts(page.markdown)
    assert f"Not asked, since no file could be read: {QUESTION}" in texts(page.caption)
    assert kept(filled) == []
    page.button(key="ask-without-files").click().run()
    [turn] = kept(filled)
    assert turn.question == QUESTION
    assert "Asked of the attached files" not in texts(page.caption)


def test_files_alone_begin_a_conversation_with_questions_about_them(filled: Workspace) -> None:
    page = attach(opened(), ("a.txt", NOTE.encode()), ("b.txt", b"The crane was painted red in 1999."))
    read(filled)
    page.run()
    assert "Ask 2 documents" in texts(page.markdown)
    ask(page, "What colour is the crane?")
    assert {own.document for own in kept(filled)[0].citations} <= {"a.txt", "b.txt"}


def test_hidden_files_are_refused_and_the_question_is_not_asked(filled: Workspace) -> None:
    page = attach(opened(), (".secret", NOTE.encode()), question=QUESTION)
    assert "Attach another file" in texts(page.error)
    assert kept(filled) == []


def test_deleting_a_conversation_asks_and_takes_its_files_along(filled: Workspace) -> None:
    page = attach(opened(), ("key.txt", NOTE.encode()), question=QUESTION)
    read(filled)
    page.run()
    own = conversation_of(filled)
    [record] = filled.catalog.documents(attached_to(own.id))
    page.button(key=f"delete-{own.id}").click().run()
    assert "its 1 attached file: key.txt." in texts(page.caption)
    page.button(key="delete-conversation").click().run()
    assert not page.exception
    assert filled.history.conversations() == []
    assert attached_to(own.id) not in filled.store.collections()
    assert not filled.blobs.has(record.document_id)
    with pytest.raises(StoreError):
        filled.table(attached_to(own.id))
    assert "Add documents" not in labels(page)


def test_files_attached_with_a_broken_one_do_not_lead_away_from_their_conversation(filled: Workspace) -> None:
    page = attach(opened(), ("key.txt", NOTE.encode()), ("none.txt", b""), question=QUESTION)
    read(filled)
    page.run()
    assert not page.exception
    assert "Try again" in labels(page)
    assert "Ask about them" not in labels(page)
