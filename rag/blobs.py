"""The bytes of added files, kept under their SHA-256, and what the loaders made of them.

`blobs/ab/abcdef…` and `parsed/ab/abcdef….json.gz` in the data folder; every file is written beside its
place, synced and then renamed, so that half a file is never seen. Nothing here knows names or
collections, parses, or decides what is still needed. Originals are copied, never linked: their owner
may go on editing them.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from rag.errors import DocumentNotFound, StoreError
from rag.parsed_form import packed, unpacked
from rag.refusals import disk_refusal
from rag.types import ParsedDocument

#: Files removed side by side.
REMOVED_AT_ONCE = 8
DRAFT = ".incoming-"
#: A file being written for longer than this belongs to a process that is gone.
LEFTOVER_SECONDS = 24 * 3600
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Files by content under one data folder. Safe to use from threads and processes at once.

    Every method that takes a digest (64 lower-case hexadecimal characters) raises StoreError for
    anything else, so that no path can leave the folder; every method raises StoreError when the disk
    refuses, DiskRefused when it takes nothing.
    """

    def __init__(self, data_dir: Path) -> None:
        self._blobs = data_dir / "blobs"
        self._parsed = data_dir / "parsed"

    def put_bytes(self, data: bytes) -> str:
        """Keep these bytes and return their digest; a damaged earlier copy is replaced."""
        digest = hashlib.sha256(data).hexdigest()
        if not self._is_whole(digest):
            _write(self._blob(digest), lambda stream: stream.write(data))
        return digest

    @contextmanager
    def draft(self, data: bytes) -> Iterator[Path]:
        """A file with these bytes beside the blobs, to be read and then kept or not; gone afterwards."""
        with _explained(self._blobs, "written"):
            self._blobs.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._blobs, prefix=DRAFT)
        file = Path(name)
        try:
            with _explained(file, "written"), os.fdopen(handle, "wb") as stream:
                stream.write(data)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def keep_draft(self, file: Path, digest: str) -> None:
        """Let a draft become the blob of this digest, which must be that of its bytes.

        A damaged earlier copy is replaced.
        """
        place = self._blob(digest)
        if self._is_whole(digest):
            return
        with _explained(place, "written"):
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
            _sync_folder(place.parent)

    def remove_leftovers(self) -> int:
        """Remove what killed processes left half-written; says how many files. Young ones may be in use."""
        removed = 0
        with _explained(self._blobs, "removed"):
            for folder in (self._blobs, self._parsed):
                for file in [*folder.glob(f"{DRAFT}*"), *folder.glob(f"??/{DRAFT}*")]:
                    try:
                        if time.time() - file.stat().st_mtime > LEFTOVER_SECONDS:
                            file.unlink()
                            removed += 1
                    except FileNotFoundError:
                        continue
        return removed

    def get(self, digest: str) -> bytes:
        """The bytes. Raises DocumentNotFound when they are not kept."""
        file = self.path(digest)
        with _explained(file, "read"):
            return file.read_bytes()

    def path(self, digest: str) -> Path:
        """Where the bytes lie; not to be written to. Raises DocumentNotFound when they are not kept."""
        file = self._blob(digest)
        if not file.is_file():
            raise DocumentNotFound(f"The original file is no longer kept at {file}; add the file again.")
        return file

    def has(self, digest: str) -> bool:
        """Whether the bytes are kept."""
        return self._blob(digest).is_file()

    def remove(self, digest: str) -> None:
        """Remove the bytes and their parse; removing what is not kept is no error."""
        for file in (self._blob(digest), self._parse(digest)):
            with _explained(file, "removed"):
                file.unlink(missing_ok=True)

    def remove_many(self, digests: Iterable[str]) -> None:
        """Remove many at once, side by side: a busy disk makes each wait."""
        wanted = list(digests)
        # A share for each thread: handing over each by itself costs as much as removing it.
        shares = [wanted[first::REMOVED_AT_ONCE] for first in range(REMOVED_AT_ONCE)]
        with ThreadPoolExecutor(REMOVED_AT_ONCE) as threads:
            for _ in threads.map(self._remove_all, shares):
                continue

    def _remove_all(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self.remove(digest)

    def verify(self, digest: str) -> bool:
        """Whether the bytes kept are still those that were put in. Raises DocumentNotFound without any."""
        file = self.path(digest)
        with _explained(file, "read"), file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == digest

    def size(self) -> int:
        """Bytes that originals and parses take together; files that vanish meanwhile are not counted."""
        total = 0
        for folder in (self._blobs, self._parsed):
            with _explained(folder, "read"):
                for file in folder.glob("??/*"):
                    try:
                        total += file.stat().st_size
                    except FileNotFoundError:
                        continue
        return total

    def put_parsed(self, digest: str, document: ParsedDocument) -> None:
        """Keep what a loader made of these bytes, in place of an earlier parse."""
        # Half the time that the usual 6 takes, for an eighth more room.
        content = gzip.compress(packed(document), compresslevel=3, mtime=0)
        _write(self._parse(digest), lambda stream: stream.write(content))

    def get_parsed(self, digest: str) -> ParsedDocument | None:
        """The parse kept for these bytes; None when there is none, or one of an older form.

        Raises StoreError when the file that holds it is damaged.
        """
        file = self._parse(digest)
        with _explained(file, "read"):
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                return None
        try:
            return unpacked(gzip.decompress(content))
        except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(
                f"The parsed text in {file} is damaged ({error}). Remove it and add the document again."
            ) from error

    def digests(self, unused_for: timedelta) -> list[str]:
        """What is kept, whole or only its parse, and was not put in within that time."""
        last_used: dict[str, float] = {}
        for folder in (self._blobs, self._parsed):
            for file in folder.glob("??/*"):
                digest = file.name.partition(".")[0]
                try:
                    if _DIGEST.fullmatch(digest):
                        last_used[digest] = max(last_used.get(digest, 0.0), file.stat().st_mtime)
                except FileNotFoundError:
                    continue
        before = time.time() - unused_for.total_seconds()
        return [digest for digest, used in last_used.items() if used < before]

    def _is_whole(self, digest: str) -> bool:
        """Whether the bytes are kept undamaged; they then count as put in just now."""
        if not (self.has(digest) and self.verify(digest)):
            return False
        try:
            os.utime(self._blob(digest))
        except FileNotFoundError:
            return False
        return True

    def _blob(self, digest: str) -> Path:
        return self._blobs / _checked(digest)[:2] / digest

    def _parse(self, digest: str) -> Path:
        return self._parsed / _checked(digest)[:2] / f"{digest}.json.gz"


def _checked(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise StoreError(
            f"{digest[:80]!r} is not a SHA-256 of 64 lower-case hexadecimal characters; "
            "take a document's id from the library."
        )
    return digest


def _write(place: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all."""
    with _explained(place, "written"):
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=DRAFT)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                fill(stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    # Without it a power cut may take back the renaming. Windows cannot open folders.
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(file: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_refusal(file, error, verb) from error
