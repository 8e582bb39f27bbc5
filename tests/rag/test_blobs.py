"""Files by content: what goes in comes out, nothing escapes the folder, no half file remains."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.blobs import BlobStore
from rag.errors import DocumentNotFound, StoreError
from rag.types import Heading, PageSpan, ParsedDocument

DIGEST = hashlib.sha256(b"bytes").hexdigest()

# Whole seconds: Python 3.11 itself misreads ISO offsets below one second, which no clock has.
offsets = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
moments = st.datetimes(timezones=st.none() | offsets)
# Lone surrogates as well: offsets must hold for whatever a loader makes.
any_text = st.text(st.characters())
documents = st.builds(
    ParsedDocument,
    text=any_text,
    title=any_text,
    mime_type=any_text,
    pages=st.lists(st.builds(PageSpan, label=any_text)).map(tuple),
    headings=st.lists(st.builds(Heading, text=any_text)).map(tuple),
    author=any_text,
    created=st.none() | moments,
    language=any_text,
    warnings=st.lists(any_text).map(tuple),
)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "data")


def files_under(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_bytes_come_back_from_where_they_should_lie(blobs: BlobStore, tmp_path: Path) -> None:
    assert blobs.put_bytes(b"bytes") == DIGEST
    assert blobs.put_bytes(b"bytes") == DIGEST
    assert blobs.get(DIGEST) == b"bytes"
    assert blobs.path(DIGEST) == tmp_path / "data" / "blobs" / DIGEST[:2] / DIGEST
    assert blobs.has(DIGEST)
    assert blobs.verify(DIGEST)
    assert files_under(tmp_path) == [blobs.path(DIGEST)]


def test_damage_is_seen_and_mended_by_adding_again(blobs: BlobStore) -> None:
    blobs.put_bytes(b"bytes")
    blobs.path(DIGEST).write_bytes(b"bytez")
    assert not blobs.verify(DIGEST)
    blobs.put_bytes(b"bytes")
    assert blobs.verify(DIGEST)


def test_missing_bytes_say_to_add_the_file_again(blobs: BlobStore) -> None:
    assert not blobs.has(DIGEST)
    for call in (blobs.get, blobs.path, blobs.verify):
        with pytest.raises(DocumentNotFound, match="add the file again"):
            call(DIGEST)
    blobs.remove(DIGEST)


@pytest.mark.parametrize(
    "digest", ["", "abc", "../" * 20 + "etc/passwd", "A" * 64, "a" * 63 + "/", "a" * 65, "a" * 64 + "\n"]
)
def test_what_is_no_digest_is_refused(blobs: BlobStore, digest: str) -> None:
    for call in (blobs.get, blobs.path, blobs.has, blobs.verify, blobs.remove, blobs.get_parsed):
        with pytest.raises(StoreError, match="not a SHA-256"):
            call(digest)
    with pytest.raises(StoreError, match="not a SHA-256"):
        blobs.put_parsed(digest, ParsedDocument(text="", title="", mime_type=""))


def test_removing_and_size(blobs: BlobStore, tmp_path: Path) -> None:
    assert blobs.size() == 0
    blobs.put_bytes(b"bytes")
    assert blobs.size() == 5
    blobs.put_parsed(DIGEST, ParsedDocument(text="bytes", title="", mime_type="text/plain"))
    assert blobs.size() == sum(each.stat().st_size for each in files_under(tmp_path))
    blobs.remove(DIGEST)
    assert blobs.size() == 0
    assert blobs.get_parsed(DIGEST) is None


def test_many_are_removed_and_the_others_stay(blobs: BlobStore) -> None:
    digests = [blobs.put_bytes(f"bytes {number}".encode()) for number in range(30)]
    blobs.remove_many([*digests[:25], DIGEST])
    assert [blobs.has(digest) for digest in digests] == [False] * 25 + [True] * 5
    blobs.remove_many([])
    with pytest.raises(StoreError, match="not a SHA-256"):
        blobs.remove_many(["../etc"])


@given(document=documents)
def test_a_parse_comes_back_exactly(document: ParsedDocument) -> None:
    with tempfile.TemporaryDirectory() as folder:
        blobs = BlobStore(Path(folder))
        blobs.put_parsed(DIGEST, document)
        found = blobs.get_parsed(DIGEST)
    assert found == document
    assert found is not None
    assert (found.created and found.created.utcoffset()) == (
        document.created and document.created.utcoffset()
    )


def test_a_second_parse_replaces_the_first(blobs: BlobStore) -> None:
    assert blobs.get_parsed(DIGEST) is None
    for text in ("first", "second"):
        blobs.put_parsed(
            DIGEST, ParsedDocument(text=text, title="", mime_type="", created=datetime(2024, 1, 1))
        )
    found = blobs.get_parsed(DIGEST)
    assert found is not None
    assert found.text == "second"


def test_a_parse_of_an_older_form_counts_as_absent(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs.put_parsed(DIGEST, ParsedDocument(text="", title="", mime_type=""))
    monkeypatch.setattr("rag.parsed_form.PARSED_FORMAT", 2)
    assert blobs.get_parsed(DIGEST) is None


@pytest.mark.parametrize("keep", [0, 5, 20, -4])
def test_a_damaged_parse_is_named(blobs: BlobStore, tmp_path: Path, keep: int) -> None:
    blobs.put_parsed(DIGEST, ParsedDocument(text="text", title="", mime_type=""))
    (file,) = files_under(tmp_path)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(StoreError, match=r"json\.gz is damaged.*Remove it"):
        blobs.get_parsed(DIGEST)


def test_a_full_disk_leaves_no_half_file(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for call in (
        lambda: blobs.put_bytes(b"bytes"),
        lambda: blobs.put_parsed(DIGEST, ParsedDocument(text="", title="", mime_type="")),
    ):
        with pytest.raises(StoreError, match=r"data.*No space left.*Free some space"):
            call()
    assert files_under(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StoreError, match=r"data.*cannot be written.*Check"):
        BlobStore(tmp_path / "data").put_bytes(b"bytes")


def test_no_permission_says_whom_to_give_it(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(StoreError, match=r"Permission denied.*who runs Askance"):
        blobs.put_bytes(b"bytes")


def test_threads_putting_the_same_bytes(blobs: BlobStore, tmp_path: Path) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            blobs.put_bytes(b"bytes" * 100_000)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    (file,) = files_under(tmp_path)
    assert file.stat().st_size == 500_000
