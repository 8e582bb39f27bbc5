"""What has become of a cited document: renamed, replaced, removed, read again. Real files, real tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from corpus import TEXTS, fill

from ingest.documents import remove_documents
from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.answer import ask
from rag.citation_standing import CHANGED, CURRENT, REMOVED, Standings, as_in
from rag.settings import with_overrides
from rag.types import Citation, PageSpan, ParsedDocument
from rag.workspace import Workspace

NAME = "boiler.md"


@pytest.fixture
def cited(workspace: Workspace) -> Citation:
    fill(workspace)
    reply = ask(
        "At what pressure does the relief valve of boiler 7 open?",
        table=workspace.table("default"),
        settings=with_overrides(workspace.settings, {"answer.decline_below": 0.0}),
    )
    list(reply)
    [citation] = [own for own in reply.citations if "8.8 bar" in own.quote]
    assert citation.words
    return citation


def put(workspace: Workspace, text: str, name: str = NAME) -> None:
    sources = bytes_source(name, text.encode(), workspace.settings.ingest)
    assert {result.status for result in Pipeline("default", workspace).run(sources)} <= {"added", "updated"}


def standings(workspace: Workspace) -> Standings:
    return Standings(workspace.catalog.documents("default"), workspace.blobs.get_parsed)


def test_a_document_as_it_was_is_told_nothing_of(workspace: Workspace, cited: Citation) -> None:
    standing = standings(workspace).of(cited)
    assert (standing.state, standing.still_said, standing.sentence) == (CURRENT, True, "")
    # The same bytes under another name are the same document.
    put(workspace, TEXTS[NAME], "copy.md")
    remove_documents(workspace, "default", [NAME])
    assert standings(workspace).of(cited).state == CURRENT


def test_a_newer_version_that_still_says_it_is_opened_at_its_place(
    workspace: Workspace, cited: Citation
) -> None:
    put(workspace, "Version 2 of these notes. It has a longer beginning.\n\n" + TEXTS[NAME])
    standing = standings(workspace).of(cited)
    assert (standing.state, standing.still_said) == (CHANGED, True)
    now = standing.now
    assert now is not None
    parsed = workspace.blobs.get_parsed(now.document_id)
    assert parsed is not None
    assert parsed.text[now.start : now.end] == cited.quote == now.quote
    assert now.start > cited.start
    assert [parsed.text[first:last] for first, last in now.words] == [
        cited.quote[first - cited.start : last - cited.start] for first, last in cited.words
    ]


def test_a_newer_version_that_no_longer_says_it_is_told(workspace: Workspace, cited: Citation) -> None:
    put(workspace, TEXTS[NAME].replace("8.8", "9.4"))
    standing = standings(workspace).of(cited)
    assert (standing.state, standing.still_said, standing.now) == (CHANGED, False, None)
    assert "no longer says this" in standing.sentence


def test_a_removed_document_is_told_and_so_is_a_removed_collection(
    workspace: Workspace, cited: Citation
) -> None:
    remove_documents(workspace, "default", [NAME])
    standing = standings(workspace).of(cited)
    assert (standing.state, standing.still_said) == (REMOVED, False)
    assert Standings([], workspace.blobs.get_parsed).of(cited).state == REMOVED


def test_a_quote_is_found_though_lines_break_elsewhere_and_never_where_it_is_not(cited: Citation) -> None:
    words = cited.quote.split()
    text = f"Preface. {words[0]}\n{'  '.join(words[1:])} And so on."
    parsed = ParsedDocument(
        text, "t", "application/pdf", pages=(PageSpan(1, 0, 9), PageSpan(2, 9, len(text)))
    )
    found = as_in(parsed, cited)
    assert found is not None
    assert (found.quote.split(), found.page) == (words, 2)
    assert [text[first:last] for first, last in found.words] == [
        cited.quote[first - cited.start : last - cited.start] for first, last in cited.words
    ]
    assert text[found.start : found.end] == found.quote
    assert as_in(replace(parsed, text=text.replace("8.8", "8.9")), cited) is None
    # Of several places it is the one that is nearest.
    twice = f"{cited.quote} {'x ' * 300}{cited.quote}"
    at_end = as_in(ParsedDocument(twice, "t", "text/plain"), replace(cited, start=600, end=900, words=()))
    assert at_end is not None
    assert at_end.start > 300
