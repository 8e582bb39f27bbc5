"""The form of a backup file: a tar of plain files, with a manifest of counts and checksums as its last.

It writes such a file and checks one, and knows nothing of tables or databases. A file is written
beside its place and renamed when it has been read back whole, so half a backup is never seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from rag.errors import BackupError

MANIFEST = "manifest.json"
#: Raised when an older Askance could no longer restore the file.
FORMAT = 1
_BLOCK = 1024 * 1024
_MOST_MANIFEST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True)
class CollectionCount:
    """A collection in a backup: its table's version, passages and documents, and those listed.

    `astray` counts documents that are only in the table, or only in the list as read.
    """

    version: int
    passages: int
    documents: int
    listed: int
    astray: int = 0


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `files` maps each path to its SHA-256; `bytes` is their sum.

    `missing` are ids of documents whose original was not in the data folder.
    """

    created_at: str
    collections: dict[str, CollectionCount]
    files: dict[str, str]
    bytes: int
    conversations: int
    secrets: bool
    missing: tuple[str, ...] = ()


def write_backup(
    place: Path, root: Path, paths: Sequence[str], describe: Callable[..., Manifest]
) -> Manifest:
    """Pack the files `root/path` and read the result back.

    `describe(files, size)` gives the manifest for their checksums and bytes. Raises BackupError when
    the disk refuses or what was read back differs.
    """
    with _explained(place, "written"):
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                manifest = _packed(stream, root, paths, describe)
                stream.flush()
                os.fsync(stream.fileno())
            if check_backup(temporary) != manifest:
                raise BackupError(
                    f"{place} was read back with another manifest. Check that disk, then try again."
                )
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
    return manifest


def check_backup(file: Path) -> Manifest:
    """Read a whole backup and compare every checksum; returns its manifest. Raises BackupError."""
    manifest = None
    found: dict[str, str] = {}

    def look(path: str, stream: IO[bytes]) -> None:
        nonlocal manifest
        if path == MANIFEST:
            manifest = _manifest_from(stream.read(_MOST_MANIFEST_BYTES), file)
            return
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK):
            digest.update(block)
        found[path] = digest.hexdigest()

    read_members(file, look)
    if manifest is None:
        raise BackupError(f"{file} holds no {MANIFEST}: it is no backup, or was cut off. Use another backup.")
    differing = sorted(
        path for path in {*found, *manifest.files} if found.get(path) != manifest.files.get(path)
    )
    if differing:
        raise BackupError(
            f"{file} is damaged: {len(differing)} of its files are missing, added or changed, "
            f"{differing[0]!r} first. Use another backup."
        )
    return manifest


def read_members(file: Path, take: Callable[[str, IO[bytes]], None]) -> None:
    """Give each file in a backup to `take(path, stream)`, in order; raises BackupError for anything else.

    Links, devices, absolute paths, `..` and the like are refused, so that no path leaves the folder.
    """
    seen: set[str] = set()
    with _explained(file, "read"):
        try:
            with tarfile.open(file, "r:") as packed:
                for member in packed:
                    if not member.isreg() or not _is_inside(member.name) or member.name in seen:
                        raise BackupError(
                            f"{file} holds {member.name!r}, which no backup holds: a link, a path that "
                            "leaves the folder, or one path twice. Nothing was restored; use another backup."
                        )
                    seen.add(member.name)
                    stream = packed.extractfile(member)
                    assert stream is not None  # noqa: S101
                    take(member.name, stream)
        except (tarfile.TarError, EOFError) as error:
            raise BackupError(f"{file} is no backup or is damaged: {error}. Use another backup.") from error


def _packed(
    stream: IO[bytes], root: Path, paths: Sequence[str], describe: Callable[..., Manifest]
) -> Manifest:
    digests: dict[str, str] = {}
    size = 0
    with tarfile.open(fileobj=stream, mode="w:", format=tarfile.PAX_FORMAT) as packed:
        for path in paths:
            with (root / path).open("rb") as source:
                member = packed.gettarinfo(arcname=path, fileobj=source)
                # Who made it is nobody's business, and must not matter where it is restored.
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                # A file linked here from elsewhere would otherwise be packed as a link to the first.
                member.type, member.linkname = tarfile.REGTYPE, ""
                member.size = os.fstat(source.fileno()).st_size
                hashing = _Hashing(source)
                packed.addfile(member, hashing)
            digests[path] = hashing.digest.hexdigest()
            size += member.size
        manifest = describe(digests, size)
        content = json.dumps({"format": FORMAT} | asdict(manifest), indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(content)
        with tempfile.TemporaryFile() as written:
            written.write(content)
            written.seek(0)
            packed.addfile(member, written)
    return manifest


class _Hashing:
    """A file that is hashed as it is read: what is packed is what was hashed."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = _BLOCK) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and not any(part == ".." or re.search(r"[\\\0:]", part) for part in path.parts)
        and path.as_posix() == name
    )


def _manifest_from(content: bytes, file: Path) -> Manifest:
    try:
        stored = json.loads(content)
        if stored.pop("format") != FORMAT:
            raise BackupError(
                f"{file} was made by another version of Askance. Update Askance, then try again."
            )
        collections = {name: CollectionCount(**own) for name, own in stored["collections"].items()}
        return Manifest(**stored | {"collections": collections, "missing": tuple(stored["missing"])})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupError(f"The {MANIFEST} in {file} is damaged: {error}. Use another backup.") from error


@contextmanager
def _explained(file: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{file} cannot be {verb}: {error.strerror or error}. Check the path and the room on its disk, "
            "then try again."
        ) from error


def as_dict(manifest: Manifest) -> dict[str, Any]:
    """The manifest for people and programs: counts, without the list of files."""
    told = asdict(manifest)
    told["files"] = len(manifest.files)
    return told
