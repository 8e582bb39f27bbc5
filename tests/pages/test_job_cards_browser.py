"""The job cards in a real browser: progress, pause, stop, and a server killed in the middle.

And the folder of awkward files: at the end the page says of every one what became of it.
"""

from __future__ import annotations

import csv
import io
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_app import browser_page, chromium, end, running_app, screenshot, settled, started_app

from ingest.job_views import Job
from ingest.jobs import Jobs
from rag.settings import load_settings
from rag.workspace import open_workspace

pytestmark = pytest.mark.browser

FIXTURES = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures" / "files"
FILES = 60
#: Milliseconds that a busy machine may take for all of them.
PATIENCE = 240_000
TEXT = " ".join(f"Sentence {number} of report %d speaks of pumps, valves and fans." for number in range(120))


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    chromium()
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


@pytest.fixture
def address(tmp_path: Path, gate: Path) -> Iterator[str]:
    server, own = started_app(tmp_path / "app.log", "tests/gated_app.py", TEST_GATE=str(gate))
    yield own
    end(server)


def let_through(gate: Path, pools: int) -> None:
    for number in range(pools):
        (gate / f"token-{number}").touch()


def upload_many(page: Any) -> None:
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [
            {
                "name": f"report {number:02}.txt",
                "mimeType": "text/plain",
                "buffer": (TEXT.replace("%d", str(number))).encode(),
            }
            for number in range(FILES)
        ]
    )


def let_through_until(gate: Path, state: str) -> None:
    """One pool after the other, until the job has heard what it is to do."""
    [job] = Jobs(open_workspace(load_settings())).jobs("default")
    for _ in range(10):
        let_through(gate, 1)
        if reached(job, state):
            return
    pytest.fail(f"the job is not {state}")


def reached(job: Job, state: str) -> bool:
    """Whether the job comes to a state before a machine at rest would have put three pools away."""
    jobs, pause = Jobs(open_workspace(load_settings())), threading.Event()
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if jobs.get(job.id).state == state:
            return True
        pause.wait(0.1)
    return False


def library(page: Any, address: str) -> Any:
    page.goto(f"{address}/library")
    page.get_by_role("heading", name="Library").wait_for()
    return page


def ready() -> Counter[str]:
    """Names and how often each has been read whole, from the list and the table."""
    workspace = open_workspace(load_settings())
    counts = workspace.table("default").chunk_counts()
    records = workspace.catalog.documents("default")
    assert all(counts[record.document_id] == record.chunks for record in records if record.status == "ready")
    assert set(counts) == {record.document_id for record in records}
    return Counter(record.name for record in records if record.status == "ready")


def test_progress_pause_go_on_stop_and_finish(address: str, gate: Path) -> None:
    with browser_page() as page:
        upload_many(library(page, address))
        page.get_by_text(f"Adding: {FILES} files").wait_for()
        page.get_by_text(f"0 of {FILES} files done").wait_for()
        let_through(gate, 1)
        page.get_by_text("seconds left").or_(page.get_by_text("minutes left")).first.wait_for()
        screenshot(page, "jobs-under-way")
        page.get_by_role("button", name="Pause").click()
        page.get_by_text("Pausing…").wait_for()
        let_through_until(gate, "paused")
        page.get_by_text(f"Paused: {FILES} files").wait_for()
        assert 0 < len(ready()) < FILES
        screenshot(page, "jobs-paused")
        # What is paused stays so when the page is left.
        library(page, address).get_by_text(f"Paused: {FILES} files").wait_for()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text(f"Adding: {FILES} files").wait_for()
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("Stopping…").wait_for()
        let_through_until(gate, "cancelled")
        page.get_by_text(f"Stopped: {FILES} files").wait_for()
        page.get_by_text("left out.").wait_for()
        screenshot(page, "jobs-stopped")
        assert 0 < len(ready()) < FILES
        (gate / "open").touch()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text(f"{FILES} documents added.").wait_for(timeout=PATIENCE)
        settled(page)
    assert ready() == Counter(f"report {number:02}.txt" for number in range(FILES))


def test_a_server_killed_in_the_middle_goes_on_when_it_is_back(tmp_path: Path, gate: Path) -> None:
    server, address = started_app(tmp_path / "first.log", "tests/gated_app.py", TEST_GATE=str(gate))
    try:
        with browser_page() as page:
            upload_many(library(page, address))
            page.get_by_text(f"Adding: {FILES} files").wait_for()
            let_through(gate, 1)
            page.get_by_text("passages a second").wait_for()
            server.send_signal(signal.SIGKILL)
            server.wait(20)
            (gate / "open").touch()
            server, address = started_app(tmp_path / "second.log", "tests/gated_app.py", TEST_GATE=str(gate))
            library(page, address).get_by_text(f"{FILES} documents added.").wait_for(timeout=PATIENCE)
            screenshot(page, "jobs-taken-over")
    finally:
        end(server)
    assert ready() == Counter(f"report {number:02}.txt" for number in range(FILES))


@pytest.mark.slow
@pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="the awkward files are not beside the repository (../shared/data/fixtures)"
)
def test_of_180_awkward_files_the_page_tells_what_became_of_each(tmp_path: Path) -> None:
    files = sorted(FIXTURES.iterdir())
    with running_app(tmp_path / "app.log") as address, browser_page() as page:
        library(page, address)
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([str(file) for file in files])
        page.get_by_text("files could not be read").first.wait_for(timeout=540_000)
        save = page.get_by_role("button", name="Save as CSV")
        save.wait_for()
        settled(page)
        for width, scheme in ((1280, "light"), (1280, "dark"), (420, "light"), (420, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.reload()
            save.wait_for()
            settled(page)
            screenshot(page, f"awkward-{width}-{scheme}")
        with page.expect_download() as download:
            save.click()
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
        results = Counter(row["Result"] for row in rows)
        shown = page.get_by_role("radiogroup", name="Group").inner_text()
    told = {row["File"].partition("!")[0].lstrip("'") for row in rows}
    assert {file.name for file in files} - told == set()
    assert results["Added"] > 100
    for result, count in results.items():
        assert f"{result} {count}" in shown
    for row in rows:
        if row["Result"] in ("Failed", "No text"):
            assert row["Why, and what to do"].count(".") >= 1, row
