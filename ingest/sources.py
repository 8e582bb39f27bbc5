"""Where documents come from: files, folders, the members of ZIP archives, and uploads.

It names every file relative to what the user pointed at and hands out its bytes on demand. What
cannot be read becomes a source that fails when it is read: no file vanishes without a word.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from rag.errors import CorruptFile, DocumentError, PasswordNeeded, TooLarge
from rag.settings import IngestSettings

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: `name` is how it is listed and cited, `size` is in bytes (0 if unknown).

    `read` returns the bytes or raises DocumentError.
    """

    name: str
    size: int
    read: Callable[[], bytes]


def path_sources(paths: Iterable[Path], settings: IngestSettings) -> Iterator[Source]:
    """The files under the given paths, archives opened, in a stable order.

    A path that is a file is named by its base name; a folder's files by their path below it. Two
    files of one name get different ones; one that is named twice comes once. Hidden files and folders
    (a leading dot) below a folder are left out.
    """
    return with_own_names(_sources_under(paths, settings))


def bytes_source(name: str, data: bytes, settings: IngestSettings) -> Iterator[Source]:
    """An uploaded file, or the members of an uploaded archive."""
    return with_own_names(_opened(_safe_name(name), len(data), lambda: data, settings))


def with_own_names(sources: Iterable[Source]) -> Iterator[Source]:
    """The same sources, those whose name is taken as `name (2).txt` and so on."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for source in sources:
        name = source.name
        while name in taken:
            numbers[source.name] = numbers.get(source.name, 1) + 1
            name = _numbered(source.name, numbers[source.name])
        taken.add(name)
        yield source if name == source.name else Source(name, source.size, source.read)


def failing_source(name: str, error: DocumentError) -> Source:
    """A source whose reading raises the error, so that it is reported like any other failure."""

    def read() -> bytes:
        raise error

    return Source(name, 0, read)


def _sources_under(paths: Iterable[Path], settings: IngestSettings) -> Iterator[Source]:
    seen: set[tuple[str, str]] = set()
    for path in paths:
        # os.path.isdir, since pathlib's raises for a name that is too long.
        is_folder = os.path.isdir(path)  # noqa: PTH112
        for name, file in _folder_files(path) if is_folder else [(path.name, path)]:
            place = (name, os.path.realpath(file))
            if place not in seen:
                seen.add(place)
                yield from _opened(
                    _printable(name),
                    _size(file),
                    lambda file=file: _read_file(file, settings),  # type: ignore[misc]
                    settings,
                )


def _folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names and paths of the files below a folder, and of the folders that cannot be listed."""
    unreadable: list[OSError] = []
    for directory, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            if not file.startswith("."):
                path = Path(directory) / file
                yield path.relative_to(folder).as_posix(), path
    for error in unreadable:
        yield os.path.relpath(str(error.filename), folder), Path(str(error.filename))


def _opened(name: str, size: int, read: Callable[[], bytes], settings: IngestSettings) -> Iterator[Source]:
    """The file itself, or, for a ZIP archive, its members."""
    if PurePosixPath(name).suffix.lower() != ".zip":
        yield Source(name, size, read)
        return
    try:
        data = read()
        if not data.startswith(b"PK"):
            yield Source(name, size, lambda: data)
            return
        archive = zipfile.ZipFile(BytesIO(data))
        members = [member for member in archive.infolist() if not _ignored(member)]
        _check_archive(name, members, settings)
    except DocumentError as error:
        yield failing_source(name, error)
        return
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        yield failing_source(
            name, CorruptFile(f"{name} is not a readable ZIP archive: {error}. Make the archive again.")
        )
        return
    if not members:
        yield failing_source(name, CorruptFile(f"{name} holds no files. Check the archive."))
    for member in members:
        yield Source(
            f"{name}!{_safe_name(member.filename)}",
            member.file_size,
            lambda member=member: _read_member(archive, member, name, settings),  # type: ignore[misc]
        )


def _check_archive(name: str, members: list[zipfile.ZipInfo], settings: IngestSettings) -> None:
    if len(members) > settings.max_archive_members:
        raise TooLarge(
            f"{name} holds {len(members)} files, more than ingest.max_archive_members = "
            f"{settings.max_archive_members}. Split the archive or raise the limit."
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > settings.max_unpacked_megabytes * MEGABYTE:
        raise TooLarge(
            f"{name} unpacks to {unpacked // MEGABYTE} MB, more than ingest.max_unpacked_megabytes = "
            f"{settings.max_unpacked_megabytes}. Split the archive or raise the limit."
        )


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, settings: IngestSettings
) -> bytes:
    if member.flag_bits & 1:
        raise PasswordNeeded(
            f"{name}!{member.filename} is encrypted. Unpack the archive with its password first."
        )
    _check_size(member.filename, member.file_size, settings)
    try:
        with archive.open(member) as stream:
            # The declared size may lie: never take more than it.
            data = stream.read(member.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise CorruptFile(
            f"{name}!{member.filename} cannot be unpacked: {error}. Make the archive again."
        ) from error
    except Exception as error:
        if type(error).__module__ in {"zlib", "_lzma", "lzma"}:
            raise CorruptFile(
                f"{name}!{member.filename} cannot be unpacked: {error}. Make the archive again."
            ) from error
        raise
    if len(data) > member.file_size:
        raise CorruptFile(
            f"{name}!{member.filename} is larger than the archive says. Make the archive again."
        )
    return data


def _read_file(path: Path, settings: IngestSettings) -> bytes:
    shown = _printable(str(path))
    try:
        if path.is_dir():
            raise DocumentError(f"The folder {shown} cannot be listed. Check its permissions.")
        if not path.is_file():
            kind = "does not exist" if not path.exists() else "is not a regular file"
            raise DocumentError(f"{shown} {kind}. Check the path.")
        _check_size(_printable(path.name), path.stat().st_size, settings)
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"{shown} cannot be read: {error.strerror or error}. Check the path and its permissions."
        ) from error


def _check_size(name: str, size: int, settings: IngestSettings) -> None:
    if size > settings.max_file_megabytes * MEGABYTE:
        raise TooLarge(
            f"{name} has {size // MEGABYTE} MB, more than ingest.max_file_megabytes = "
            f"{settings.max_file_megabytes}. Split the file or raise the limit."
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _ignored(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or any(
        (part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts
    )


def _safe_name(name: str) -> str:
    """A relative path without drive, root, or steps upwards: a name is for showing, never for opening."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    kept = [part for part in parts if part not in ("/", "..", ".") and not part.endswith(":")]
    return _printable("/".join(kept)) or "unnamed"


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _numbered(name: str, number: int) -> str:
    archive, own = re.fullmatch(r"(.*\.zip!)?(.*)", name, re.IGNORECASE | re.DOTALL).groups("")  # type: ignore[union-attr]
    path = PurePosixPath(own)
    return archive + str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
