"""Rows that another program puts into a table with plain LanceDB, giving an id and a text only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from corpus import fill

from ingest.documents import remove_documents
from rag.answer import ask
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.types import Filters
from rag.workspace import Workspace

ROOT = Path(__file__).parents[2]

#: What such a program looks like: it knows LanceDB, the table's folder and the registered function.
OTHER_PROGRAM = """
import sys
import lancedb
from lancedb.pydantic import LanceModel
import rag.embedding_function

class Row(LanceModel):
    id: str
    embedded_text: str

table = lancedb.connect(sys.argv[1]).open_table("default")
table.add([Row(id="other-1", embedded_text="The volcano erupted in 1631."),
           Row(id="other-2", embedded_text="Ash fell on the town of Resina.")])
print(table.search("volcano erupted").limit(1).to_list()[0]["id"])
"""


@pytest.fixture
def joined(workspace: Workspace) -> Workspace:
    """A collection of our own documents and another program's rows."""
    fill(workspace)
    workspace.table("default")
    tables = workspace.settings.data_dir / "tables"
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROGRAM, str(tables)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Its own search with a string, which the table embeds, found its own row.
    assert done.stdout.strip() == "other-1"
    return workspace


def test_the_table_embeds_them_and_search_finds_them(joined: Workspace) -> None:
    table = joined.table("default")
    [expected] = table.embedder.embed(["The volcano erupted in 1631."])
    [nearest] = table.vector_search(expected, 1, extra=("vector",))
    assert nearest.vector is not None
    assert nearest.vector @ expected == pytest.approx(1, abs=1e-4)
    for mode in ("vector", "text", "hybrid"):
        settings = with_overrides(joined.settings, {"mode": mode})
        found = retrieve("volcano erupted", table=table, settings=settings)
        assert found.hits[0].chunk.id == "other-1"
        chunk = found.hits[0].chunk
        assert chunk.text[chunk.start : chunk.end] == chunk.text == "The volcano erupted in 1631."
        assert (chunk.document, chunk.document_id, chunk.page) == ("other-1", "", None)


def test_their_token_bits_are_made_once_when_first_needed(joined: Workspace) -> None:
    table = joined.table("default")
    assert [hit.token_bits for hit in table.text_search("volcano ash", 5, extra=("token_bits",))] == [
        None,
        None,
    ]
    found = retrieve("volcano ash", table=table, settings=joined.settings)
    made = {hit.chunk.id: hit.token_bits for hit in found.candidates if hit.chunk.id.startswith("other")}
    kept = table.text_search("volcano ash", 5, extra=("token_bits",))
    assert {hit.chunk.id: hit.token_bits for hit in kept} == made
    assert all(made.values())
    version = table.version
    retrieve("volcano ash", table=table, settings=joined.settings)
    assert table.version == version


@pytest.mark.parametrize(
    "refusal",
    ["Too many concurrent writers. Attempted 10 times", "No space left on device", "?"],
)
def test_bits_that_cannot_be_kept_are_no_reason_not_to_find_them(
    joined: Workspace, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    def refused(*arguments: object, **named: object) -> None:
        raise RuntimeError(refusal)

    monkeypatch.setattr("lancedb.table.LanceTable.update", refused)
    found = retrieve("volcano erupted", table=joined.table("default"), settings=joined.settings)
    assert found.hits[0].chunk.id == "other-1"


def test_an_answer_quotes_them(joined: Workspace) -> None:
    settings = with_overrides(joined.settings, {"answer.decline_below": 0.0})
    reply = ask("When did the volcano erupt?", table=joined.table("default"), settings=settings)
    assert "The volcano erupted in 1631." in "".join(reply)
    assert reply.citations[0].quote == "The volcano erupted in 1631."
    assert reply.citations[0].document == "other-1"


def test_ours_can_still_be_replaced_counted_and_removed(joined: Workspace) -> None:
    table = joined.table("default")
    ours = {record.document_id for record in joined.catalog.documents("default")}
    assert set(table.chunk_counts()) == ours
    fill(joined, {"new.txt": "A new text."})
    assert remove_documents(joined, "default", ["new.txt", "orchard.html"]) == 2
    assert {hit.chunk.id for hit in table.text_search("volcano ash", 5)} == {"other-1", "other-2"}
    some = Filters(documents=tuple(ours))
    assert (
        not retrieve("volcano ash", table=table, settings=joined.settings, filters=some)
        .hits[0]
        .chunk.id.startswith("other")
    )
    table.optimize()
    assert {hit.chunk.id for hit in table.text_search("volcano ash", 5)} == {"other-1", "other-2"}
