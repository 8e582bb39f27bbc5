"""What is handed over with a job, in a form that survives a restart: a path, or bytes kept on disk.

From it the job's files are found again, under the same names, whenever the job is begun anew. Nothing
is parsed here, and no bytes are held in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.documents import kept_source
from ingest.sources import Source, bytes_source, failing_source, path_sources, with_own_names
from rag.blobs import BlobStore
from rag.catalog import DocumentRecord
from rag.errors import AskanceError, CorruptFile, DocumentError
from rag.settings import IngestSettings


@dataclass(frozen=True, slots=True)
class Given:
    """A path (kind path), a file whose bytes are kept (kind kept), or an archive kept so (kind archive).

    `place` is the path, or the SHA-256 under which the bytes are kept; `size` is in bytes, 0 for paths.
    """

    kind: str
    name: str
    place: str
    size: int = 0


def given_path(path: Path) -> Given:
    """A file or folder of this machine, read where it lies."""
    return Given("path", path.name, str(path.absolute()))


def given_records(records: Iterable[DocumentRecord]) -> list[Given]:
    """Documents of a collection, to be read again from their kept originals."""
    return [Given("kept", record.name, record.document_id, record.bytes) for record in records]


def given_sources(
    given: Sequence[Given], settings: IngestSettings, blobs: BlobStore, password: str | None = None
) -> Iterator[Source]:
    """The files in what was given, archives opened; what cannot be opened becomes a failing source."""
    return with_own_names(_sources(given, settings, blobs, password))


def _sources(
    given: Sequence[Given], settings: IngestSettings, blobs: BlobStore, password: str | None
) -> Iterator[Source]:
    for each in given:
        if each.kind == "path":
            yield from path_sources([Path(each.place)], settings, password)
        elif each.kind == "archive":
            yield from _opened(each, settings, blobs, password)
        elif each.place:
            yield kept_source(each.name, each.place, each.size, blobs)
        else:
            yield failing_source(
                each.name, DocumentError(f"{each.name} could never be read. Add the file again.")
            )


def _opened(
    archive: Given, settings: IngestSettings, blobs: BlobStore, password: str | None
) -> Iterator[Source]:
    try:
        data = blobs.get(archive.place)
    except AskanceError as error:
        yield failing_source(archive.name, CorruptFile(str(error)))
        return
    yield from bytes_source(archive.name, data, settings, password)
