"""What is inside archives and e-mails: names, bounds, nesting, and that a damaged part costs itself alone."""

from __future__ import annotations

import bz2
import gc
import gzip
import io
import lzma
import tarfile
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from documents import docx_with
from office_documents import mail_with, tarred, zipped

from ingest import archives
from ingest.loaders import mail
from ingest.sources import Source, bytes_source, path_sources
from rag.errors import CorruptFile, DocumentError, TooLarge
from rag.settings import IngestSettings

LIMITS = IngestSettings()


def contents(name: str, data: bytes, limits: IngestSettings = LIMITS) -> dict[str, bytes | DocumentError]:
    found: dict[str, bytes | DocumentError] = {}
    for source in bytes_source(name, data, limits):
        try:
            found[source.name] = source.read()
        except DocumentError as error:
            found[source.name] = error
    return found


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.tar.xz", "w:xz")],
)
def test_tar_archives_are_opened(name: str, mode: str) -> None:
    data = tarred(
        {"folder/one.txt": b"1", "../../two.txt": b"2", "/etc/three.txt": b"3", ".hidden": b"no"}, mode
    )
    expected = {f"{name}!folder/one.txt": b"1", f"{name}!two.txt": b"2", f"{name}!etc/three.txt": b"3"}
    assert contents(name, data) == expected
    # The content says what it is, whatever the name.
    assert list(contents("notes.txt", data).values()) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_one_member(pack: object) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]  # type: ignore[index]
    assert contents(f"notes.txt.{suffix}", pack(b"words")) == {f"notes.txt.{suffix}!notes.txt": b"words"}  # type: ignore[operator]


def test_archives_within_archives_are_opened_to_a_depth() -> None:
    innermost = tarred({"c.txt": b"deep"}, "w:gz")
    nested = zipped({"a.txt": "top", "b.zip": zipped({"b.tgz": innermost})})
    assert contents("a.zip", nested) == {"a.zip!a.txt": b"top", "a.zip!b.zip!b.tgz!c.txt": b"deep"}
    shallow = contents("a.zip", nested, replace(LIMITS, max_archive_depth=2))
    assert shallow["a.zip!a.txt"] == b"top"
    assert "ingest.max_archive_depth" in str(shallow["a.zip!b.zip!b.tgz"])


def test_bounds_count_what_is_in_all_archives_together() -> None:
    inner = zipped({f"{number}.txt": "x" for number in range(4)})
    outer = zipped({f"{number}.zip": inner for number in range(3)})
    found = contents("a.zip", outer, replace(LIMITS, max_archive_members=12))
    refused = [error for error in found.values() if isinstance(error, TooLarge)]
    assert len(refused) == 1
    assert len(found) == 9
    bomb = zipped({"b.zip": zipped({"zeros.txt": b"\0" * 3_000_000}), "c.txt": "c"})
    found = contents("a.zip", bomb, replace(LIMITS, max_unpacked_megabytes=2))
    assert isinstance(found["a.zip!b.zip"], TooLarge)
    assert found["a.zip!c.txt"] == b"c"


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_bomb_stops_at_the_limit(mode: str) -> None:
    data = tarred({"zeros": b"\0" * 30_000_000}, mode)
    assert len(data) < 100_000
    [error] = contents("bomb.tar", data, replace(LIMITS, max_unpacked_megabytes=5)).values()
    assert isinstance(error, TooLarge)


def test_links_and_devices_in_a_tar_are_left_out(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind, name in (
            (tarfile.SYMTYPE, "link"),
            (tarfile.CHRTYPE, "device"),
            (tarfile.DIRTYPE, "folder"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(tmp_path / "secret")
            archive.addfile(info)
        info = tarfile.TarInfo("real.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"real"))
    assert contents("a.tar", stream.getvalue()) == {"a.tar!real.txt": b"real"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.tar.gz", tarred({"a.txt": bytes(range(256)) * 400}, "w:gz")[:-300]),
        ("cut.tar.xz", tarred({"a.txt": bytes(range(256)) * 400}, "w:xz")[:-200]),
        ("cut.bz2", bz2.compress(bytes(range(256)) * 400)[:-100]),
        ("cut.zip", zipped({"a.txt": "a"})[:-20]),
    ],
)
def test_damaged_archives_are_one_failure(name: str, data: bytes) -> None:
    [error] = contents(name, data).values()
    assert isinstance(error, CorruptFile)


def test_documents_that_are_archives_are_not_taken_apart() -> None:
    word = docx_with([("Normal", "a")])
    assert contents("a.docx", word) == {"a.docx": word}
    assert contents("misnamed.zip", word) == {"misnamed.zip": word}


def test_attachments_become_documents_beside_their_mail() -> None:
    inner = mail_with("inner", attachments=[("deep.txt", b"deep")])
    archive = zipped({"z.txt": "z"})
    files = [("plan.txt", b"plan"), ("../up.txt", b"up"), ("all.zip", archive), ("inner.eml", inner)]
    data = mail_with("See attached.", attachments=files)
    found = contents("mail.eml", data)
    assert found.pop("mail.eml") == data
    assert found.pop("mail.eml!inner.eml") == inner
    assert found == {
        "mail.eml!plan.txt": b"plan",
        "mail.eml!up.txt": b"up",
        "mail.eml!all.zip!z.txt": b"z",
        "mail.eml!inner.eml!deep.txt": b"deep",
    }


def test_a_mail_whose_attachments_are_too_many_is_still_read() -> None:
    data = mail_with("text", attachments=[(f"{number}.txt", b"x") for number in range(5)])
    found = contents("mail.eml", data, replace(LIMITS, max_archive_members=3))
    assert found["mail.eml"] == data
    assert isinstance(found["mail.eml!attachments"], TooLarge)


def test_attachments_are_listed_without_reading_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are read in a process with bounds on time and memory; listing has none."""

    def hostile(markup: str) -> None:
        raise MemoryError(markup)

    monkeypatch.setattr(mail, "read_markup", hostile)
    head = b"From: a@b.example\nTo: b@b.example\nSubject: x\nMIME-Version: 1.0\n"
    body = b"--p\nContent-Type: text/html\n\n<p>x</p>\n"
    attached = b"--p\nContent-Disposition: attachment; filename=a.txt\n\n1\n--p--\n"
    data = head + b"Content-Type: multipart/mixed; boundary=p\n\n" + body + attached
    assert list(contents("m.eml", data)) == ["m.eml", "m.eml!a.txt"]


def test_two_attachments_of_one_name_stay_two() -> None:
    data = mail_with("text", attachments=[("a.txt", b"1"), ("a.txt", b"2")])
    assert sorted(contents("m.eml", data))[1:] == ["m.eml!a (2).txt", "m.eml!a.txt"]


def test_an_archive_that_changes_after_it_was_listed_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.txt": "first", "b.txt": "second"}))
    listed = list(path_sources([path], LIMITS))
    path.write_bytes(zipped({"other.txt": "else"}))
    archives._RECENT.clear()
    for source in listed:
        with pytest.raises(CorruptFile, match="changed while it was read"):
            source.read()


def test_few_archives_stay_open_however_many_are_listed(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.zip").write_bytes(zipped({"a.txt": f"text {number}"}))
    listed = list(path_sources([tmp_path], LIMITS))
    assert len(archives._RECENT) <= archives._MOST_RECENT
    assert [source.read() for source in listed] == [f"text {number}".encode() for number in range(20)]


def test_no_archive_stays_in_memory_once_nobody_reads_from_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a.txt": "one", "b.zip": zipped({"b.txt": "two"})}))
    listed = list(path_sources([tmp_path], LIMITS))
    assert [source.read() for source in listed] == [b"one", b"two"]
    assert archives._RECENT
    del listed
    gc.collect()
    assert not archives._RECENT


def test_an_archive_that_nobody_can_read_ends_no_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what a decompressor says of damage, nor a fault that nobody foresaw."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "A text.")
        archive.writestr("mimetype", "application/epub+zip " * 20)
    with zipfile.ZipFile(stream) as archive:
        begin = archive.getinfo("mimetype").header_offset + 30 + len("mimetype")
    damaged = bytearray(stream.getvalue())
    damaged[begin : begin + 8] = b"\xff" * 8
    (tmp_path / "damaged.zip").write_bytes(damaged)
    (tmp_path / "mail.eml").write_bytes(mail_with("text", attachments=[("a.txt", b"1")]))
    (tmp_path / "plain.txt").write_text("A plain text.")

    def broken(data: bytes, name: str) -> list[tuple[str, bytes]]:
        raise AttributeError("no such part")

    monkeypatch.setattr(archives, "attachments", broken)
    found = {source.name: source for source in path_sources([tmp_path], LIMITS)}
    assert {"mail.eml", "plain.txt"} <= set(found)
    assert found["damaged.zip!first.txt"].read() == b"A text."
    with pytest.raises(CorruptFile, match="cannot be unpacked"):
        found["damaged.zip!mimetype"].read()


def test_members_are_read_from_several_threads() -> None:
    members = {f"{number}.txt": f"text {number} ".encode() * 5000 for number in range(40)}
    listed = list(bytes_source("a.tar.gz", tarred(members, "w:gz"), LIMITS))
    read: dict[str, bytes] = {}

    def take(own: list[Source]) -> None:
        read.update({source.name.partition("!")[2]: source.read() for source in own})

    threads = [threading.Thread(target=take, args=(listed[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == members
