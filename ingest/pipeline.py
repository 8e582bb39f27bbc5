"""Documents in: hash, load, chunk, embed, store. Threads read ahead while another embeds.

A document enters the table whole, in one commit, and only then the catalog. Every file ends in a
result. Nothing here knows pages, jobs or where files come from.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ingest.chunking import chunk_document
from ingest.embed_ahead import EmbedAhead, Pool, next_pool, not_given
from ingest.in_flight import Document
from ingest.language import detect_language, language_warning
from ingest.letting_go import keep_tags, let_go, released
from ingest.parsing import get_parsers
from ingest.progress import FileProgress, FileResult, Progress
from ingest.read_ahead import ReadAhead
from ingest.recipe import recipe_of
from ingest.recovery import note, recovered
from ingest.report import report_on
from ingest.sources import Source
from rag.catalog import DocumentRecord
from rag.errors import AskanceError, ReaderStopped, StoreError
from rag.maintenance import Maintenance
from rag.store import CollectionTable
from rag.types import ParsedDocument
from rag.workspace import Workspace

logger = logging.getLogger(__name__)
Given = TypeVar("Given")

#: Passages embedded between two looks at the queue; sorted by length, they pad little.
POOL_CHUNKS = 512
#: Passages committed together: many small documents share one commit.
COMMIT_CHUNKS = 1024
#: Seconds after which finished documents are committed even if they are few.
COMMIT_SECONDS = 2.0
#: Passages read ahead of the embedder; a document counts as eight at least.
READ_AHEAD = 2048


class Pipeline:
    """Puts documents into one collection of a data folder, under the settings in force there."""

    def __init__(self, collection: str, workspace: Workspace) -> None:
        self.collection = collection
        self.settings = settings = workspace.settings
        self.blobs = workspace.blobs
        self.catalog = catalog = workspace.catalog
        self.table: CollectionTable = workspace.store.open_or_create(collection)
        self.embedder = workspace.store.embedder
        self.maintenance = Maintenance(workspace.store, settings.data_dir)
        self.parsers = get_parsers(settings.ingest)
        # Held while deciding which names hold a document, since readers and embedder all do.
        self._names = workspace.writing(collection)
        self._store = workspace.store
        self._added = False
        catalog.create_collection(collection)

    @property
    def recipe(self) -> str:
        """What, beside a file's bytes, decides its passages; another recipe means reading it again."""
        return recipe_of(self.settings, self.embedder)

    def run(
        self,
        sources: Iterable[Source],
        *,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
        password: str | None = None,
        force: bool = False,
    ) -> Iterator[FileResult]:
        """Ingest the sources; yields each file's result once it is final.

        After `cancelled` is set, documents committed stay and the others are left out. `force`
        reads files again that are unchanged. Raises StoreError (DiskRefused, WriterBusy) when disk or
        table refuse and EmbeddingFailed: files that had a result keep it, the next run does the rest.
        Call `tidy` afterwards.
        """
        progress = progress if progress is not None else Progress()
        cancelled = cancelled or threading.Event()
        self.blobs.remove_leftovers()
        counts = recovered(self._names, self.table, self.catalog)

        def read(source: Source) -> Document | None:
            progress.files.setdefault(source.name, FileProgress(source.name, source.size))
            progress.stage(source.name, "reading")
            return self._read(source, progress, counts, password, force, cancelled)

        yield from self._embed_all(sources, read, progress, cancelled, self.settings.ingest.parse_processes)

    def parsed_documents(self, documents: Iterable[tuple[str, str, ParsedDocument]]) -> int:
        """Store documents that are parsed already, as (name, document id, document); returns their passages.

        For corpora that come as records rather than files; no original is kept.
        """
        progress = Progress()

        def chunked(given: tuple[str, str, ParsedDocument]) -> Document:
            name, document_id, parsed = given
            document = Document(name, document_id, len(parsed.text), time.monotonic(), parsed)
            document.report = report_on(parsed)
            progress.files[name] = FileProgress(name, document.size)
            self._chunk(document)
            return document

        recovered(self._names, self.table, self.catalog)
        results = self._embed_all(documents, chunked, progress, threading.Event(), 1)
        stored = sum(result.chunks for result in results)
        self.tidy()
        return stored

    def tidy(self) -> None:
        """Fold what was added into the table's indexes, where that pays; it is found before, too.

        For after the results are told: nobody need wait for it.
        """
        if self._added:
            self._added = False
            self.maintenance.after_adding(self.table)

    def _read(
        self,
        source: Source,
        progress: Progress,
        counts: dict[str, int],
        password: str | None,
        force: bool,
        cancelled: threading.Event,
    ) -> Document | None:
        document = Document(source.name, "", source.size, time.monotonic())
        try:
            data = source.read()
            document.size = len(data)
            document.document_id = hashlib.sha256(data).hexdigest()
            if not force and self._settled(document, counts):
                return document
            with self.blobs.draft(data) as draft:
                del data
                reading = self.parsers.parse(draft, source.name, password=password, cancelled=cancelled)
                document.parsed = parsed = reading.document
                document.report = reading.report
                document.language = detect_language(parsed.text)
                warning = language_warning(document.language, self.embedder.languages)
                document.warnings = (*parsed.warnings, *([warning] if warning else []))
                progress.stage(source.name, "chunking")
                self._chunk(document)
                if document.chunks:
                    self.blobs.keep_draft(draft, document.document_id)
                    self.blobs.put_parsed(document.document_id, parsed)
                    document.has_original = True
                    # The passages have the text; many documents may wait for the embedder.
                    document.parsed = replace(parsed, text="")
        except StoreError:
            # Disk, table or database refused, which is not the file's fault: the next would fail, too.
            raise
        except AskanceError as error:
            if isinstance(error, ReaderStopped) and cancelled.is_set():
                return None
            document.result = document.outcome("failed", error=str(error))
        else:
            if not document.chunks:
                reason = " ".join(document.warnings) or f"{source.name} holds no text."
                document.result = document.outcome("empty", error=reason)
        return document

    def _settled(self, document: Document, counts: dict[str, int]) -> bool:
        """Whether the same bytes are in the table already, under this name or another."""
        stored = counts.get(document.document_id, 0)
        if not stored:
            return False
        with self._writing():
            holders = self.catalog.by_document_id(self.collection, document.document_id)
            known = [
                record for record in holders if record.status == "ready" and record.recipe == self.recipe
            ]
            if not known:
                return False
            earlier = self.catalog.get(self.collection, document.name)
            status = _status(earlier)
            if earlier in known:
                status, twin = "unchanged", earlier
            else:
                twin = known[0]
            if earlier not in known or earlier.error:
                leaving = [earlier] if earlier else []
                renamed = self._let_go(leaving, {document.document_id})
                tags = earlier.tags if earlier else ()
                self.catalog.put(replace(twin, name=document.name, tags=tags, notes="", error=""))
                ids = {document.document_id, *renamed}
                keep_tags(self.table, self.catalog, self.collection, ids, leaving)
        document.language, document.warnings = twin.language, twin.warnings
        document.result = FileResult(
            document.name, status, document.document_id, twin.pages, stored, document.seconds()
        )
        return True

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the collection; its table is asked for anew, since another may have taken its place."""
        with self._names:
            if self._store.open(self.collection) is not self.table:
                self.table = self._store.open_or_create(self.collection)
            yield

    def _let_go(self, leaving: list[DocumentRecord], coming: set[str]) -> set[str]:
        gone, renamed = released(self.catalog, self.collection, leaving, coming)
        let_go(self.table, gone, renamed)
        return set(renamed)

    def _chunk(self, document: Document) -> None:
        assert document.parsed is not None  # noqa: S101
        document.chunks = list(
            chunk_document(
                document.parsed,
                document_id=document.document_id,
                name=document.name,
                embedder=self.embedder,
                settings=self.settings.chunking,
            )
        )

    def _embed_all(
        self,
        given: Iterable[Given],
        make: Callable[[Given], Document | None],
        progress: Progress,
        cancelled: threading.Event,
        threads: int,
    ) -> Iterator[FileResult]:
        """Embed what is read ahead; commit documents whose passages all have vectors."""
        ahead = ReadAhead(
            given,
            make,
            weight=lambda document: max(len(document.chunks), 8),
            most=READ_AHEAD,
            threads=threads,
            cancelled=cancelled,
        )
        embedding = EmbedAhead(self.embedder, ahead.look)
        try:
            yield from self._embed_ready(ahead, embedding, progress, cancelled)
        finally:
            ahead.close()
            embedding.close()
        if self._added:
            self.maintenance.follow_language(self.table)

    def _embed_ready(
        self,
        ahead: ReadAhead[Given, Document],
        embedding: EmbedAhead,
        progress: Progress,
        cancelled: threading.Event,
    ) -> Iterator[FileResult]:
        """Embed passages in pools that cross documents; commit what is whole while others are computed."""
        waiting: list[Document] = []
        finished: list[Document] = []
        last_commit = time.monotonic()
        open_ended = True
        while open_ended or waiting or embedding:
            if cancelled.is_set():
                open_ended, waiting = False, []
            while open_ended and not embedding.full and not_given(waiting) < POOL_CHUNKS:
                idle = waiting and not embedding
                try:
                    item = ahead.take(0.0 if idle else COMMIT_SECONDS, unless=lambda: embedding.ready)
                except queue.Empty:
                    break
                if item is None:
                    open_ended = False
                elif item.result is not None:
                    yield self._settle(item, progress)
                else:
                    progress.files[item.name].pages = len(item.parsed.pages) if item.parsed else 0
                    progress.files[item.name].chunks = len(item.chunks)
                    progress.stage(item.name, "embedding")
                    waiting.append(item)
            # A second pool is begun only when it is full or the last: small ones pad more.
            fills = not open_ended or not_given(waiting) >= POOL_CHUNKS
            if waiting and not embedding.full and (fills or not embedding):
                embedding.give(next_pool(waiting, POOL_CHUNKS))
                waiting = [document for document in waiting if document.given < len(document.chunks)]
            elif embedding and (embedding.ready or embedding.full or not open_ended):
                finished += _counted(embedding.take(), progress)
            pending = sum(len(document.chunks) for document in finished)
            ended = not open_ended and not waiting and not embedding
            if finished and (
                ended or pending >= COMMIT_CHUNKS or time.monotonic() - last_commit > COMMIT_SECONDS
            ):
                yield from self._commit(finished, progress)
                finished, last_commit = [], time.monotonic()
        # A reader's fault sets `cancelled`, too: what is whole is in by now, and the fault is still told.
        for item in ahead.left_by_fault():
            if item.result is not None:
                yield self._settle(item, progress)
        ahead.check()

    def _commit(self, documents: list[Document], progress: Progress) -> Iterator[FileResult]:
        """One commit to the table, then the catalog, then the results."""
        with self._writing():
            # Whoever removed the last document with these bytes meanwhile removed them, too.
            lost: list[Document] = []
            whole: list[Document] = []
            for document in documents:
                there = not document.has_original or self.blobs.has(document.document_id)
                (whole if there else lost).append(document)
            if whole:
                self._commit_whole(whole)
        for document in lost:
            gone = f"{document.name} was removed elsewhere while it was being added. Add it again."
            document.result = document.outcome("failed", error=gone)
            yield self._settle(document, progress)
        for document in whole:
            progress.files[document.name].result = document.result
            progress.stage(document.name, "done")
            assert document.result is not None  # noqa: S101
            yield document.result

    def _commit_whole(self, documents: list[Document]) -> None:
        latest = {document.name: document for document in documents}
        unique: dict[str, Document] = {}
        for document in latest.values():
            unique.setdefault(document.document_id, document)
        earlier = {name: self.catalog.get(self.collection, name) for name in latest}
        leaving = [record for record in earlier.values() if record is not None]
        gone, _ = released(self.catalog, self.collection, leaving, set(unique))
        for document in documents:
            document.result = document.outcome(_status(earlier[document.name]))
        records = [document.record(self.collection, self.recipe, "ready") for document in documents]
        chunks = [chunk for document in unique.values() for chunk in document.chunks]
        self._names.announce(records, chunks)
        self.table.replace_documents(
            chunks,
            np.stack([vector for document in unique.values() for vector in document.vectors]),
            [bits for document in unique.values() for bits in document.token_bits],
            replaced=gone,
        )
        note(records, set(unique), self.table, self.catalog)
        self._names.settle()
        self._added = True

    def _settle(self, document: Document, progress: Progress) -> FileResult:
        """Note a file that adds no passages: unchanged, empty or failed."""
        result = document.result
        assert result is not None  # noqa: S101
        with self._writing():
            known = self.catalog.get(self.collection, document.name)
            if result.status == "empty":
                leaving = [known] if known else []
                renamed = self._let_go(leaving, set())
                self.catalog.put(document.record(self.collection, self.recipe, "empty"))
                keep_tags(self.table, self.catalog, self.collection, renamed, leaving)
            elif result.status == "failed":
                self._note_failure(document, known, result)
        progress.files[document.name].result = result
        progress.stage(document.name, "failed" if result.status == "failed" else "done")
        return result

    def _note_failure(self, document: Document, known: DocumentRecord | None, result: FileResult) -> None:
        if known is not None and known.status == "ready":
            kept = f"The newer version could not be read, the earlier one is kept. {result.error}"
            self.catalog.put(replace(known, error=kept))
        else:
            self.catalog.put(document.record(self.collection, self.recipe, "failed"))


def _counted(pool: Pool, progress: Progress) -> list[Document]:
    """The documents of an embedded pool that are whole now; progress counts its passages."""
    for document, _ in pool:
        progress.files[document.name].chunks_done += 1
        progress.chunks_done += 1
    own = {id(document): document for document, _ in pool}
    return [document for document in own.values() if len(document.token_bits) == len(document.chunks)]


def _status(earlier: DocumentRecord | None) -> str:
    return "updated" if earlier is not None and earlier.status == "ready" else "added"
