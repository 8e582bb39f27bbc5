"""ZIP archives with a password: asked for like that of a PDF, the old way of encrypting and AES alike."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper

from ingest.__main__ import main
from ingest.jobs import Jobs
from ingest.sources import bytes_source
from ingest.uploads import given_uploads
from ingest.worker import ensure_worker
from rag.errors import PasswordNeeded
from rag.settings import IngestSettings
from rag.workspace import Workspace

FILES = {"in/a.txt": "Valve A opens at 3 bar.", "b.txt": "Pump B draws 4 kW."}


def aes(files: dict[str, str], password: str) -> bytes:
    stream = io.BytesIO()
    with pyzipper.AESZipFile(
        stream, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(password.encode())
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def old_way(files: dict[str, str], password: str) -> bytes:
    """Encrypted as ZIP itself does (PKWARE's APPNOTE, 6.1), which zipfile reads and cannot write."""
    table = [_crc_entry(byte) for byte in range(256)]
    body, directory = b"", b""
    for name, text in files.items():
        plain = text.encode()
        checksum = zlib.crc32(plain)
        keys = [0x12345678, 0x23456789, 0x34567890]

        def update(byte: int, keys: list[int] = keys) -> None:
            keys[0] = (keys[0] >> 8) ^ table[(keys[0] ^ byte) & 0xFF]
            keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            keys[2] = (keys[2] >> 8) ^ table[(keys[2] ^ (keys[1] >> 24)) & 0xFF]

        for byte in password.encode():
            update(byte)
        hidden = bytearray()
        for byte in bytes(11) + bytes([checksum >> 24]) + plain:
            low = (keys[2] | 2) & 0xFFFF
            hidden.append(byte ^ (((low * (low ^ 1)) >> 8) & 0xFF))
            update(byte)
        common = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 33, checksum, len(hidden), len(plain), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\3\4" + common + name.encode() + bytes(hidden)
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def _crc_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value


@pytest.fixture(params=[aes, old_way])
def locked(request: pytest.FixtureRequest) -> bytes:
    made: bytes = request.param(FILES, "sésame")
    assert zipfile.is_zipfile(io.BytesIO(made))
    return made


def test_the_right_password_opens_every_member(locked: bytes) -> None:
    found = {
        source.name: source.read().decode()
        for source in bytes_source("locked.zip", locked, IngestSettings(), "sésame")
    }
    assert found == {f"locked.zip!{name}": text for name, text in FILES.items()}


@pytest.mark.parametrize(
    ("password", "words"),
    [(None, "is protected by a password. Give the password"), ("wrong", "does not open .* Give the right")],
)
def test_without_it_each_member_says_what_it_needs(locked: bytes, password: str | None, words: str) -> None:
    sources = list(bytes_source("locked.zip", locked, IngestSettings(), password))
    assert [source.name for source in sources] == [f"locked.zip!{name}" for name in FILES]
    for source in sources:
        with pytest.raises(PasswordNeeded, match=words):
            source.read()


def test_the_command_line_takes_it(
    locked: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    (tmp_path / "locked.zip").write_bytes(locked)

    def statuses(*more: str) -> set[str]:
        main([str(tmp_path / "locked.zip"), "--json", *more])
        return {json.loads(line)["status"] for line in capsys.readouterr().out.splitlines()}

    assert statuses() == {"failed"}
    assert statuses("--password", "sésame") == {"added"}


def test_a_job_goes_on_with_it(locked: bytes, workspace: Workspace) -> None:
    given = given_uploads([("locked.zip", locked)], workspace.settings.ingest, workspace.blobs)
    jobs = Jobs(workspace, wake=ensure_worker)
    job = jobs.submit("default", given, label="locked.zip")
    assert jobs.wait(job, 60)
    assert len(jobs.troubled(jobs.get(job.id))) == len(FILES)
    assert jobs.retry(job, password="sésame")
    assert jobs.wait(job, 60)
    assert jobs.get(job.id).troubled == 0
    assert len(workspace.catalog.documents("default")) == len(FILES)
