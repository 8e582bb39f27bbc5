"""Upkeep of one table that is open already: its health, tidying it, and versions kept by name.

It opens no table, decides on no schedule and knows no catalog. A version is kept as a branch of the
table, not as a tag: Lance refuses to clean up anything while a tag points to an old version, but goes
around branches, so that one kept version does not hold all later ones on the disk.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rag.errors import StoreError
from rag.text_fields import BASES, BOOSTED

logger = logging.getLogger(__name__)

#: How long files of old versions stay for readers that still use them.
KEEP_VERSIONS = timedelta(hours=1)
#: How often something is tried while other processes are at the same table.
ATTEMPTS = 5


@dataclass(frozen=True)
class TableHealth:
    """How tidy a table is. `size` is in bytes on disk, files of old versions included.

    `unindexed_rows` are found too, but each search looks at them one by one. `missing_indexes` are those
    that the search by words would use, and that a table of an earlier version lacks.
    """

    rows: int
    fragments: int
    versions: int
    unindexed_rows: int
    size: int
    missing_indexes: int = 0


class TableUpkeep:
    """What can be done for one open table beside its contents."""

    def __init__(self, name: str, table: Any) -> None:
        self._name = name
        self._table = table

    @property
    def folder(self) -> Path:
        """Where the table's files lie."""
        return Path(self._table.uri)

    def health(self) -> TableHealth:
        """Figures of the newest version; reads no rows."""
        self._table.checkout_latest()
        stats = self._table.stats()
        indexes = self._table.list_indices()
        unindexed = [int(index.num_unindexed_rows or 0) for index in indexes]
        missing = {*BASES, *BOOSTED} - {column for index in indexes for column in index.columns}
        return TableHealth(
            rows=int(stats["num_rows"]),
            fragments=int(stats["fragment_stats"]["num_fragments"]),
            versions=sum(1 for _ in (self.folder / "_versions").glob("*.manifest")),
            unindexed_rows=max(unindexed, default=0),
            size=folder_size(self.folder),
            missing_indexes=len(missing),
        )

    def optimize(self, keep: timedelta = KEEP_VERSIONS) -> str:
        """Compact, fold new rows into the indexes, and remove files of versions older than `keep`.

        Below an hour, `keep` takes files away from other handles that are still reading. Returns why
        a part was left out, "" when all was done: it gives way to processes that keep writing.
        """
        # A handle that another process has made stale would meet the same conflict for ever.
        self._table.checkout_latest()
        try:
            done = persistently(
                self._table, lambda: self._table.optimize(cleanup_older_than=keep), self._name
            )
        except RuntimeError as error:
            if "tagged version" not in str(error):
                raise
            # Another program tagged an old version: Lance then stops before folding the indexes.
            age = max(self._age_of_oldest_tag() + timedelta(minutes=1), keep)
            done = persistently(self._table, lambda: self._table.optimize(cleanup_older_than=age), self._name)
            if done:
                return (
                    f"Old versions of {self._name!r} stay on the disk while a LanceDB tag points to one of "
                    f"them: {', '.join(sorted(self._table.tags.list()))}. Delete the tags to free the space."
                )
        return "" if done else f"{self._name!r} is left to another process that is writing to it."

    def keep_version(self, name: str) -> int:
        """Keep the newest version under a name; returns its number. Raises StoreError for a name taken."""
        self._table.checkout_latest()
        if name in self.kept_versions():
            raise StoreError(
                f"A version of {self._name!r} is kept under the name {name!r} already. Choose another name."
            )
        self._table.branches.create(name)
        return self.kept_versions()[name]

    def kept_versions(self) -> dict[str, int]:
        """Names of the versions kept, each with its number."""
        return {name: int(branch["parent_version"]) for name, branch in self._table.branches.list().items()}

    def forget_version(self, name: str) -> None:
        """Let go of a kept version; the next clean-up removes what only it needs."""
        self._table.branches.delete(name)

    def documents_at(self, name: str) -> frozenset[str]:
        """Ids of the documents in a kept version."""
        rows = self._table.branches.checkout(name)
        found = rows.search().select(["document_id"]).limit(max(rows.count_rows(), 1)).to_arrow()
        return frozenset(found["document_id"].drop_null().unique().to_pylist())

    def restore_version(self, name: str) -> None:
        """Make the rows of a kept version the newest version again, in one commit."""
        self._table.checkout_latest()
        self._table.restore(self.kept_versions()[name])

    def _age_of_oldest_tag(self) -> timedelta:
        tagged = {int(tag["version"]) for tag in self._table.tags.list().values()}
        made = [own["timestamp"] for own in self._table.list_versions() if own["version"] in tagged]
        oldest = min(made, default=datetime.now())
        return datetime.now(oldest.tzinfo) - oldest


def folder_size(folder: Path) -> int:
    """Bytes of the files in a folder; files that vanish meanwhile are not counted."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def indexed_columns(table: Any) -> set[str]:
    """The columns with an index, of whatever kind."""
    return {column for index in table.list_indices() for column in index.columns}


def persistently(table: Any, work: Callable[[], object], name: str) -> bool:
    """Do upkeep again when another process committed in between; False when it is left to that one."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work()
            return True
        except (RuntimeError, OSError) as error:
            if "conflict" not in str(error):
                raise
            logger.info("upkeep of collection %s, attempt %d: %s", name, attempt, error)
            time.sleep(random.uniform(0.0, 0.1) * attempt)
            table.checkout_latest()
    logger.warning("Upkeep of collection %s is left to another process that is writing to it.", name)
    return False
