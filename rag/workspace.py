"""One data folder, opened: the tables, the ledger, the originals and the conversations in it.

It only puts the parts together, so that pages, command line and jobs open a folder the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.blobs import BlobStore
from rag.catalog import Catalog, DocumentRecord
from rag.collection_tables import CollectionTables
from rag.commit_log import CommitLog
from rag.database import open_database
from rag.document_authors import authors_meant
from rag.document_kinds import kinds_meant, mime_types_of
from rag.errors import DocumentNotFound
from rag.history import History
from rag.native_memory import keep_steady
from rag.settings import Settings
from rag.several_tables import Searched, SeveralTables
from rag.store import CollectionTable, Store, get_store
from rag.types import Filters, Scope
from rag.waiting_questions import WaitingQuestions


@dataclass(frozen=True)
class Workspace:
    """The parts of a data folder under the settings in force."""

    settings: Settings
    store: Store
    catalog: Catalog
    blobs: BlobStore
    history: History
    tables: CollectionTables
    waiting: WaitingQuestions

    def table(self, collection: str) -> CollectionTable:
        """The passages of a collection; raises CollectionNotFound."""
        return self.store.open(collection)

    def writing(self, collection: str) -> CommitLog:
        """The lock of a collection: `with` it, nobody else changes which documents are in it.

        Entering it raises WriterBusy when another keeps it for ingest.lock_seconds.
        """
        settings = self.settings
        return CommitLog(settings.data_dir, collection, settings.ingest.lock_seconds)

    def searched(self, collections: Sequence[str]) -> Searched:
        """What a question to these collections is asked of; those without documents yet are left out.

        Raises CollectionNotFound for an unknown one, or when none has documents.
        """
        for name in collections:
            if len(collections) > 1 and not self.catalog.has_collection(name):
                self.table(name)
        there = [name for name in collections if self.store.has_table(name)]
        if len(there) < 2:
            return self.table((there or list(collections))[0])
        return SeveralTables({name: self.table(name) for name in dict.fromkeys(there)})

    def filters(
        self,
        collection: str,
        scope: Scope = Scope(),  # noqa: B008 (frozen)
        *,
        beside: Sequence[str] = (),
    ) -> Filters:
        """What becomes of a scope in a collection, and in those that it names beside it; documents go by
        whole or unambiguous base names, authors by any words of their names. Those named by `beside` are
        asked, too.

        Raises DocumentNotFound when no collection has one.
        """
        collections = self._asked(collection, scope, beside)
        return Filters(
            documents=tuple(
                own.document_id for name in scope.documents for own in self._meant(collections, name)
            ),
            tags=scope.tags,
            mime_types=mime_types_of(scope.kinds),
            authors=self._authors(collections, scope),
            since=scope.since,
            until=scope.until,
            first_page=scope.first_page,
            last_page=scope.last_page,
        )

    def meant(self, collection: str, scope: Scope) -> Scope:
        """The scope with the whole names of its documents, kinds and authors, which `filters` takes in part.

        Raises DocumentNotFound as `filters` does.
        """
        collections = self._asked(collection, scope)
        documents = (own.name for name in scope.documents for own in self._meant(collections, name))
        return replace(
            scope,
            documents=tuple(dict.fromkeys(documents)),
            kinds=kinds_meant(scope.kinds),
            authors=self._authors(collections, scope),
        )

    def _asked(self, collection: str, scope: Scope, beside: Sequence[str] = ()) -> list[str]:
        others = (name for name in scope.collections if self.catalog.has_collection(name))
        return [collection, *beside, *others]

    def _authors(self, collections: Sequence[str], scope: Scope) -> tuple[str, ...]:
        if not scope.authors:
            return ()
        known = sorted({own for name in collections for own in self.catalog.authors(name)})
        return authors_meant(scope.authors, known, collections[0])

    def _meant(self, collections: Sequence[str], document: str) -> list[DocumentRecord]:
        """What a document's name means in each of the collections that has it."""
        found, refused = [], []
        for collection in collections:
            try:
                found.append(self.catalog.resolve(collection, document))
            except DocumentNotFound as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found


def open_workspace(settings: Settings) -> Workspace:
    """Open (and make, where missing) the data folder of the settings."""
    store, catalog, blobs, history = _parts(
        replace(Settings(data_dir=settings.data_dir), embedding=settings.embedding)
    )
    engine = open_database(settings.data_dir)
    return Workspace(
        settings, store, catalog, blobs, history, CollectionTables(engine), WaitingQuestions(engine)
    )


@lru_cache(maxsize=8)
def _parts(settings: Settings) -> tuple[Store, Catalog, BlobStore, History]:
    # Before the parts start threads of their own.
    keep_steady()
    engine = open_database(settings.data_dir)
    return get_store(settings), Catalog(engine), BlobStore(settings.data_dir), History(engine)
