"""The words that answer are marked within what is quoted, whatever the document and whoever answers."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape

import pytest
from chat_page import ask, kept, opened
from documents import docx_with, pdf_with_text
from model_servers import start_openai_server
from office_documents import mail_with, pptx_with, xlsx_with
from PIL import Image
from streamlit.testing.v1 import AppTest

from ingest.page_pictures import get_page_pictures
from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from pages.shared.chat.answer_quotes import excerpt_as_html
from rag.history import Turn
from rag.turns import nearest_of
from rag.types import Citation
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder")

SAID = "The dredging of the eastern basin cost 918,500 crowns."
QUESTION = "What did the dredging of the eastern basin cost?"
#: The colour of the words on a page, as ingest.page_view tints white paper.
ORANGE = (255, 190, 60)

DOCUMENTS = {
    "a.txt": f"A note on the harbour.\n\n{SAID} Gulls nest there.\n".encode(),
    "a.html": f"<html><body><h1>Harbour</h1><p>{SAID} Gulls nest there.</p></body></html>".encode(),
    "a.docx": docx_with([("Normal", "A note on the harbour."), ("Normal", f"{SAID} Gulls nest there.")]),
    "a.eml": mail_with(f"{SAID} Gulls nest there.", subject="Harbour"),
    "a.pptx": pptx_with([("Harbour", SAID, "")]),
    "list.md": (
        b"# Works\n\n- Dredging of the eastern basin: 918,500 crowns\n- Painting of the crane: 40 crowns\n"
    ),
    "table.md": (
        b"# Works\n\n| Works | Cost |\n|---|---|\n| Dredging of the eastern basin | 918,500 crowns |\n"
        b"| Painting of the crane | 40 crowns |\n"
    ),
    "a.xlsx": xlsx_with({"Works": {"A1": "Works", "B1": "Cost", "A2": "Dredging, eastern basin", "B2": 9}}),
}


def put(workspace: Workspace, name: str, data: bytes) -> None:
    sources = bytes_source(name, data, workspace.settings.ingest)
    assert [own.status for own in Pipeline("default", workspace).run(sources)] == ["added"]


def marked(page: AppTest) -> set[str]:
    """The words marked stronger than the passage in the text view of the panel."""
    bodies = "".join(own.proto.body for own in page.get("html"))
    found = re.findall(r'<mark style="[^"]*font-weight:600">(.*?)</mark>', bodies)
    return {unescape(own).casefold() for own in found}


def open_first(page: AppTest, turn: Turn) -> AppTest:
    page.button(key=f"source-{turn.id}-0").click().run()
    assert not page.exception
    return page


@pytest.mark.parametrize("name", DOCUMENTS)
def test_in_quotes_and_in_the_text_that_they_open(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    put(workspace, name, DOCUMENTS[name])
    page = ask(opened(), QUESTION)
    [turn] = kept(workspace)
    answer = "".join(own.proto.body for own in page.get("html"))
    assert re.search(r"<blockquote.*<mark [^>]*>[^<]*dredging", answer, re.IGNORECASE)
    assert {"dredging", "eastern", "basin"} <= marked(open_first(page, turn))


def test_on_the_picture_of_a_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    put(workspace, "a.pdf", pdf_with_text(["Cover", f"Harbour\n{SAID}"]))
    ask(opened(), QUESTION)
    [turn] = kept(workspace)
    own = turn.citations[0]
    parsed = workspace.blobs.get_parsed(own.document_id)
    assert parsed is not None
    span = parsed.pages[1]
    pictures = get_page_pictures(workspace.settings.ingest)
    file = workspace.blobs.path(own.document_id)
    picture = pictures.draw(file, 2, own.start, own.end, words=own.words, page_start=span.start)
    with Image.open(io.BytesIO(picture)) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 22) or []}
    assert ORANGE in colours


def test_in_what_a_model_cites(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, "a.txt", DOCUMENTS["a.txt"])
    with start_openai_server(["It cost 918,500 crowns [1]."]) as server:
        monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        page = ask(opened(), QUESTION)
    [turn] = kept(workspace)
    # What the sentence says is marked, the figure among it, not what was asked.
    assert {"cost", "crowns"} <= marked(open_first(page, turn))


def test_in_the_passages_that_come_near(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, "a.txt", DOCUMENTS["a.txt"])
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "1")
    page = ask(opened(), QUESTION)
    [turn] = kept(workspace)
    assert nearest_of(turn)
    answer = "".join(own.proto.body for own in page.get("html"))
    assert re.search(r"<mark [^>]*>dredging", answer, re.IGNORECASE)
    page.button(key=f"near-{turn.id}-0").click().run()
    assert {"dredging", "eastern", "basin"} <= marked(page)


def test_an_excerpt_holds_the_words_and_is_escaped() -> None:
    text = f"{'<b>Before</b> that, ' * 40}{SAID}{' And after.' * 40}"
    start = text.index("dredging")
    whole = Citation(1, "a", "d", "c", None, 100, 100 + len(text), text, words=((100 + start, 108 + start),))
    shown = excerpt_as_html(whole, 200)
    assert re.search(r">…[^…]*<mark [^>]*>dredging</mark> of the eastern[^…]*…<", shown)
    assert "&lt;b&gt;Before" in shown
    assert "<b>" not in shown
    assert len(re.sub(r"<[^>]*>", "", unescape(shown))) < 260
    short = replace(whole, quote=SAID, end=100 + len(SAID), words=())
    assert "…" not in excerpt_as_html(short, 200)
