"""Titles, file names and headings count by their weights; a table without their indexes is upgraded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import lancedb
import pytest
from corpus import fill

from rag.evaluate import parse_variant
from rag.expected_passage import expected_passage
from rag.maintenance import Maintenance
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.store import Store
from rag.text_fields import BOOSTED, fields_of
from rag.trace import trace
from rag.workspace import Workspace

TEXTS = {
    "handbook.md": "# Lighthouse handbook\n\n## Lamps\n\nThe keeper trims the wick every evening.\n",
    "diary.md": "# A diary\n\n## Of a walk\n\nWe saw a lighthouse, and near the lighthouse lamps of boats.\n",
    "kiln_rules.md": "# Rules\n\n## Firing\n\nOpen the damper when the cone has bent, then wait an hour.\n",
    "clay.md": "# Clay\n\n## Wedging\n\nThe kiln is for later: a kiln dries what is still wet.\n",
}


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, TEXTS)
    return workspace


def order(workspace: Workspace, question: str, **changes: Any) -> list[str]:
    given = {"mode": "text", "reranker": "none"} | {
        f"retrieval.{name}": value for name, value in changes.items()
    }
    settings = with_overrides(workspace.settings, given)
    found = retrieve(question, table=workspace.table("default"), settings=settings)
    return [hit.chunk.document for hit in found.hits]


@pytest.mark.parametrize(
    ("question", "boost", "boosted"),
    [
        ("lighthouse", "title_boost", "handbook.md"),
        ("kiln", "title_boost", "kiln_rules.md"),
        ("lamps", "heading_boost", "handbook.md"),
    ],
)
def test_a_weight_puts_the_document_first_that_is_called_so(
    filled: Workspace, question: str, boost: str, boosted: str
) -> None:
    assert order(filled, question, words_in="text")[:1] != [boosted]
    assert order(filled, question, words_in="text", **{boost: 5})[0] == boosted


def test_plain_reads_the_text_alone(filled: Workspace) -> None:
    boosted = with_overrides(filled.settings, {"retrieval.title_boost": 3, "retrieval.heading_boost": 3})
    plain = parse_variant("p:preset=plain", boosted).settings.retrieval
    assert fields_of(plain) == {"text": 1.0}
    assert fields_of(boosted.retrieval).keys() == {"embedded_text", *BOOSTED}


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (
            {
                "a.md": "# Häuser\n\nDie alten Mauern am Fluss wurden von den Kindern bunt bemalt.\n",
                "b.md": "# Brote\n\nEin Haus am Markt verkauft sie jeden Morgen, und das Haus ist alt.\n",
            },
            "das Haus",
        ),
        (
            {
                "a.md": "# 热带雨林\n\n亚马逊覆盖了南美洲的大部分地区，拥有许多种类的树木。\n",
                "b.md": "# 球队\n\n这支球队在雨林的附近，雨林就在它的旁边，在联盟中排名第六。\n",
            },
            "雨林",
        ),
    ],
)
def test_titles_are_read_in_the_language_of_the_collection(
    workspace: Workspace, texts: dict[str, str], question: str
) -> None:
    fill(workspace, texts)
    assert order(workspace, question, words_in="text")[0] == "b.md"
    assert order(workspace, question, words_in="text", title_boost=5)[0] == "a.md"


def without_indexes(workspace: Workspace) -> Any:
    """The collection's table as an earlier version left it."""
    table = lancedb.connect(str(workspace.settings.data_dir / "tables")).open_table("default")
    for index in table.list_indices():
        if index.columns[0] in BOOSTED:
            table.drop_index(index.name)
    return table


def test_a_table_of_an_earlier_version_goes_on_and_its_upkeep_upgrades_it(filled: Workspace) -> None:
    table = without_indexes(filled)
    assert order(filled, "lighthouse", words_in="text", title_boost=5)[0] == "diary.md"
    maintenance = Maintenance(filled.store, filled.settings.data_dir)
    [report] = maintenance.reports(datetime.now(UTC))
    assert report.health is not None
    assert report.health.missing_indexes == len(BOOSTED)
    maintenance.run_due(datetime.now(UTC))
    table.checkout_latest()
    assert set(BOOSTED) < {index.columns[0] for index in table.list_indices()}
    assert order(filled, "lighthouse", words_in="text", title_boost=5)[0] == "handbook.md"


def test_it_is_upgraded_before_documents_are_added_too(filled: Workspace) -> None:
    table = without_indexes(filled)
    settings = filled.settings
    Store(settings.data_dir, settings.embedding, filled.store.embedder).open_or_create("default")
    table.checkout_latest()
    assert set(BOOSTED) < {index.columns[0] for index in table.list_indices()}


def test_the_trace_says_which_fields_hold_the_words(filled: Workspace) -> None:
    expected = expected_passage(filled, "default", "handbook.md", "trims the wick")
    settings = with_overrides(filled.settings, {"retrieval.title_boost": 1})
    made = trace("lighthouse lamps wick", expected, table=filled.table("default"), settings=settings)
    said = next(step.says for step in made.steps if step.stage == "text")
    assert said.endswith("Words of the question are in: title, headings, text.")
