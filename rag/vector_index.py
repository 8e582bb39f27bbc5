"""Whether a table's passages are found by meaning by looking at all, or through an index; and how well.

Looking at all misses nothing, so there is no index while that is quick. An IVF_SQ index is built, and
built again when the table has grown, by the table's upkeep; the share of the true nearest that it
finds is measured on passages of the table itself, and an index that finds too few is dropped.
It opens no table and decides on no schedule.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from rag.table_upkeep import persistently
from rag.types import Vector

logger = logging.getLogger(__name__)

COLUMN = "vector"
#: Milliseconds that looking at all passages may take.
MOST_SCAN_MS = 20.0
#: Passages below which looking at all is quick on any machine; it is not even measured.
FEWEST_ROWS = 8_192
#: An index is built anew when the table has grown by this factor.
GROWTH = 2.0
#: Share of the true nearest that an index must find.
LEAST_RECALL = 0.98
#: How a search goes through the index: partitions looked at, and candidates a hit compared exactly.
PARTITIONS, REFINE = 20, 5
_SAMPLE, _NEAREST = 24, 10


@dataclass(frozen=True)
class VectorIndexState:
    """What the last upkeep found out of a table of `rows` passages.

    `scan_ms` is the median time of looking at all (0: not measured), `recall` the share of the true
    nearest 10 that the index finds (1 without one).
    """

    indexed: bool = False
    rows: int = 0
    scan_ms: float = 0.0
    recall: float = 1.0


def through_index(search: Any) -> Any:
    """The search, going through the index as thoroughly as recall was measured; without one, no change."""
    return search.nprobes(PARTITIONS).refine_factor(REFINE)


def tended(table: Any, name: str, earlier: VectorIndexState) -> VectorIndexState:
    """Build, renew or drop the index of an open table as its size asks for; returns how it is now."""
    rows = int(table.count_rows())
    index = _index_name(table)
    if rows < FEWEST_ROWS:
        _drop(table, name)
        return VectorIndexState(rows=rows)
    grown = rows >= GROWTH * max(earlier.rows, 1)
    if index and not grown:
        return VectorIndexState(True, earlier.rows, earlier.scan_ms, measured_recall(table))
    if not index and not grown and earlier.recall < LEAST_RECALL:
        return earlier
    scan_ms = _scan_ms(table)
    if scan_ms <= MOST_SCAN_MS:
        _drop(table, name)
        return VectorIndexState(False, rows, scan_ms)
    return _built(table, name, rows, scan_ms)


def measured_recall(table: Any) -> float:
    """The share of the true nearest 10 of some passages that are found through the index."""
    found = wanted = 0
    for vector in _sample(table):
        true = _ids(_nearest(table, vector).bypass_vector_index())
        found += len(true & _ids(through_index(_nearest(table, vector))))
        wanted += len(true)
    return round(found / wanted, 4) if wanted else 1.0


def _built(table: Any, name: str, rows: int, scan_ms: float) -> VectorIndexState:
    from lancedb.index import IvfSq

    config = IvfSq(distance_type="cosine")
    if not persistently(table, lambda: table.create_index(COLUMN, config=config, replace=True), name):
        return VectorIndexState(_index_name(table) is not None, 0, scan_ms)
    recall = measured_recall(table)
    if recall >= LEAST_RECALL:
        return VectorIndexState(True, rows, scan_ms, recall)
    logger.warning("The vector index of %s finds %.1f %% of the nearest; dropped.", name, 100 * recall)
    _drop(table, name)
    return VectorIndexState(False, rows, scan_ms, recall)


def _drop(table: Any, name: str) -> None:
    index = _index_name(table)
    if index:
        persistently(table, lambda: table.drop_index(index), name)


def _index_name(table: Any) -> str | None:
    names = [str(index.name) for index in table.list_indices() if COLUMN in index.columns]
    return names[0] if names else None


def _scan_ms(table: Any) -> float:
    times = []
    for vector in _sample(table)[:7]:
        started = time.perf_counter()
        _ids(_nearest(table, vector).bypass_vector_index())
        times.append(1000 * (time.perf_counter() - started))
    return round(median(times), 2)


def _sample(table: Any) -> Vector:
    """Vectors of passages spread over the table, the same ones each time: float32[<=24, dimension]."""
    rows = int(table.count_rows())
    places = sorted({int(place) for place in np.linspace(0, rows - 1, _SAMPLE)})
    column = table.take_offsets(places).select([COLUMN]).to_arrow()[COLUMN].drop_null().combine_chunks()
    vectors: Vector = np.asarray(column.flatten(), np.float32).reshape(len(column), -1)
    return vectors


def _nearest(table: Any, vector: Vector) -> Any:
    search = table.search(vector, vector_column_name=COLUMN, query_type="vector")
    return search.distance_type("cosine").limit(_NEAREST).select(["id", "_distance"])


def _ids(search: Any) -> set[str]:
    return set(search.to_arrow()["id"].to_pylist())
