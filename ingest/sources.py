"""Where documents come from: files, folders, what is in archives and e-mails, and uploads.

It names every file relative to what the user pointed at and hands out its bytes on demand. What
cannot be read becomes a source that fails when it is read: no file vanishes without a word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ingest.archives import HEAD_BYTES, MAILS, Budget, archive_in, may_hold_others
from ingest.file_bytes import bytes_of, head_of, printable
from ingest.left_out import is_no_document
from rag.errors import CorruptFile, DocumentError, TooLarge
from rag.settings import IngestSettings


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: `name` is how it is listed and cited, `size` is in bytes (0 if unknown).

    `read` returns the bytes or raises DocumentError. `file` is the file of this machine that it is, or is
    in; None for what came otherwise.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    file: Path | None = None


def path_sources(
    paths: Iterable[Path], settings: IngestSettings, password: str | None = None
) -> Iterator[Source]:
    """The files under the given paths, archives opened, in a stable order.

    A path that is a file is named by its base name; a folder's files by their path below it. Two
    files of one name get different ones; one that is named twice comes once. Below a folder, hidden files
    and folders are left out, and what is no document (ingest.left_out). The password is tried on archives.
    """
    return with_own_names(_sources_under(paths, settings, password))


def bytes_source(
    name: str, data: bytes, settings: IngestSettings, password: str | None = None
) -> Iterator[Source]:
    """An uploaded file, or the members of an uploaded archive; an e-mail and its attachments."""
    source = Source(_safe_name(name), len(data), lambda: data)
    return with_own_names(_opened(source, lambda: data[:HEAD_BYTES], settings, password))


def with_own_names(sources: Iterable[Source], others: Iterable[str] = ()) -> Iterator[Source]:
    """The same sources, those whose name is taken, or among `others`, as `name (2).txt` and so on."""
    taken = set(others)
    numbers: dict[str, int] = {}
    for source in sources:
        name = source.name
        while name in taken:
            numbers[source.name] = numbers.get(source.name, 1) + 1
            name = _numbered(source.name, numbers[source.name])
        taken.add(name)
        yield source if name == source.name else replace(source, name=name)


def failing_source(name: str, error: DocumentError) -> Source:
    """A source whose reading raises the error, so that it is reported like any other failure."""

    def read() -> bytes:
        raise error

    return Source(name, 0, read)


def _sources_under(paths: Iterable[Path], settings: IngestSettings, password: str | None) -> Iterator[Source]:
    seen: set[tuple[str, str]] = set()
    for path in paths:
        # os.path.isdir, since pathlib's raises for a name that is too long.
        is_folder = os.path.isdir(path)  # noqa: PTH112
        for name, file in _folder_files(path) if is_folder else [(path.name, path)]:
            place = (name, os.path.realpath(file))
            if place not in seen:
                seen.add(place)
                source = Source(
                    printable(name),
                    _size(file),
                    lambda file=file: bytes_of(file, settings),  # type: ignore[misc]
                    file,
                )
                yield from _opened(source, lambda file=file: head_of(file), settings, password)  # type: ignore[misc]


def _folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names and paths of the files below a folder, and of the folders that are not looked into.

    Links to folders are not followed. One that leads back into the folder is left out, since what it
    shows comes under its own name.
    """
    unreadable: list[OSError] = []
    root = os.path.realpath(folder)
    for directory, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        outside = [name for name in folders if _leads_out(Path(directory) / name, root)]
        for file in sorted([*files, *outside]):
            if not is_no_document(file):
                path = Path(directory) / file
                yield path.relative_to(folder).as_posix(), path
    for error in unreadable:
        yield os.path.relpath(str(error.filename), folder), Path(str(error.filename))


def _leads_out(path: Path, root: str) -> bool:
    return path.is_symlink() and os.path.commonpath([root, os.path.realpath(path)]) != root


def _opened(
    source: Source,
    head: Callable[[], bytes],
    settings: IngestSettings,
    password: str | None,
    budget: Budget | None = None,
    depth: int = 0,
) -> Iterator[Source]:
    """The file itself, or what is in it when it is an archive; an e-mail, and then its attachments."""
    name = source.name
    if not may_hold_others(head(), name):
        yield source
        return
    budget = budget or Budget(name, settings)
    try:
        archive = archive_in(name, source.read, settings, password)
    except DocumentError as error:
        yield failing_source(name, error)
        return
    if archive is None:
        yield source
        return
    is_mail = archive.kind in MAILS
    if is_mail:
        yield source
    try:
        members = archive.members(budget)
        if not members and not is_mail:
            raise CorruptFile(f"{name} holds no files. Check the archive.")
        if members and depth >= settings.max_archive_depth:
            raise TooLarge(
                f"{name} lies {depth} archives deep, and ingest.max_archive_depth = "
                f"{settings.max_archive_depth}. Unpack the archive around it or raise the limit."
            )
    except DocumentError as error:
        # Of an e-mail only the attachments are lost; one that cannot be read at all says so itself.
        if not is_mail or not isinstance(error, CorruptFile):
            yield failing_source(f"{name}!attachments" if is_mail else name, error)
        return
    for index, member in enumerate(members):
        inner = Source(
            f"{name}!{_safe_name(member.name)}",
            member.size,
            lambda index=index, member=member: archive.read(index, member),  # type: ignore[misc]
            source.file,
        )
        yield from _opened(
            inner,
            lambda index=index: archive.head(index),  # type: ignore[misc]
            settings,
            password,
            budget,
            depth + 1,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _safe_name(name: str) -> str:
    """A relative path without drive, root, or steps upwards: a name is for showing, never for opening."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    kept = [part for part in parts if part not in ("/", "..", ".") and not part.endswith(":")]
    return printable("/".join(kept)) or "unnamed"


_WITHIN = re.compile(
    r"(.*\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|eml|msg|mbox|mbx)!)?(.*)", re.IGNORECASE | re.DOTALL
)


def _numbered(name: str, number: int) -> str:
    archive, own = _WITHIN.fullmatch(name).groups("")  # type: ignore[union-attr]
    path = PurePosixPath(own)
    return archive + str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
