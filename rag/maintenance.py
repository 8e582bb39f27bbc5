"""Maintenance of a data folder: when tables are tidied, by whom, and what came of it.

Only the holder of the folder's maintenance lease tidies, so that two processes never do it at once.
Each run is noted in `maintenance.json` in the data folder, failures too. Nothing here changes what is
in a collection, and nothing removes files that readers of the last hour may still use.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rag.collection_languages import passages_by_language
from rag.errors import AskanceError, FolderBusy, StoreError
from rag.folder_lease import lease
from rag.store import CollectionTable, Store
from rag.table_upkeep import KEEP_VERSIONS, TableHealth
from rag.text_index import index_for
from rag.vector_index import VectorIndexState

logger = logging.getLogger(__name__)

PURPOSE = "maintenance"
STATE_FILE = "maintenance.json"
#: Rows outside the indexes from which folding them in pays: they cost a search about 2 ms. In large
#: tables, where folding takes longer, a hundredth of the rows, at most MOST_UNINDEXED (about 40 ms).
LEAST_UNINDEXED, MOST_UNINDEXED = 256, 2_500
#: Fragments from which merging them pays.
MOST_FRAGMENTS = 64
#: Versions whose files are worth removing once they are old enough.
MOST_VERSIONS = 20
#: Every table that has changed is tidied at least this often while the app runs.
LONGEST_WAIT = timedelta(days=1)
#: How often the app looks whether something is due.
LOOK_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class UpkeepRecord:
    """The last runs for a collection's table, noted by the table's name.

    `failure` is why the last one did not do all, "" when it did.
    `seconds` and `version` are the last whole run's: how long it took, and the version it left.
    """

    last_run: datetime | None = None
    seconds: float = 0.0
    version: int = 0
    failure: str = ""
    failed_at: datetime | None = None
    vectors: VectorIndexState = field(default_factory=VectorIndexState)


@dataclass(frozen=True)
class StoreReport:
    """A collection's health and upkeep. `next_run` is None when nothing is to be done.

    `health` is None where `problem` says why the table cannot be opened.
    """

    collection: str
    health: TableHealth | None
    record: UpkeepRecord
    next_run: datetime | None
    problem: str = ""


@dataclass(frozen=True)
class UpkeepRun:
    """What one run did for a collection; `failure` is empty when it did all."""

    collection: str
    before: TableHealth
    after: TableHealth
    seconds: float
    failure: str = ""
    vectors: VectorIndexState = field(default_factory=VectorIndexState)


def pays(health: TableHealth) -> bool:
    """Whether tidying gains more than it costs right after documents were added."""
    bound = min(max(LEAST_UNINDEXED, health.rows // 100), MOST_UNINDEXED)
    grown = health.unindexed_rows >= bound or health.fragments >= MOST_FRAGMENTS
    return grown or health.missing_indexes > 0


def next_run(health: TableHealth, version: int, record: UpkeepRecord, now: datetime) -> datetime | None:
    """When a table is due: now, later, or not at all while nothing changes."""
    if record.last_run is None:
        return now if pays(health) else now + LONGEST_WAIT if health.rows else None
    # After a failure the hour keeps one broken table from being tried every minute.
    soonest = max(now, record.failed_at + KEEP_VERSIONS) if record.failure and record.failed_at else now
    if pays(health):
        return soonest
    if health.versions >= MOST_VERSIONS:
        return max(soonest, record.last_run + KEEP_VERSIONS)
    if version != record.version or health.versions > 2:
        return max(soonest, record.last_run + LONGEST_WAIT)
    return None


class Maintenance:
    """The upkeep of one data folder. Cheap to make; threads and processes share its lease and notes."""

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._store = store
        self._folder = data_dir

    def run(
        self, collections: Iterable[str] | None = None, *, keep: timedelta = KEEP_VERSIONS
    ) -> list[UpkeepRun]:
        """Tidy these collections, or all, now; versions older than `keep` lose their files.

        A collection that fails is reported and noted, the others go on. Raises CollectionNotFound for
        an unknown one, FolderBusy while another process is at it, StoreError when notes cannot be kept.
        """
        names = self._store.collections() if collections is None else list(collections)
        with lease(self._folder, PURPOSE):
            return [self._tidied(self._store.open(name), keep) for name in names]

    def run_due(self, now: datetime) -> list[UpkeepRun]:
        """Tidy the collections that are due; those that cannot be opened are left alone."""
        due = [each for each in self.reports(now) if each.next_run is not None and each.next_run <= now]
        return self.run([each.collection for each in due]) if due else []

    def after_adding(self, table: CollectionTable) -> UpkeepRun | None:
        """Tidy a table after an ingestion if that pays; left to whoever else is at it.

        The documents are safe already, so a failure is noted and logged, never raised.
        """
        try:
            if not pays(table.upkeep.health()):
                return None
            with lease(self._folder, PURPOSE):
                return self._tidied(table, KEEP_VERSIONS)
        except FolderBusy:
            return None
        except (StoreError, RuntimeError, OSError) as error:
            logger.warning("Upkeep of collection %s: %s", table.name, error)
            return None

    def follow_language(self, table: CollectionTable) -> None:
        """Let a table's text indexes read words as the language of its documents asks for.

        Without that, words of another language are not found. A failure is logged, never raised: the
        next run tries again.
        """
        try:
            self._index_words(table)
        except (StoreError, RuntimeError, OSError) as error:
            logger.warning("Text indexes of collection %s: %s", table.name, error)

    def reports(self, now: datetime) -> list[StoreReport]:
        """Health and upkeep of all collections by name; looking changes nothing."""
        records = read_records(self._folder)
        found = []
        for name in self._store.collections():
            record = records.get(self._store.table_name(name), UpkeepRecord())
            try:
                table = self._store.open(name)
                health = table.upkeep.health()
                due = next_run(health, table.version, record, now)
                found.append(StoreReport(name, health, record, due))
            except (AskanceError, RuntimeError, ValueError, OSError) as error:
                found.append(StoreReport(name, None, record, None, str(error)))
        return found

    def _tidied(self, table: CollectionTable, keep: timedelta) -> UpkeepRun:
        before = table.upkeep.health()
        own = self._store.table_name(table.name)
        vectors = read_records(self._folder).get(own, UpkeepRecord()).vectors
        started = time.monotonic()
        try:
            self._index_words(table)
            failure = table.optimize(keep)
            vectors = table.tend_vector_index(vectors)
        except (RuntimeError, ValueError, OSError) as error:
            failure = f"Upkeep of {table.name!r} failed: {error}"
            logger.warning("%s", failure)
        seconds = time.monotonic() - started
        self._note(table, seconds, failure, vectors)
        return UpkeepRun(table.name, before, table.upkeep.health(), seconds, failure, vectors)

    def _index_words(self, table: CollectionTable) -> None:
        """Let the text indexes follow the language of the collection, which its documents decide."""
        wanted = index_for(passages_by_language(self._folder, table.name))
        if table.index_words(wanted):
            logger.info("the text indexes of collection %s are made anew: %s", table.name, wanted)

    def _note(self, table: CollectionTable, seconds: float, failure: str, vectors: VectorIndexState) -> None:
        now = datetime.now(UTC)
        own_name = self._store.table_name(table.name)
        there = {self._store.table_name(name) for name in self._store.collections()}
        records = {name: own for name, own in read_records(self._folder).items() if name in there}
        earlier = records.get(own_name, UpkeepRecord())
        if failure:
            records[own_name] = replace(
                earlier, last_run=now, failure=failure, failed_at=now, vectors=vectors
            )
        else:
            records[own_name] = UpkeepRecord(now, round(seconds, 3), table.version, vectors=vectors)
        _write_records(self._folder, records)


class Schedule:
    """Looks every minute, in a thread of the app, whether maintenance is due.

    `daily` is done at the first look and then once in LONGEST_WAIT.
    """

    def __init__(
        self, open_maintenance: Callable[[], Maintenance], daily: Callable[[], object] = lambda: None
    ) -> None:
        self._open = open_maintenance
        self._daily = daily
        self._daily_due = datetime.now(UTC)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look; the first look comes after one interval, so that it delays no first page."""
        self._thread = threading.Thread(target=self._look, name="maintenance", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done now; waits a few seconds for it."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def look(self) -> list[UpkeepRun]:
        """Do what is due now. What goes wrong is logged; the next look tries again."""
        try:
            now = datetime.now(UTC)
            if now >= self._daily_due:
                self._daily_due = now + LONGEST_WAIT
                self._daily()
            return self._open().run_due(now)
        except FolderBusy as error:
            logger.info("%s", error)
        except AskanceError as error:
            logger.warning("%s", error)
        except Exception:
            # The schedule must outlive any one look; the log has the reason.
            logger.exception("Maintenance failed; it is tried again in %s.", LOOK_EVERY)
        return []

    def _look(self) -> None:
        while not self._stopped.wait(LOOK_EVERY.total_seconds()):
            self.look()


def read_records(data_dir: Path) -> dict[str, UpkeepRecord]:
    """The notes of earlier runs by table; unreadable notes count as none, since they only advise."""
    file = data_dir / STATE_FILE
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return {name: _record_from(own) for name, own in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        logger.warning("%s cannot be read (%s); it is written anew after the next run.", file, error)
        return {}


def _record_from(stored: dict[str, Any]) -> UpkeepRecord:
    moments = {
        name: datetime.fromisoformat(str(stored[name])) if stored[name] else None
        for name in ("last_run", "failed_at")
    }
    return UpkeepRecord(
        last_run=moments["last_run"],
        seconds=float(str(stored["seconds"])),
        version=int(str(stored["version"])),
        failure=str(stored["failure"]),
        failed_at=moments["failed_at"],
        vectors=VectorIndexState(**stored.get("vectors", {})),
    )


def _write_records(data_dir: Path, records: dict[str, UpkeepRecord]) -> None:
    file = data_dir / STATE_FILE
    content = json.dumps(
        {name: asdict(own) for name, own in sorted(records.items())}, default=datetime.isoformat, indent=1
    )
    try:
        handle, temporary = tempfile.mkstemp(dir=data_dir, prefix=f".{STATE_FILE}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        Path(temporary).replace(file)
    except OSError as error:
        raise StoreError(
            f"{file} cannot be written: {error.strerror or error}. Check that disk and folder."
        ) from error
