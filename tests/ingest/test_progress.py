"""The estimate of the time left, and what a file's result looks like on the command line."""

from __future__ import annotations

import time

import pytest

from ingest.progress import STAGES, FileProgress, FileResult, Progress


def progress(*files: FileProgress, done: int, seconds: float) -> Progress:
    made = Progress({file.file: file for file in files}, chunks_done=done)
    made.started = time.monotonic() - seconds
    return made


def test_time_left_by_hand() -> None:
    # 10 of 40 known chunks in 5 s: 2 chunks/s. 30 known ones are left, and a file of 2,000 bytes is
    # unread; the read one had 40 chunks in 1,000 bytes, so 80 more: 110 / 2 = 55 s.
    read = FileProgress("a", 1000, "embedding", chunks=40, chunks_done=10)
    unread = FileProgress("b", 2000, "waiting")
    assert progress(read, unread, done=10, seconds=5).seconds_left() == pytest.approx(55, rel=0.02)


def test_no_estimate_without_anything_to_go_by() -> None:
    assert Progress().seconds_left() is None
    assert progress(FileProgress("a", 10), done=0, seconds=3).seconds_left() is None


def test_files_that_ended_without_chunks_do_not_count_as_left() -> None:
    done = FileProgress("a", 1000, "done", chunks=40, chunks_done=40)
    failed = FileProgress("b", 5_000_000, "failed")
    assert progress(done, failed, done=40, seconds=4).seconds_left() == 0


def test_restarting_counts_from_now_and_cancelling_spares_what_ended() -> None:
    made = progress(FileProgress("a", 1), FileProgress("b", 1), done=1, seconds=1000)
    made.restart()
    assert (made.seconds_left() or 0) < 10
    made.stage("a", "done")
    made.files["a"].result = FileResult("a", "added")
    made.cancel()
    assert [file.stage for file in made.files.values()] == ["done", "cancelled"]
    assert made.done() == 1
    assert {file.stage for file in made.files.values()} <= set(STAGES)


def test_the_form_on_the_command_line() -> None:
    result = FileResult("a.txt", "failed", seconds=1.23456, error="It broke.", warnings=("odd",))
    assert result.as_dict() == {
        "file": "a.txt",
        "status": "failed",
        "document_id": "",
        "pages": 0,
        "chunks": 0,
        "seconds": 1.235,
        "error": "It broke.",
        "warnings": ["odd"],
    }
