"""A disk that takes no more: one clear error, what was acknowledged stays, and a retry does the rest."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from small_disk import on_small_disk

MEGABYTES = 24
#: What is left on the disk: too little for the passages; for the parse; for the original; for anything.
ROOM = (1_600_000, 1_300_000, 1_000_000, 500_000, 60_000, 0)
SEARCH = {"rag": ["search", "first text", "--json"]}


def words(count: int, seed: int) -> str:
    choice = random.Random(seed)
    return " ".join(f"word{choice.randrange(10**9)}" for _ in range(count))


def statuses(outcome: dict[str, Any]) -> dict[str, str]:
    rows = [json.loads(line) for line in outcome["out"].splitlines()]
    return {row["file"]: row["status"] for row in rows}


def test_the_command_line_says_what_is_full_and_the_next_run_does_the_rest(tmp_path: Path) -> None:
    folders = [tmp_path / f"documents-{number}" for number in range(len(ROOM))]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "first.txt").write_text("The first text.")
        (folder / f"long-{number}.txt").write_text(words(40_000, number))
    steps: list[dict[str, Any]] = [{"ingest": [str(folders[0] / "first.txt"), "--json"]}]
    for room, folder in zip(ROOM, folders, strict=True):
        steps += [{"leave": room}, {"ingest": [str(folder), "--json"]}, SEARCH, {"counts": True}]
    steps += [{"leave": None}]
    steps += [{"ingest": [str(folder), "--json"]} for folder in folders] + [{"counts": True}]
    found = on_small_disk(tmp_path / "disk", MEGABYTES, steps)
    assert statuses(found[0]) == {"first.txt": "added"}
    refused = set()
    for number, room in enumerate(ROOM):
        _, run, search, counts = found[1 + 4 * number : 5 + 4 * number]
        assert run["status"] == 1, (room, run)
        assert statuses(run) == {"first.txt": "unchanged"}, (room, run)
        [said] = [line for line in run["err"].splitlines() if "WARNING" not in line]
        assert "try again" in said
        assert "Free some space" in said
        refused.add(
            next(sign for sign in ("blobs", "parsed", "Collection", "database", "commits") if sign in said)
        )
        assert search["status"] == 0, (room, search)
        assert "The first text." in search["out"]
        assert counts["table"] == counts["catalog"]
    assert refused >= {"blobs", "Collection"}, "the rooms no longer hit the places that matter"
    for number, run in enumerate(found[-1 - len(folders) : -1]):
        assert run["status"] == 0, run
        assert statuses(run) == {"first.txt": "unchanged", f"long-{number}.txt": "added"}
    assert found[-1]["table"] == found[-1]["catalog"]
    assert len(found[-1]["catalog"]) == 1 + len(ROOM)


@pytest.mark.parametrize("room", [1_800_000, 300_000])
def test_a_job_pauses_says_why_and_goes_on_where_it_stopped(tmp_path: Path, room: int) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02}.txt").write_text(f"Valve {number} opens at {number} bar.")
    (folder / "long.txt").write_text(words(40_000, 1))
    steps = [
        {"ingest": [str(folder / "00.txt")]},
        {"leave": room},
        {"submit": [str(folder)]},
        {"counts": True},
    ]
    steps += [{"resume": True}, {"leave": None}, {"resume": True}, {"counts": True}]
    _, _, paused, then, again, _, after, last = on_small_disk(tmp_path / "disk", MEGABYTES, steps)
    for stopped in (paused, again):
        assert stopped["state"] == "paused", stopped
        assert "Free some space" in stopped["error"]
    assert then["table"] == then["catalog"]
    assert len(then["catalog"]) >= sum(paused["counts"].values())
    assert (after["state"], after["error"], after["left_out"]) == ("done", "", 0)
    # What had a result before is not done again.
    assert after["counts"]["unchanged"] >= 1
    assert sum(after["counts"].values()) == 21
    assert last["table"] == last["catalog"]
    assert len(last["names"]) == 21
