"""The tables of benchmarks/README.md: every figure recorded, with its interval and its time."""

from __future__ import annotations

from typing import Any

from benchmarks.rerankers_table import markdown


def measured(name: str, ndcg: float, milliseconds: float) -> dict[str, Any]:
    return {"name": name, "ndcg@10": ndcg, "interval": [ndcg - 0.1, ndcg + 0.1], "p50_ms": milliseconds}


def test_quality_and_time_stand_in_each_cell() -> None:
    record = {
        "measured_on": {"date": "2026-11-26T00:30:37+00:00", "cores": 2, "load_average": [4.0, 4.5, 5.06]},
        "precision": "bf16",
        "sets": {
            "one": {"variants": [measured("plain", 0.4, 12.4), measured("late-interaction", 0.5, 31.6)]},
            "two": {"variants": [measured("plain", 0.6, 9)]},
            "other": {"variants": [measured("plain", 0.9, 7)]},
        },
    }
    assert markdown(record, [["one", "two", "three"], ["other"], ["none"]]).splitlines() == [
        "| nDCG@10 [95 %], typical time (p50) | one | two | mean |",
        "| --- | --- | --- | --- |",
        "| plain | .400 [.300, .500] 12 ms | .600 [.500, .700] 9 ms | .500 |",
        "| **late-interaction** (default) | .500 [.400, .600] 32 ms |  |  |",
        "",
        "| nDCG@10 [95 %], typical time (p50) | other | mean |",
        "| --- | --- | --- |",
        "| plain | .900 [.800, 1.000] 7 ms | .900 |",
        "",
        "Milliseconds of 2026-11-26 on 2 cores, bf16, beside other work (load 5.1).",
    ]
