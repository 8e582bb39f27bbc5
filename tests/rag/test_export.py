"""Conversations as files: complete, numbered, and with nothing of a document alive in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rag.database import close_databases, open_database
from rag.export import as_html, as_json, as_markdown
from rag.history import Conversation, History, Turn
from rag.types import Citation

HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](http://192.0.2.1/a.png)"


def citation(number: int, quote: str) -> Citation:
    return Citation(
        number=number,
        document=f"{number}<b>.pdf",
        document_id="a",
        chunk_id="c",
        page=number,
        start=0,
        end=len(quote),
        quote=quote,
    )


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[tuple[Conversation, list[Turn]]]:
    """A quoted answer, a model's answer and one that failed."""
    history = History(open_database(tmp_path))
    own = history.start("papers")
    quoted = history.add_turn(own.id, "What does it cost? <b>")
    history.finish_turn(
        quoted.id, answer="“Ten” [1]", status="done", answered=True,
        citations=[citation(1, f"Ten. {HOSTILE}")], details={"model": "extractive"},
    )  # fmt: skip
    said = history.add_turn(own.id, "And then?")
    history.finish_turn(
        said.id, answer="- Five [2]\n- Six [1]", status="done", answered=True,
        citations=[citation(1, "Six."), citation(2, "Five.")],
        details={"model": "m", "standalone": {"text": "And then, the cost?", "by": "m"}},
    )  # fmt: skip
    failed = history.add_turn(own.id, "Why?")
    history.finish_turn(failed.id, answer="", status="failed", error="Nothing answers at x.")
    yield history.get(own.id), history.turns(own.id)
    close_databases()


def test_markdown_has_every_turn_and_numbered_sources(exported: tuple[Conversation, list[Turn]]) -> None:
    text = as_markdown(*exported)
    assert "# What does it cost? \\<b\\>" in text
    assert "- Five [2]\n- Six [1]" in text
    assert "- [2] 2\\<b\\>.pdf, page 2: “Five.”" in text
    assert "*Understood as: And then, the cost?*" in text
    assert "Not answered: Nothing answers at x." in text


def test_nothing_of_a_document_is_alive_in_markdown(exported: tuple[Conversation, list[Turn]]) -> None:
    text = as_markdown(*exported)
    assert "<script" not in text.replace("\\<script", "")
    assert "](javascript" not in text.replace("\\](javascript", "")


def test_json_gives_back_the_quotes(exported: tuple[Conversation, list[Turn]]) -> None:
    stored = json.loads(as_json(*exported))
    first, second, third = stored["turns"]
    assert first["citations"][0]["quote"].endswith(HOSTILE)
    assert second["understood_as"] == "And then, the cost?"
    assert (third["status"], third["error"]) == ("failed", "Nothing answers at x.")


class Tags(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_html_links_its_own_sources_only(exported: tuple[Conversation, list[Turn]]) -> None:
    tags = Tags(as_html(*exported)).seen
    assert {tag for tag, _ in tags}.isdisjoint({"script", "img", "b", "iframe", "link"})
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    ids = {f"#{attributes['id']}" for _, attributes in tags if "id" in attributes}
    assert links == ["#source-1-1", "#source-2-2", "#source-2-1"]
    assert set(links) <= ids
