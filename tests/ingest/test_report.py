"""What a file's report says: pages without text, garbled text, tokens, near-duplicates."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from corpus import fill
from documents import pdf_with_text

from ingest.loaders import load
from ingest.near_duplicates import PLACES, near_duplicates, signature
from ingest.page_numbers import pages_in_words
from ingest.pipeline import Pipeline
from ingest.reading import Reading, read_form, reading_of
from ingest.report import is_garbled, report_on
from ingest.sources import bytes_source
from rag.parsed_form import packed, unpacked
from rag.workspace import Workspace

PROSE = (
    "The relief valve of boiler seven opens at eight bar and was tested in March by the inspector, who "
    "found that the seat had worn more on its left side than on the right and asked for it to be ground. "
    "Until that is done the boiler may be used at six bar only, and someone must look at it every hour. "
)
JAPANESE = (
    "安全弁は八気圧で開きます。検査官は三月にそれを試験し、左側がより摩耗していることを見つけました。" * 3
)


def shifted(text: str) -> str:
    """Text as it comes out of a PDF whose font numbers its letters 29 places off."""
    return "".join(chr(ord(letter) - 29) if letter > "=" else letter for letter in text)


def words(number: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return ["".join(chosen.choices("abcdefghijklmnop", k=6)) for _ in range(number)]


@pytest.mark.parametrize(
    "text",
    [
        shifted(PROSE),
        "\ue000\ue001\ue002\ue003 " * 40,
        "�" * 40 + " and a few words that were left over from it all, see page",
        "(cid:12)(cid:87)(cid:3)(cid:44) " * 20,
        "Th qck brwn fx jmps vr th lz dg nd rns wy frm th hnds wh cm dwn th hll. " * 3,
    ],
)
def test_rubbish_is_seen(text: str) -> None:
    assert is_garbled(text)


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        JAPANESE,
        "Ventil geprüft, Übergröße, façade, œuvre, Žižek, Łódź, Århus, smørrebrød " * 4,
        "1,204.5 3,882.1 (12.7) USD GBP 2012 2013 ----- 8.8 % " * 20,
        "\uf0b7 The first point of the list is this one.\n\uf0b7 And the second of them is that.\n" * 4,
        "def main(argv):\n    return {k: v for k, v in sorted(argv.items()) if k}\n" * 5,
        "ok",
        "",
    ],
)
def test_text_is_not_called_rubbish(text: str) -> None:
    assert not is_garbled(text)


def test_pages_are_named() -> None:
    data = pdf_with_text([PROSE[:90], "", shifted(PROSE).replace("\\", "/"), PROSE[90:]])
    assert report_on(load(data, "a.pdf")).pages == {"empty": [2], "garbled": [3]}
    text = load(b"Fine words.", "a.txt")
    assert report_on(text).pages == {}
    assert report_on(replace(text, text="\ue000" * 100)).pages == {"garbled": [0]}


def test_scans_are_told_from_empty_pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    scans = load(pdf_with_text(["", *[""] * 12, ""], background="0 0 1 rg 72 72 100 100 re f"), "a.pdf")
    pages = replace(scans, scans=scans.scans[1:13])
    assert report_on(pages).pages == {"empty": [1, 14], "scanned": list(range(2, 14))}
    assert scans.warnings == ("14 of 14 pages are scans; install tesseract-ocr to read them.",)
    assert unpacked(packed(pages)) == pages
    assert reading_of(read_form(pages)) == Reading(pages, report_on(pages))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "page 3"),
        ([4, 3], "pages 3 and 4"),
        (range(2, 14), "pages 2 to 13"),
        ([1, 3, 4, 5, 9], "pages 1, 3 to 5 and 9"),
        (range(1, 100, 2), "pages 1, 3, 5, 7, 9, 11, 13, 15 and 42 more"),
    ],
)
def test_pages_in_words(numbers: Sequence[int], words: str) -> None:
    assert pages_in_words(numbers) == words


def test_signatures_tell_how_alike_texts_are() -> None:
    base = words(2000, seed=1)
    changed = [word if place % 100 else "changed" for place, word in enumerate(base)]
    half = base[:1000] + words(1000, seed=2)
    texts = {
        "base": base,
        "same": [word.upper() for word in base],
        "changed": changed,
        "half": half,
        "other": words(2000, seed=3),
    }
    found = near_duplicates({name: signature(" ".join(own)) for name, own in texts.items()})
    assert [name for name, _ in found["base"]] == ["same", "changed"]
    assert found["base"][0][1] == 1.0
    # Of the runs of four words 96 % are the same, of both texts' together 92 %.
    assert found["base"][1][1] == pytest.approx(0.92, abs=0.08)
    assert set(found) == {"base", "same", "changed"}


def test_texts_without_blanks_have_signatures_and_short_ones_none() -> None:
    assert len(signature(JAPANESE)) == 2 * PLACES
    found = near_duplicates({"a": signature(JAPANESE), "b": signature(JAPANESE + "終わり")})
    assert [name for name, _ in found["a"]] == ["b"]
    assert signature("Too short to tell.") == b""
    assert near_duplicates({"a": b"", "b": b""}) == {}


def test_a_crowd_of_equal_documents_all_have_near_duplicates() -> None:
    own = signature(PROSE)
    found = near_duplicates({f"{number:04}": own for number in range(1500)})
    assert len(found) == 1500


def test_the_report_is_kept_with_the_document(workspace: Workspace) -> None:
    fill(workspace, {"one.txt": PROSE, "two.txt": PROSE + "The end.", "other.txt": "Parental leave. " * 30})
    pipeline = Pipeline("default", workspace)
    scan = pdf_with_text([PROSE[:90], ""])
    list(pipeline.run(bytes_source("scan.pdf", scan, workspace.settings.ingest)))
    records = {record.name: record for record in workspace.catalog.documents("default")}
    assert records["scan.pdf"].report == {"empty": [2]}
    found = near_duplicates({name: record.signature for name, record in records.items()})
    assert [name for name, _ in found["one.txt"]] == ["two.txt"]
    # As many tokens as the embedder sees, headers included.
    chunks = workspace.table("default").chunks(records["one.txt"].document_id)
    embedder = workspace.store.embedder
    assert records["one.txt"].tokens == sum(len(embedder.token_spans(own.embedded_text)) for own in chunks)
