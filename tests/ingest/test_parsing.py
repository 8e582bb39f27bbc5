"""Reading in another process: what a crash, a hang, a bomb or a killed parent costs."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from documents import docx_with, pdf_of_many_objects

from ingest.loaders import load
from ingest.parsing import Parsers
from ingest.pipeline import Pipeline
from ingest.reading import Reading
from ingest.report import report_on
from ingest.sources import path_sources
from rag.errors import CorruptFile, ReaderStopped, TooLarge
from rag.settings import IngestSettings, Settings
from rag.types import ParsedDocument
from rag.workspace import open_workspace

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
LIMITS = IngestSettings(parse_seconds=20, parse_memory_megabytes=200)

Read = Callable[[str], ParsedDocument]


@pytest.fixture
def parsers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parsers]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    made = Parsers(LIMITS, "hostile_loader")
    yield made
    made.close()


@pytest.fixture
def read(parsers: Parsers, tmp_path: Path) -> Read:
    def told(order: str) -> ParsedDocument:
        file = tmp_path / "order"
        file.write_text(order)
        return parsers.parse(file, "file.x", password="secret").document

    return told


def process_of(document: ParsedDocument) -> int:
    return int(document.text.split()[0])


def test_one_process_reads_many_files_and_is_not_this_one(read: Read) -> None:
    first, second = read("a"), read("b")
    assert process_of(first) == process_of(second) != os.getpid()
    assert second.text.endswith(" secret")
    assert second.metadata == (("order", "b"),)


@pytest.mark.parametrize(("order", "how"), [("crash", "SIGSEGV"), ("exit", "exit status 7")])
def test_a_crash_costs_that_file_alone(read: Read, order: str, how: str) -> None:
    before = process_of(read("a"))
    with pytest.raises(ReaderStopped, match=rf"file\.x made its reader crash \({how}\).*save it again"):
        read(order)
    assert process_of(read("a")) != before


@pytest.mark.parametrize("order", ["hang", "spin"])
def test_a_hang_ends_with_the_time_limit(parsers: Parsers, read: Read, order: str) -> None:
    parsers.settings = replace(LIMITS, parse_seconds=1)
    with pytest.raises(ReaderStopped, match=r"file\.x could not be read within 1 seconds.*parse_seconds"):
        read(order)
    parsers.settings = LIMITS
    assert read("a").text


def test_a_bomb_ends_with_the_memory_limit(read: Read) -> None:
    assert read("bomb 50").text
    with pytest.raises(TooLarge, match=r"file\.x takes more than 200 MB.*parse_memory_megabytes"):
        read("bomb 4000")
    assert read("bomb 50").text


def test_what_files_leave_behind_does_not_add_up(read: Read) -> None:
    processes = {process_of(read("bomb 90")) for _ in range(8)}
    assert len(processes) > 1


def test_errors_of_a_loader_arrive_as_they_are(read: Read) -> None:
    with pytest.raises(CorruptFile, match=r"^file\.x is broken\.$"):
        read("refuse")


def test_a_loader_that_prints_disturbs_nothing(read: Read) -> None:
    assert read("print").metadata == (("order", "print"),)
    assert read("a").metadata == (("order", "a"),)


def test_no_setting_or_key_reaches_the_process(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OTHER_API_KEY", "sk-2")
    assert not [name for name in read("environment").text.split() if "KEY" in name or "ASKANCE" in name]


def test_cancelling_does_not_wait_for_a_hang(
    parsers: Parsers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.reader_process.CANCEL_SECONDS", 0.1)
    (tmp_path / "order").write_text("hang")
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(ReaderStopped, match="was stopped"):
        parsers.parse(tmp_path / "order", "file.x", cancelled=cancelled)


def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    """Even while it reads, and never lets another thread run, after its parent was killed."""
    (tmp_path / "order").write_text("spin")
    program = (
        "import sys, threading; from pathlib import Path; from ingest.parsing import Parsers\n"
        "from rag.settings import IngestSettings\n"
        "parsers = Parsers(IngestSettings(), 'hostile_loader')\n"
        "Path('a').write_text('a')\n"
        "print(parsers.parse(Path('a').resolve(), 'a').document.text.split()[0], flush=True)\n"
        "parsers.parse(Path('order').resolve(), 'order')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        reader = int(parent.stdout.readline())
        deadline = time.monotonic() + PATIENCE
        # Busy: it uses processor time only when it matches the expression.
        while processor_ticks(reader) < 50:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
        parent.wait(PATIENCE)
        while Path(f"/proc/{reader}").exists() and "Z" not in state(reader):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_reading_elsewhere_gives_the_same(tmp_path: Path) -> None:
    for name in ("boiler-room-manual.pdf", "leave-policy.docx", "cold-frame-guide.html"):
        file = ROOT / "ingest" / "samples" / name
        parsers = Parsers(IngestSettings())
        try:
            expected = load(file.read_bytes(), name)
            assert parsers.parse(file, name) == Reading(expected, report_on(expected))
        finally:
            parsers.close()


def test_hostile_files_cost_themselves_alone(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "good.txt").write_text("The relief valve opens at 9.4 bar.")
    (folder / "bomb.docx").write_bytes(docx_holding(b"<w:p/>" * 20_000_000))
    entities = ['<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">']
    for old, new in zip("abcdefghi", "bcdefghij", strict=True):
        entities.append(f'<!ENTITY {new} "{f"&{old};" * 10}">')
    laughs = "".join([*entities, "]>"]).encode()
    (folder / "laughs.docx").write_bytes(docx_holding(b"<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", laughs))
    (folder / "objects.pdf").write_bytes(pdf_of_many_objects(500_000))
    limited = replace(settings, ingest=replace(settings.ingest, parse_memory_megabytes=256, parse_seconds=30))
    workspace = open_workspace(limited)
    pipeline = Pipeline("default", workspace)
    results = {result.file: result for result in pipeline.run(path_sources([folder], limited.ingest))}
    assert results["good.txt"].status == "added"
    for name in ("bomb.docx", "laughs.docx", "objects.pdf"):
        assert results[name].status in ("failed", "empty")
        assert results[name].error
    assert workspace.table("default").count() == 1


def docx_holding(body: bytes, doctype: bytes = b"") -> bytes:
    """A Word document with this for its body."""
    whole, stream = io.BytesIO(docx_with([("Normal", "HERE")])), io.BytesIO()
    with zipfile.ZipFile(whole) as given, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for member in given.infolist():
            content = given.read(member)
            if member.filename == "word/document.xml":
                head, _, rest = content.partition(b"<w:document")
                opening, _, after = rest.partition(b"<w:p>")
                content = (
                    head + doctype + b"<w:document" + opening + body + after[after.index(b"</w:p>") + 6 :]
                )
            made.writestr(member.filename, content)
    return stream.getvalue()
