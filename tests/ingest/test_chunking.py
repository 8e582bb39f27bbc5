"""Chunks are exact, fit the embedder, and respect pages and headings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.chunking import chunk_document
from rag.embedders import Embedder, get_embedder
from rag.errors import SettingsError
from rag.hash_embedder import HashEmbedder
from rag.settings import ChunkingSettings, EmbeddingSettings
from rag.types import Chunk, Heading, PageSpan, ParsedDocument, TableSpan


def chunked(document: ParsedDocument, embedder: Embedder | None = None, **settings: int) -> list[Chunk]:
    return list(
        chunk_document(
            document,
            document_id="d" * 64,
            name="d.txt",
            embedder=embedder or HashEmbedder(),
            settings=ChunkingSettings(**settings),
        )
    )


def plain(text: str, **more: object) -> ParsedDocument:
    return ParsedDocument(text=text, title="A title", mime_type="text/plain", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return get_embedder(EmbeddingSettings())


#: Prose with everything that has broken offsets before: joined emoji, other scripts, long words, odd spaces.
TEXTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
        st.sampled_from(
            [
                "The valve opens at 9.4 bar. ",
                "\n\n",
                "\r\n",
                "x" * 300,
                "漢字かな交じり文。",
                "مرحبا بالعالم ",
                "👩‍👩‍👧 ",
                "é" * 5,
                "\u00a0",
                "\u2028",
                "- item\n",
                "```\ncode\n```\n",
                "\0",
            ]
        ),
    ),
    max_size=60,
).map("".join)


@given(text=TEXTS, size=st.integers(32, 256), overlap=st.integers(0, 40))
@example(text="word " * 2000, size=64, overlap=40)
@example(text="y" * 30_000, size=32, overlap=8)
@example(text="0" * 17 + "x" * 600, size=32, overlap=0)
@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_every_chunk_is_exact_and_fits_the_real_embedder(
    minilm: Embedder, text: str, size: int, overlap: int
) -> None:
    chunks = chunked(plain(text), minilm, max_tokens=size, overlap_tokens=overlap)
    covered: set[int] = set()
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        assert len(minilm.token_spans(chunk.embedded_text)) + minilm.special_tokens <= size
        covered.update(range(chunk.start, chunk.end))
    lost = [position for position, own in enumerate(text) if not own.isspace() and position not in covered]
    assert not lost
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@given(
    pages=st.lists(st.text(st.characters(codec="ascii"), max_size=400), min_size=1, max_size=6),
    overlap=st.integers(0, 16),
)
@hypothesis_settings(deadline=None, max_examples=60)
def test_no_chunk_crosses_a_page(pages: list[str], overlap: int) -> None:
    text, spans = "", []
    for number, page in enumerate(pages, start=1):
        spans.append(PageSpan(number, len(text), len(text) + len(page)))
        text += page + "\n\n"
    document = plain(text, pages=tuple(spans))
    for chunk in chunked(document, max_tokens=32, overlap_tokens=overlap):
        own = spans[(chunk.page or 0) - 1]
        assert own.start <= chunk.start < chunk.end <= own.end


def test_chunks_respect_headings_and_carry_their_path() -> None:
    text = "# Manual\n\n## Valves\n\nOpens at 9 bar.\n\n## Pumps\n\nDraws 3 kW.\n"
    headings = (
        Heading(text.index("# Manual"), 1, "Manual"),
        Heading(text.index("## Valves"), 2, "Valves"),
        Heading(text.index("## Pumps"), 2, "Pumps"),
    )
    chunks = chunked(ParsedDocument(text=text, title="Manual", mime_type="text/markdown", headings=headings))
    assert [chunk.headings for chunk in chunks] == ["Manual > Valves", "Manual > Pumps"]
    # The title is not said twice, and a heading without text of its own stays with what follows it.
    assert chunks[0].header == "Manual > Valves"
    assert chunks[0].text.startswith("# Manual")
    assert chunks[1].embedded_text == "Manual > Pumps\n## Pumps\n\nDraws 3 kW."


def test_a_heading_ends_those_at_its_level_and_below() -> None:
    levels = (("A", 1), ("B", 3), ("C", 2), ("D", 1))
    text = "".join(f"{name}\n\nText of {name}.\n\n" for name, _ in levels)
    headings = tuple(Heading(text.index(f"{name}\n"), level, name) for name, level in levels)
    chunks = chunked(ParsedDocument(text=text, title="T", mime_type="text/plain", headings=headings))
    assert [chunk.headings for chunk in chunks] == ["A", "A > B", "A > C", "D"]


def test_cuts_fall_at_the_strongest_separator() -> None:
    first, second = "alpha " * 20 + "end.", "beta " * 20 + "end."
    chunks = chunked(plain(f"{first}\n\n{second}"), max_tokens=36, overlap_tokens=0, header_tokens=0)
    assert [chunk.text for chunk in chunks] == [first, second]


def test_overlap_repeats_the_end_of_the_chunk_before() -> None:
    text = " ".join(f"Sentence number {number} says something." for number in range(40))
    chunks = chunked(plain(text), max_tokens=64, overlap_tokens=16)
    for before, after in pairwise(chunks):
        assert before.start < after.start < before.end


def test_a_long_header_is_cut_to_its_share() -> None:
    document = ParsedDocument(text="body " * 50, title="t " * 500, mime_type="text/plain")
    assert all(len(chunk.header.split()) <= 12 for chunk in chunked(document, header_tokens=12))
    assert all(chunk.header == "" for chunk in chunked(document, header_tokens=0))


def test_a_long_line_without_spaces_is_cut_by_length() -> None:
    chunks = chunked(plain("z" * 100_000), max_tokens=64)
    assert max(len(chunk.text) for chunk in chunks) <= 64 * 20
    assert sum(len(chunk.text) for chunk in chunks) >= 100_000


def test_settings_without_room_for_text_are_refused() -> None:
    tight = HashEmbedder(max_tokens=10)
    with pytest.raises(SettingsError, match=r"chunking\.max_tokens"):
        chunked(plain("text"), tight)


def table_document(rows: int, *, before: str = "", **more: object) -> ParsedDocument:
    lines = ["Year | Revenue | Costs", *(f"{1900 + row} | {row * 7} | {row * 3}" for row in range(rows))]
    table = "\n".join(lines)
    text = f"{before}{table}\n\nThat was the table."
    span = TableSpan(len(before), len(before) + len(table), lines[0], **more)  # type: ignore[arg-type]
    return plain(text, tables=(span,))


def test_a_long_table_is_cut_between_rows_and_repeats_its_header() -> None:
    document = table_document(60, before="Before. " * 10 + "\n\n")
    [span] = document.tables
    chunks = chunked(document, max_tokens=64)
    inside = [chunk for chunk in chunks if span.start <= chunk.start < span.end]
    assert len(inside) > 3
    rows = document.text[span.start : span.end].split("\n")
    assert [row for chunk in inside for row in chunk.text.split("\n")] == rows
    assert inside[0].header == "A title"
    assert {chunk.header for chunk in inside[1:]} == {"A title\nYear | Revenue | Costs"}
    assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
    assert not any(chunk.start < span.end < chunk.end for chunk in chunks)


def test_a_short_table_stays_whole_wherever_cuts_fall() -> None:
    for length in range(20, 70):
        before = (
            "\n\n".join("word " * 9 + "end." for _ in range(length // 10)) + " x" * (length % 10) + "\n\n"
        )
        document = table_document(3, before=before)
        [span] = document.tables
        for chunk in chunked(document, max_tokens=64, overlap_tokens=12):
            assert not span.start < chunk.start < span.end
            assert not span.start < chunk.end < span.end


class CountedText(str):
    """Says how many characters it was asked to look through for line ends."""

    looked_through = 0

    def count(self, part: str, start: int = 0, end: int | None = None, /) -> int:  # type: ignore[override]
        end = len(self) if end is None else end
        CountedText.looked_through += max(end - start, 0)
        return super().count(part, start, end)


def test_every_row_of_a_long_sheet_is_counted_once_or_twice_for_all_its_passages() -> None:
    document = table_document(20_000, columns="B:D", first_row=1)
    text = CountedText(document.text)
    chunks = chunked(replace(document, text=text), max_tokens=64)
    assert len(chunks) > 1_000
    assert chunks[-2].headings.endswith("D20001")
    assert text.looked_through <= 3 * len(text)


def test_passages_of_a_sheet_name_their_cells() -> None:
    document = table_document(60, columns="B:D", first_row=4)
    chunks = [chunk for chunk in chunked(document, max_tokens=64) if "|" in chunk.text]
    assert chunks[0].headings.startswith("B4:D")
    assert chunks[-1].headings.endswith(":D64")
    ranges = [chunk.headings.replace("B", "").replace("D", "").split(":") for chunk in chunks]
    assert [int(start) for start, _ in ranges[1:]] == [int(end) + 1 for _, end in ranges[:-1]]
    assert all(chunk.headings in chunk.header for chunk in chunks)


@given(
    widths=st.lists(st.integers(1, 12), min_size=2, max_size=40),
    size=st.integers(32, 128),
    cells=st.sampled_from([{}, {"columns": "A:ZZ", "first_row": 99_990}]),
)
@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_every_passage_of_a_table_fits_the_real_embedder(
    minilm: Embedder, widths: list[int], size: int, cells: dict[str, object]
) -> None:
    lines = [" | ".join(f"cell {row * 31 % 97} é" for _ in range(width)) for row, width in enumerate(widths)]
    text = "\n".join(lines)
    document = plain(text, tables=(TableSpan(0, len(text), lines[0], **cells),))  # type: ignore[arg-type]
    covered: set[int] = set()
    for chunk in chunked(document, minilm, max_tokens=size, overlap_tokens=8):
        assert len(minilm.token_spans(chunk.embedded_text)) + minilm.special_tokens <= size
        assert chunk.text == text[chunk.start : chunk.end]
        covered.update(range(chunk.start, chunk.end))
    assert all(own.isspace() or place in covered for place, own in enumerate(text))


def test_code_is_cut_before_what_begins_there() -> None:
    source = "\n".join(
        f"def function_{number}(value):\n    return value * {number}\n" for number in range(30)
    )
    document = ParsedDocument(text=source, title="code", mime_type="text/x-python")
    chunks = chunked(document, max_tokens=64, overlap_tokens=0)
    assert len(chunks) > 3
    assert all(chunk.text.startswith("def function_") for chunk in chunks)
