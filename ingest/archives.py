"""Files that hold other files: ZIP and TAR archives, compressed files, e-mails with attachments, mailboxes.

Lists what is inside and reads it on demand, within bounds on number, size and depth. Member names are for
showing, never for opening: nothing is unpacked to a path that an archive names. Links in it are left out.
"""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import tarfile
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Protocol, cast

from ingest.left_out import is_no_document
from ingest.loaders import sniff
from ingest.loaders.mail import MBOX, OLE_PREFIX, attachments, looks_like_mail
from ingest.mailbox import messages_of
from ingest.zip_archive import Member, ZipArchive
from rag.errors import AskanceError, CorruptFile, DocumentError, PasswordNeeded, StoreError, TooLarge
from rag.refusals import temporary_refusal
from rag.settings import IngestSettings

logger = logging.getLogger(__name__)

MEGABYTE = 1_000_000
#: As much of a file as tells whether it may hold others.
HEAD_BYTES = 8192
ZIP, TAR, MAILS = "application/zip", "application/x-tar", ("message/rfc822", "application/vnd.ms-outlook")
COMPRESSIONS = {
    b"\x1f\x8b": "application/gzip",
    b"BZh": "application/x-bzip2",
    b"\xfd7zXZ\x00": "application/x-xz",
}
#: First members of documents that are ZIP archives themselves.
_DOCUMENT_STARTS = (b"[Content_Types].xml", b"mimetype", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/")
_IN_MEMORY = 16 << 20
_XZ_MEMORY = 256 << 20
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, NotImplementedError, OSError, EOFError, ValueError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


@dataclass(slots=True)
class Budget:
    """What one file that was given may still unpack to, archives within it included."""

    name: str
    settings: IngestSettings
    members: int = 0
    bytes: int = 0

    def take(self, members: int, size: int) -> None:
        """Count what is about to be unpacked. Raises TooLarge when it is too much."""
        self.members += members
        self.bytes += size
        if self.members > self.settings.max_archive_members:
            raise TooLarge(
                f"{self.name} holds {self.members} files, more than ingest.max_archive_members = "
                f"{self.settings.max_archive_members}. Split the archive or raise the limit."
            )
        if self.bytes > self.bytes_limit:
            raise TooLarge(
                f"{self.name} unpacks to {self.bytes // MEGABYTE} MB, more than "
                f"ingest.max_unpacked_megabytes = {self.settings.max_unpacked_megabytes}. "
                "Split the archive or raise the limit."
            )

    @property
    def bytes_limit(self) -> int:
        """Most bytes in all."""
        return self.settings.max_unpacked_megabytes * MEGABYTE


class Opened(Protocol):
    """An archive that is open: its members, and the bytes of each."""

    members: list[Member]

    def read(self, index: int, most: int) -> bytes:
        """At most `most` bytes of a member."""


class Archive:
    """A file that holds others, opened when needed: few stay in memory, however many are listed."""

    def __init__(
        self,
        name: str,
        kind: str,
        read: Callable[[], bytes],
        settings: IngestSettings,
        password: str | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self._read = read
        self._settings = settings
        self._password = password
        # Once nobody can ask it for a member any more, what is open of it goes.
        weakref.finalize(self, _forget, id(self)).atexit = False

    def members(self, budget: Budget) -> list[Member]:
        """What is inside, counted against the budget. Raises DocumentError."""
        with _LOCK:
            members = self._opened(budget).members
        budget.take(len(members), sum(member.size for member in members))
        return members

    def head(self, index: int) -> bytes:
        """The beginning of a member, b"" when it cannot be read."""
        try:
            with _LOCK:
                return self._opened().read(index, HEAD_BYTES)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 (whoever reads it learns why)
            return b""

    def read(self, index: int, member: Member) -> bytes:
        """The bytes of a member. Raises DocumentError."""
        shown = f"{self.name}!{member.name}"
        if member.size > self._settings.max_file_megabytes * MEGABYTE:
            raise TooLarge(
                f"{shown} has {member.size // MEGABYTE} MB, more than ingest.max_file_megabytes = "
                f"{self._settings.max_file_megabytes}. Split the file or raise the limit."
            )
        try:
            with _LOCK:
                opened = self._opened()
                is_same = index < len(opened.members) and opened.members[index] == member
                # The declared size may lie: never take more than it.
                data = opened.read(index, member.size + 1) if is_same else b""
        except PasswordNeeded as error:
            if self._password:
                wrong = f"The password given does not open {shown}. Give the right one."
                raise PasswordNeeded(wrong) from error
            raise PasswordNeeded(
                f"{shown} is protected by a password. Give the password to read it."
            ) from error
        except AskanceError:
            raise
        except Exception as error:
            raise _fault(f"{shown} cannot be unpacked", error) from error
        if not is_same:
            raise CorruptFile(f"{self.name} changed while it was read. Add it again.")
        if len(data) > member.size:
            raise CorruptFile(f"{shown} is larger than the archive says. Make the archive again.")
        return data

    def _opened(self, budget: Budget | None = None) -> Opened:
        key = id(self)
        if key in _RECENT:
            _RECENT.move_to_end(key)
            return _RECENT[key]
        try:
            budget = budget or Budget(self.name, self._settings)
            opened = _open(self.kind, self._read(), self.name, budget, self._password)
        except AskanceError:
            raise
        except Exception as error:
            kind = "ZIP archive" if self.kind == ZIP else "archive"
            raise _fault(f"{self.name} is not a readable {kind}", error) from error
        _RECENT[key] = opened
        while len(_RECENT) > _MOST_RECENT:
            _RECENT.popitem(last=False)
        return opened


#: Archives open at the moment: members are mostly read one after another. Held under the lock.
_RECENT: OrderedDict[int, Opened] = OrderedDict()
_MOST_RECENT = 3
_LOCK = threading.RLock()


def _forget(key: int) -> None:
    with _LOCK:
        _RECENT.pop(key, None)


def _fault(what: str, error: Exception) -> DocumentError:
    """Whatever goes wrong is of this file alone: no archive ends the listing of the others."""
    if isinstance(error, MemoryError):
        return TooLarge(f"{what}: it does not fit into this machine's memory. Split it and add the parts.")
    reason = str(error)
    if not isinstance(error, _DAMAGED):
        logger.warning("%s", what, exc_info=error)
        reason = f"{type(error).__name__} {error}".strip()
    return CorruptFile(f"{what}: {reason}. Make the archive again.")


def may_hold_others(head: bytes, name: str) -> bool:
    """Whether a file that begins so is worth opening to look for files in it."""
    if head.startswith(b"PK\x03\x04"):
        # The name of the first member stands 30 bytes in.
        return not head[30:].startswith(_DOCUMENT_STARTS)
    if head.startswith((b"PK\x05\x06", *COMPRESSIONS)) or head[257:262] == b"ustar":
        return True
    if head.startswith(OLE_PREFIX):
        return name.lower().endswith(".msg") or "_\0_\0p\0r\0o\0p\0e\0r\0t\0i\0e\0s".encode("latin-1") in head
    return PurePosixPath(name.lower()).suffix in (".zip", ".tar", ".eml") or looks_like_mail(head)


def archive_in(
    name: str, read: Callable[[], bytes], settings: IngestSettings, password: str | None = None
) -> Archive | None:
    """The file as an archive, None when it is something else after all. Raises what `read` raises."""
    data = read()
    kind = sniff(data, name)
    if kind == "text/plain" and name.lower().endswith(".tar") and tarfile.is_tarfile(io.BytesIO(data)):
        kind = TAR
    if kind == ZIP and not data.startswith(b"PK"):
        return None
    known = kind in (ZIP, TAR, MBOX, *MAILS) or kind in COMPRESSIONS.values()
    return Archive(name, kind, read, settings, password) if known else None


def _open(kind: str, data: bytes, name: str, budget: Budget, password: str | None) -> Opened:
    if kind == ZIP:
        return ZipArchive(data, password, is_no_document)
    if kind == TAR:
        return _Tar(io.BytesIO(data), budget)
    if kind in MAILS:
        return _Parts(attachments(data, name))
    if kind == MBOX:
        return _Parts(messages_of(data, name))
    unpacked = cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    try:
        size = _decompress(kind, data, unpacked, budget, name)
        opened = _unpacked(unpacked, size, name, budget)
    except BaseException:
        unpacked.close()
        raise
    weakref.finalize(opened, unpacked.close)
    return opened


def _unpacked(unpacked: IO[bytes], size: int, name: str, budget: Budget) -> Opened:
    head = unpacked.read(HEAD_BYTES)
    unpacked.seek(0)
    if head[257:262] == b"ustar":
        return _Tar(unpacked, budget)
    inner = PurePosixPath(name.rpartition("!")[2].replace("\\", "/"))
    stem = inner.stem if inner.suffix.lower() in (".gz", ".bz2", ".xz") else f"{inner.name} unpacked"
    return _Single(unpacked, Member(stem, size))


def _decompress(kind: str, data: bytes, unpacked: IO[bytes], budget: Budget, name: str) -> int:
    """Write the content of a compressed file, on disk when it is large; returns its size.

    Raises TooLarge, and DiskRefused when there is no room for it.
    """
    source: Any
    if kind == "application/gzip":
        source = gzip.GzipFile(fileobj=io.BytesIO(data))
    elif kind == "application/x-bzip2":
        source = bz2.BZ2File(io.BytesIO(data))
    else:
        source = _XzReader(data)
    size = 0
    while block := source.read(1 << 20):
        size += len(block)
        if budget.bytes + size > budget.bytes_limit:
            budget.take(0, size)
        try:
            unpacked.write(block)
        except OSError as error:
            raise temporary_refusal(name, error) from error
    unpacked.seek(0)
    return size


class _XzReader:
    """Reads XZ with a bound on memory: the format lets a file ask for gigabytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, most: int) -> bytes:
        if self._decompressor.eof:
            return b""
        block = self._decompressor.decompress(self._data, most)
        self._data = b""
        if not block and not self._decompressor.eof:
            raise EOFError("it ends before its end mark")
        return block


class _Tar:
    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
        self._infos: list[tarfile.TarInfo] = []
        size = 0
        for number, info in enumerate(self._archive, start=1):
            size += info.size if info.isreg() else 0
            if budget.members + number > budget.settings.max_archive_members or (
                budget.bytes + size > budget.bytes_limit
            ):
                budget.take(number, size)
            if info.isreg() and not is_no_document(info.name):
                self._infos.append(info)
        self.members = [Member(info.name, info.size) for info in self._infos]

    def read(self, index: int, most: int) -> bytes:
        stream = self._archive.extractfile(self._infos[index])
        if stream is None:
            raise tarfile.TarError("it is no regular file")
        with stream:
            return stream.read(most)


class _Single:
    def __init__(self, file: IO[bytes], member: Member) -> None:
        self._file = file
        self.members = [member]

    def read(self, index: int, most: int) -> bytes:
        self._file.seek(0)
        return self._file.read(most)


class _Parts:
    def __init__(self, parts: list[tuple[str, bytes]]) -> None:
        self._parts = parts
        self.members = [Member(name, len(content)) for name, content in parts]

    def read(self, index: int, most: int) -> bytes:
        return self._parts[index][1][:most]
