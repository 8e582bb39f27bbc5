"""Where files come from: what each is called, and that none vanishes without a word."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.sources import Source, bytes_source, failing_source, path_sources
from rag.errors import CorruptFile, DocumentError, PasswordNeeded, TooLarge
from rag.settings import IngestSettings

LIMITS = IngestSettings()


def archive_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def contents(sources: list[Source]) -> dict[str, bytes]:
    return {source.name: source.read() for source in sources}


def failure(sources: list[Source]) -> DocumentError:
    [source] = sources
    with pytest.raises(DocumentError) as caught:
        source.read()
    assert source.name in str(caught.value)
    return caught.value


def test_names_are_relative_to_what_was_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "b.txt").write_bytes(b"b")
    (tmp_path / "in" / "sub" / "a.txt").write_bytes(b"a")
    (tmp_path / "in" / "all.zip").write_bytes(archive_of({"deep/x.txt": b"x"}))
    (tmp_path / "in" / ".hidden").write_bytes(b"no")
    (tmp_path / "in" / ".git").mkdir()
    (tmp_path / "in" / ".git" / "c.txt").write_bytes(b"no")
    found = list(path_sources([tmp_path / "in", tmp_path / "in" / "sub" / "a.txt"], LIMITS))
    assert [source.name for source in found] == [
        "all.zip!deep/x.txt",
        "b.txt",
        "sub/a.txt",
        "a.txt",
    ]
    assert contents(found) == {"all.zip!deep/x.txt": b"x", "b.txt": b"b", "sub/a.txt": b"a", "a.txt": b"a"}
    assert [source.size for source in found] == [1, 1, 1, 1]


def test_two_files_of_one_name_stay_two(tmp_path: Path) -> None:
    for folder in ("one", "other", "third"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "read.me.txt").write_bytes(folder.encode())
    found = list(path_sources([tmp_path / "one", tmp_path / "other", tmp_path / "third"], LIMITS))
    assert contents(found) == {
        "read.me.txt": b"one",
        "read.me (2).txt": b"other",
        "read.me (3).txt": b"third",
    }
    # The same path given twice is one file.
    assert len(list(path_sources([tmp_path / "one", tmp_path / "one" / "read.me.txt"], LIMITS))) == 1


def test_members_of_one_name_stay_two() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", b"first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", b"second")
        archive.writestr("../a.txt", b"third")
    found = list(bytes_source("all.zip", stream.getvalue(), LIMITS))
    assert sorted(contents(found).items()) == [
        ("all.zip!a (2).txt", b"second"),
        ("all.zip!a (3).txt", b"third"),
        ("all.zip!a.txt", b"first"),
    ]


def test_a_missing_and_an_odd_path_fail_when_read(tmp_path: Path) -> None:
    assert "does not exist" in str(failure(list(path_sources([tmp_path / "none.txt"], LIMITS))))
    assert "cannot be read" in str(failure(list(path_sources([tmp_path / ("x" * 300)], LIMITS))))
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in str(failure(list(path_sources([tmp_path / "pipe.txt"], LIMITS))))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_what_may_not_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "in" / "closed").mkdir(parents=True)
    (tmp_path / "in" / "closed").chmod(0)
    (tmp_path / "in" / "secret.txt").write_bytes(b"x")
    (tmp_path / "in" / "secret.txt").chmod(0)
    try:
        found = list(path_sources([tmp_path / "in"], LIMITS))
        assert {source.name for source in found} == {"closed", "secret.txt"}
        for source in found:
            with pytest.raises(DocumentError, match="permissions"):
                source.read()
    finally:
        (tmp_path / "in" / "closed").chmod(stat.S_IRWXU)


def test_names_that_are_not_unicode_can_be_shown_and_stored(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    try:
        odd.write_bytes(b"text")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    [alone] = path_sources([odd], LIMITS)
    [within] = path_sources([tmp_path], LIMITS)
    for source in (alone, within):
        assert source.name == "caf?.txt"
        assert source.read() == b"text"
    odd.unlink()
    str(failure(list(path_sources([odd], LIMITS)))).encode("utf-8")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/root.txt", "root.txt"),
        ("C:\\Users\\me\\plan.txt", "Users/me/plan.txt"),
        ("a/./b//c.txt", "a/b/c.txt"),
        ("nul\0in.txt", "nulin.txt"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("\ud800.txt", "?.txt"),
    ],
)
def test_uploaded_names_lead_nowhere(given: str, shown: str) -> None:
    assert [source.name for source in bytes_source(given, b"x", LIMITS)] == [shown]


def test_archives_that_cannot_be_opened_are_one_failure() -> None:
    whole = archive_of({"a.txt": b"x" * 1000})
    assert isinstance(failure(list(bytes_source("cut.zip", whole[:-30], LIMITS))), CorruptFile)
    assert isinstance(failure(list(bytes_source("empty.zip", archive_of({}), LIMITS))), CorruptFile)
    only_junk = archive_of({"__MACOSX/a": b"", ".DS_Store": b"", "folder/": b""})
    assert "holds no files" in str(failure(list(bytes_source("junk.zip", only_junk, LIMITS))))


def test_a_zip_in_name_only_is_a_file_like_others() -> None:
    [source] = bytes_source("notes.zip", b"plain words", LIMITS)
    assert (source.name, source.read()) == ("notes.zip", b"plain words")


def test_limits_on_archives_are_checked_before_unpacking() -> None:
    many = archive_of({f"{number}.txt": b"x" for number in range(11)})
    few = replace(LIMITS, max_archive_members=10)
    assert "11 files" in str(failure(list(bytes_source("many.zip", many, few))))
    bomb = archive_of({"bomb.txt": b"\0" * 3_000_000})
    assert len(bomb) < 10_000
    small = replace(LIMITS, max_unpacked_megabytes=2)
    assert isinstance(failure(list(bytes_source("bomb.zip", bomb, small))), TooLarge)
    one_file = replace(LIMITS, max_file_megabytes=2)
    [source] = bytes_source("bomb.zip", bomb, one_file)
    with pytest.raises(TooLarge, match=r"bomb\.txt has 3 MB"):
        source.read()


def test_a_member_larger_than_declared_is_refused() -> None:
    data = bytearray(archive_of({"a.txt": b"x" * 1000}, zipfile.ZIP_STORED))
    central = data.rindex(b"PK\x01\x02")
    # The central directory then says 10 bytes for a member of 1,000.
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")
    [source] = bytes_source("lying.zip", bytes(data), LIMITS)
    with pytest.raises(CorruptFile):
        source.read()


def test_damaged_and_encrypted_members_fail_alone() -> None:
    data = bytearray(archive_of({"good.txt": b"good", "bad.txt": b"b" * 5000}))
    place = data.index(b"bad.txt") + len(b"bad.txt")
    data[place : place + 8] = b"\xff" * 8
    found = {source.name: source for source in bytes_source("half.zip", bytes(data), LIMITS)}
    assert found["half.zip!good.txt"].read() == b"good"
    with pytest.raises(CorruptFile, match="cannot be unpacked"):
        found["half.zip!bad.txt"].read()
    locked = bytearray(archive_of({"a.txt": b"x"}, zipfile.ZIP_STORED))
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(header) + offset] |= 1
    [source] = bytes_source("locked.zip", bytes(locked), LIMITS)
    with pytest.raises(PasswordNeeded, match=r"locked\.zip!a\.txt"):
        source.read()


def test_files_over_the_limit_are_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as stream:
        stream.truncate(2_000_000)
    small = replace(LIMITS, max_file_megabytes=1)
    assert isinstance(failure(list(path_sources([tmp_path / "large.txt"], small))), TooLarge)


def test_a_failing_source_raises_what_it_was_given() -> None:
    source = failing_source("x.txt", CorruptFile("x.txt is broken. Mend it."))
    assert source.size == 0
    with pytest.raises(CorruptFile, match="Mend it"):
        source.read()
