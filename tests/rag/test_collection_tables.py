"""Names that change over tables that stay, and a collection's second table while it is read again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from corpus import fill

from rag.catalog import DocumentRecord
from rag.collection_tables import RETIRED, REVISION
from rag.database import DATABASE_FILE, close_databases, open_database, utc_now, write
from rag.errors import CollectionNotFound, StoreError
from rag.job_tables import JobRow
from rag.kept_versions import restore_version
from rag.maintenance import Maintenance
from rag.retrieve import retrieve
from rag.workspace import Workspace, open_workspace


def found(workspace: Workspace, collection: str) -> list[str]:
    table = workspace.table(collection)
    return [hit.chunk.document for hit in retrieve("leave", table=table, settings=workspace.settings).hits]


def test_a_renamed_collection_keeps_its_table_documents_and_conversations(workspace: Workspace) -> None:
    fill(workspace, {"leave.txt": "Parental leave lasts 26 weeks."})
    conversation = workspace.history.start("default")
    workspace.tables.rename("default", "Personnel, 2024 – Übersicht")
    assert found(workspace, "Personnel, 2024 – Übersicht") == ["leave.txt"]
    assert workspace.store.collections() == ["Personnel, 2024 – Übersicht"]
    assert not workspace.catalog.has_collection("default")
    assert workspace.history.get(conversation.id).collection == "Personnel, 2024 – Übersicht"
    # More documents go into the same table.
    fill(workspace, {"more.txt": "Sick leave."}, collection="Personnel, 2024 – Übersicht")
    assert len(found(workspace, "Personnel, 2024 – Übersicht")) == 2


def test_a_name_that_became_free_gets_a_table_of_its_own(workspace: Workspace) -> None:
    fill(workspace, {"old.txt": "Parental leave lasts 26 weeks."})
    workspace.tables.rename("default", "archive")
    with pytest.raises(CollectionNotFound):
        workspace.table("default")
    fill(workspace, {"new.txt": "Annual leave lasts 6 weeks."})
    assert found(workspace, "default") == ["new.txt"]
    assert found(workspace, "archive") == ["old.txt"]
    workspace.store.drop("default")
    assert found(workspace, "archive") == ["old.txt"]


def test_what_is_said_of_a_renamed_table_names_the_collection_as_it_is_now(workspace: Workspace) -> None:
    fill(workspace, {"leave.txt": "Parental leave lasts 26 weeks."})
    maintenance = Maintenance(workspace.store, workspace.settings.data_dir)
    [run] = maintenance.run()
    workspace.tables.rename("default", "personnel")
    table = workspace.table("personnel")
    assert (table.name, table.count()) == ("personnel", 1)
    assert workspace.table("personnel") is table
    with pytest.raises(StoreError, match=r"rag tag NAME --collection personnel$"):
        restore_version(workspace, "personnel", "spring")
    # What was done for the table is still known, and what is done now is noted for it.
    [report] = maintenance.reports(utc_now())
    assert (report.collection, report.record.seconds) == ("personnel", round(run.seconds, 3))
    [again] = maintenance.run()
    [report] = maintenance.reports(utc_now())
    assert (again.collection, report.record.seconds) == ("personnel", round(again.seconds, 3))
    # More documents are added under the new name, too.
    assert workspace.store.open_or_create("personnel").name == "personnel"


def test_names_that_cannot_be_given(workspace: Workspace) -> None:
    fill(workspace)
    workspace.catalog.create_collection("taken")
    for name in ("taken", "", "  ", "x" * 101, "two\nlines", "-x"):
        with pytest.raises(StoreError):
            workspace.tables.rename("default", name)
    with pytest.raises(CollectionNotFound, match="'nowhere'"):
        workspace.tables.rename("nowhere", "somewhere")
    assert workspace.store.collections() == ["default"]


def test_a_collection_is_not_renamed_while_documents_are_added(workspace: Workspace) -> None:
    fill(workspace)
    job = JobRow(
        id="1", position=1, collection="default", label="", force=False, state="running", wish="", error="",
        holder="", reserved_for="", files=0, counts={}, pages=0, chunks=0, fraction=0.0, seconds=0.0,
        chunks_a_second=0.0, created_at=utc_now(),
    )  # fmt: skip
    engine = open_database(workspace.settings.data_dir)
    write(engine, lambda session: session.add(job))
    with pytest.raises(StoreError, match="being added"):
        workspace.tables.rename("default", "other")


def test_tables_of_older_data_folders_are_found_again(workspace: Workspace) -> None:
    """Before the third migration a table had the name of its collection."""
    fill(workspace, {"leave.txt": "Parental leave."})
    close_databases()
    with sqlite3.connect(workspace.settings.data_dir / DATABASE_FILE) as database:
        for table, columns in {
            "collections": ("table_name", "purpose", "revises"),
            "documents": ("notes", "tokens", "report", "signature", "authors", "dated"),
            "turns": ("parent_id", "chosen", "judgement"),
        }.items():
            for column in columns:
                database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in (
            "evaluation_lines",
            "evaluations",
            "set_questions",
            "question_sets",
            "waiting_questions",
        ):
            database.execute(f"DROP TABLE {table}")
        database.execute("UPDATE alembic_version SET version_num = '0002'")
    database.close()
    again = open_workspace(replace(workspace.settings))
    again = replace(again, tables=type(again.tables)(open_database(again.settings.data_dir)))
    assert again.tables.table_of("default") == "default"


def test_swapping_exchanges_tables_and_readings_and_keeps_what_people_wrote(workspace: Workspace) -> None:
    fill(workspace, {"a.txt": "One."})
    workspace.catalog.set_tags("default", "a.txt", ["kept"])
    workspace.catalog.set_notes("default", "a.txt", " Ask Ada. ")
    hidden = workspace.tables.begin_revision("default")
    assert workspace.tables.begin_revision("default") == hidden
    assert [each.name for each in workspace.catalog.collections()] == ["default"]
    before = workspace.tables.table_of("default")
    assert workspace.tables.swap("default", hidden) is False
    old = workspace.catalog.resolve("default", "a.txt")
    reading = DocumentRecord(hidden, "a.txt", old.document_id, chunks=7, recipe="other")
    workspace.catalog.put(reading)
    assert workspace.tables.swap("default", hidden) is True
    now = workspace.catalog.resolve("default", "a.txt")
    assert (now.chunks, now.recipe, now.tags, now.notes) == (7, "other", ("kept",), "Ask Ada.")
    assert workspace.tables.table_of("default") == hidden
    assert workspace.tables.table_of(hidden) == before
    assert [(each.revises, each.purpose) for each in workspace.tables.hidden()] == [("default", RETIRED)]
    with pytest.raises(CollectionNotFound):
        workspace.tables.swap("default", hidden)
    assert REVISION not in {each.purpose for each in workspace.tables.hidden("default")}
