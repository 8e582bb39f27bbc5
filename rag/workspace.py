"""One data folder, opened: the tables, the ledger, the originals and the conversations in it.

It only puts the parts together, so that pages, command line and jobs open a folder the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from rag.blobs import BlobStore
from rag.catalog import Catalog
from rag.collection_tables import CollectionTables
from rag.database import open_database
from rag.document_authors import authors_meant
from rag.document_kinds import mime_types_of
from rag.history import History
from rag.settings import Settings
from rag.store import CollectionTable, Store, get_store
from rag.types import Filters, Scope


@dataclass(frozen=True)
class Workspace:
    """The parts of a data folder under the settings in force."""

    settings: Settings
    store: Store
    catalog: Catalog
    blobs: BlobStore
    history: History
    tables: CollectionTables

    def table(self, collection: str) -> CollectionTable:
        """The passages of a collection; raises CollectionNotFound."""
        return self.store.open(collection)

    def filters(self, collection: str, scope: Scope = Scope()) -> Filters:  # noqa: B008 (frozen)
        """What becomes of a scope in a collection; documents go by whole or unambiguous base names, authors
        by any words of their names.

        Raises DocumentNotFound.
        """
        known = self.catalog.authors(collection) if scope.authors else []
        return Filters(
            documents=tuple(self.catalog.resolve(collection, name).document_id for name in scope.documents),
            tags=scope.tags,
            mime_types=mime_types_of(scope.kinds),
            authors=authors_meant(scope.authors, known, collection),
            since=scope.since,
            until=scope.until,
            first_page=scope.first_page,
            last_page=scope.last_page,
        )


def open_workspace(settings: Settings) -> Workspace:
    """Open (and make, where missing) the data folder of the settings."""
    store, catalog, blobs, history = _parts(
        replace(Settings(data_dir=settings.data_dir), embedding=settings.embedding)
    )
    return Workspace(
        settings, store, catalog, blobs, history, CollectionTables(open_database(settings.data_dir))
    )


@lru_cache(maxsize=8)
def _parts(settings: Settings) -> tuple[Store, Catalog, BlobStore, History]:
    engine = open_database(settings.data_dir)
    return get_store(settings), Catalog(engine), BlobStore(settings.data_dir), History(engine)
