"""The chat and its exports after a cited document was replaced or removed."""

from __future__ import annotations

import json

import pytest
from chat_page import ask, kept, labels, opened, texts
from corpus import TEXTS
from streamlit.testing.v1 import AppTest

from ingest.documents import remove_documents
from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from pages.shared import session
from rag.export import as_html, as_json, as_markdown
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
NAME = "boiler.md"


@pytest.fixture
def asked(filled: Workspace) -> Workspace:
    ask(opened(), QUESTION)
    return filled


def replace_document(workspace: Workspace, text: str) -> None:
    sources = bytes_source(NAME, text.encode(), workspace.settings.ingest)
    [result] = Pipeline("default", workspace).run(sources)
    assert result.status == "updated"


def reopened(workspace: Workspace) -> tuple[AppTest, str]:
    """The conversation again, with the source that says 8.8 bar opened; and that source's button."""
    [conversation] = workspace.history.conversations()
    page = opened(conversation=conversation.id)
    [turn] = kept(workspace)
    [place] = [place for place, own in enumerate(turn.citations) if "8.8 bar" in own.quote]
    page.button(key=f"source-{turn.id}-{place}").click().run()
    assert not page.exception
    return page, page.button(key=f"source-{turn.id}-{place}").label


def exports(workspace: Workspace) -> list[str]:
    [conversation] = workspace.history.conversations()
    turns = kept(workspace)
    standings = session.standings("default")
    return [write(conversation, turns, lambda _: standings) for write in (as_markdown, as_html, as_json)]


def test_nothing_is_marked_while_documents_are_as_they_were(asked: Workspace) -> None:
    page, label = reopened(asked)
    assert "changed" not in label
    assert "since" not in texts(page.caption)
    assert not any("since" in text for text in exports(asked))


def test_a_replaced_document_that_still_says_it_opens_in_its_new_version(asked: Workspace) -> None:
    replace_document(asked, "A new preface.\n\n" + TEXTS[NAME])
    page, label = reopened(asked)
    assert ":gray[changed]" in label
    assert "another version, which still says this." in texts(page.caption)
    assert "This is where." in texts(page.info)
    assert "A new preface" in "".join(own.proto.body for own in page.get("html"))
    markdown, page_of_html, as_data = exports(asked)
    assert "which still says this" in markdown
    assert "which still says this" in page_of_html
    [source] = [own for own in json.loads(as_data)["turns"][0]["citations"] if "8.8" in own["quote"]]
    assert (source["source_now"], source["still_said"]) == ("changed", True)


def test_a_replaced_document_that_no_longer_says_it_keeps_the_quote(asked: Workspace) -> None:
    replace_document(asked, TEXTS[NAME].replace("8.8", "9.4"))
    page, label = reopened(asked)
    assert ":orange[changed]" in label
    assert "which no longer says this; the quote is kept." in texts(page.warning)
    assert "8.8 bar" in "".join(own.proto.body for own in page.get("html"))
    assert all(
        "8.8 bar" in text.replace("\\", "") and "no longer says" in text for text in exports(asked)[:2]
    )


def test_a_removed_document_leaves_its_quote(asked: Workspace) -> None:
    remove_documents(asked, "default", [NAME])
    page, label = reopened(asked)
    assert ":orange[removed]" in label
    assert "Removed since; the quote is kept." in texts(page.warning)
    assert "8.8 bar" in "".join(own.proto.body for own in page.get("html"))
    assert all("Removed since" in text for text in exports(asked)[:2])
    assert "New conversation" in labels(page)
