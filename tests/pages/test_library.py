"""The library page: documents come in, are listed and found, what failed stays visible, and they can go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from corpus import TEXTS, fill
from documents import encrypted_pdf, pdf_with_text
from streamlit.testing.v1 import AppTest

from ingest.jobs import Jobs
from ingest.uploads import given_uploads
from pages.shared import session
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("light_embedder")

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


@pytest.fixture
def workspace() -> Workspace:
    return open_workspace(load_settings())


def opened() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=30).run().switch_page("library.py").run()


def finished(page: AppTest) -> AppTest:
    """The page once the jobs that it has started have ended."""
    for job in session.jobs().jobs():
        assert session.jobs().wait(job, 60)
    page.run()
    assert not page.exception
    return page


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    page.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    return finished(page)


def texts(elements: Any) -> str:
    return "\n".join(element.value for element in elements).replace("\\", "").replace("\u2060", "")


def said(page: AppTest) -> str:
    return texts([*page.markdown, *page.caption, *page.success, *page.error, *page.info, *page.warning])


def listed(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Name"])


def choose(page: AppTest, *rows: int) -> AppTest:
    selection = {"rows": list(rows), "columns": [], "cells": []}
    page.session_state[page.dataframe[0].key] = {"selection": selection}
    return page.run()


def test_empty_it_says_what_can_be_added() -> None:
    page = opened()
    assert not page.exception
    assert "They stay on this computer" in said(page)
    assert "PDF, Word" in said(page)


def test_uploads_are_taken_in_once_and_failures_stay_listed(workspace: Workspace) -> None:
    page = upload(opened(), ("leave.txt", b"Parental leave lasts 26 weeks."), ("broken.pdf", b"%PDF-1.7\nno"))
    assert sorted(listed(page)) == ["broken.pdf", "leave.txt"]
    assert "1 file could not be read" in said(page)
    assert "broken.pdf" in said(page)
    # What is there can be asked about all the same.
    assert "Ask about them" in [button.label for button in page.button]
    # Running the page again takes nothing in a second time.
    page.run()
    assert len(session.jobs().jobs("default")) == 1
    assert {record.name: record.status for record in workspace.catalog.documents("default")} == {
        "broken.pdf": "failed",
        "leave.txt": "ready",
    }


def test_the_samples_come_with_one_click(workspace: Workspace) -> None:
    page = opened()
    page.button(key="library-samples").click().run()
    finished(page)
    assert len(listed(page)) == 5
    assert {record.status for record in workspace.catalog.documents("default")} == {"ready"}
    assert "5 documents added" in said(page)


def test_documents_are_searched_opened_and_deleted(workspace: Workspace) -> None:
    fill(workspace)
    page = opened()
    assert sorted(listed(page)) == sorted(TEXTS)
    page.text_input(key="library-search").set_value("leave").run()
    assert listed(page) == ["staff/leave.txt"]
    choose(page, 0)
    assert "1 passage" in said(page)
    page.button(key="open-document").click().run()
    assert not page.exception
    choose(page, 0)
    page.button(key="delete-documents").click().run()
    page.button(key="delete-confirmed").click().run()
    assert not page.exception
    assert "staff/leave.txt" not in [record.name for record in workspace.catalog.documents("default")]
    assert workspace.table("default").count() > 0


def test_documents_are_read_again_from_their_kept_originals(workspace: Workspace) -> None:
    fill(workspace)
    page = opened()
    choose(page, 0)
    page.button(key="read-again").click().run()
    finished(page)
    assert "1 read again" in said(page)
    assert len(listed(page)) == len(TEXTS)


def test_a_protected_pdf_asks_for_its_password(workspace: Workspace) -> None:
    page = upload(opened(), ("secret.pdf", encrypted_pdf("The safe is behind the mirror.", "sesame")))
    assert "password" in said(page).lower()
    [field] = [own for own in page.text_input if own.label == "Password of this file"][:1]
    field.set_value("sesame")
    [send] = [own for own in page.button if own.label == "Open with it"][:1]
    send.click().run()
    finished(page)
    assert {record.status for record in workspace.catalog.documents("default")} == {"ready"}


def test_a_language_the_embedder_does_not_know_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "minilm")
    german = (
        "Die Sicherheitsventile werden einmal im Jahr von einem Fachbetrieb geprüft und danach versiegelt. "
    )
    page = upload(opened(), ("ventil.txt", (german * 3).encode()))
    assert "German" in " ".join(page.dataframe[0].value["Report"])


def test_a_folder_of_this_computer(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "leave.txt").write_text("Parental leave lasts 26 weeks.")
    page = opened()
    page.segmented_control(key="way-to-add").set_value("Folder on this computer").run()
    [path] = [own for own in page.text_input if own.label.startswith("Path of a folder")]
    path.set_value(str(folder))
    [add] = [own for own in page.button if own.label == "Add"]
    add.click().run()
    finished(page)
    assert listed(page) == ["leave.txt"]


def test_collections_are_made_and_deleted_with_their_name_typed(workspace: Workspace) -> None:
    fill(workspace, {"a.txt": "Some words here."}, collection="contracts")
    page = opened()
    page.selectbox[0].select("contracts").run()
    assert listed(page) == ["a.txt"]
    [typed] = [own for own in page.text_input if own.label.startswith("Delete")]
    [delete] = [own for own in page.button if own.label == "Delete collection"]
    typed.set_value("contract")
    delete.click().run()
    assert "Nothing was deleted" in said(page)
    [typed] = [own for own in page.text_input if own.label.startswith("Delete")]
    [delete] = [own for own in page.button if own.label == "Delete collection"]
    typed.set_value("contracts")
    delete.click().run()
    assert not page.exception
    assert "contracts" not in workspace.store.collections()


def test_a_paused_job_waits_for_a_click(workspace: Workspace) -> None:
    jobs = Jobs(workspace)
    given = given_uploads([("leave.txt", b"26 weeks.")], workspace.settings.ingest, workspace.blobs)
    job = jobs.submit("default", given, label="leave.txt")
    assert jobs.pause(job)
    page = opened()
    assert "Paused: leave.txt" in said(page)
    page.button(key=f"resume-{job.id}").click().run()
    finished(page)
    assert listed(page) == ["leave.txt"]
    assert "1 document added" in said(page)


def test_tags_and_notes_are_kept_found_and_filtered_by(workspace: Workspace) -> None:
    fill(workspace)
    workspace.catalog.set_tags("default", "boiler.md", ["machines"])
    page = opened()
    page.multiselect(key="library-tags").select("machines").run()
    assert listed(page) == ["boiler.md"]
    choose(page, 0)
    [note] = [own for own in page.text_area if own.label == "Note"]
    note.set_value("Ask *Ines* first.")
    [save] = [own for own in page.button if own.label == "Save"]
    save.click().run()
    assert not page.exception
    assert workspace.catalog.resolve("default", "boiler.md").notes == "Ask *Ines* first."
    page.multiselect(key="library-tags").unselect("machines").run()
    page.text_input(key="library-search").set_value("ines").run()
    assert listed(page) == ["boiler.md"]


def test_many_are_tagged_and_deleted_at_once(workspace: Workspace) -> None:
    fill(workspace)
    page = opened()
    page.checkbox(key="choose-all").check().run()
    assert f"{len(TEXTS)} documents chosen" in said(page)
    page.button(key="delete-documents").click().run()
    page.button(key="delete-confirmed").click().run()
    assert not page.exception
    assert workspace.catalog.documents("default") == []
    assert workspace.table("default").count() == 0


def test_the_report_names_near_duplicates_and_pages_without_text(workspace: Workspace) -> None:
    words = " ".join(f"word{number}" for number in range(200))
    fill(workspace, {"first.txt": words, "second.txt": f"{words} more"})
    page = upload(opened(), ("scan.pdf", pdf_with_text(["Some words on a page.", ""])))
    page.multiselect(key="library-statuses").select("Nearly the same as another").run()
    assert sorted(listed(page)) == ["first.txt", "second.txt"]
    page.multiselect(key="library-statuses").set_value(["Empty pages"]).run()
    assert listed(page) == ["scan.pdf"]
    page.multiselect(key="library-statuses").set_value([]).run()
    page.text_input(key="library-search").set_value("first").run()
    choose(page, 0)
    assert "Nearly the same text as second.txt" in said(page)


def test_a_collection_gets_another_name(workspace: Workspace) -> None:
    fill(workspace)
    page = opened()
    page.text_input(key="new-name-default").set_value("House & garden")
    [rename] = [own for own in page.button if own.label == "Rename"]
    rename.click().run()
    assert not page.exception
    assert sorted(listed(page)) == sorted(TEXTS)
    assert workspace.store.collections() == ["House & garden"]


def test_changed_settings_offer_to_read_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(workspace)
    assert "read with other settings" not in said(opened())
    monkeypatch.setenv("ASKANCE_CHUNKING_MAX_TOKENS", "64")
    page = opened()
    assert "These documents were read with other settings" in said(page)
    page.button(key="read-collection-again").click().run()
    under_way = session.rereadings().of("default")
    assert under_way is not None
    assert under_way.ended.wait(60)
    page.run()
    assert f"{len(TEXTS)} documents read again" in said(page)
    assert "other settings" not in said(page)
    session.rereadings().forget("default")


def test_an_archive_with_a_password_asks_once_for_all_that_is_in_it(workspace: Workspace) -> None:
    from io import BytesIO

    import pyzipper

    stream = BytesIO()
    with pyzipper.AESZipFile(stream, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"open sesame")
        for number in range(3):
            archive.writestr(f"{number}.txt", f"Text number {number}.")
    page = upload(opened(), ("locked.zip", stream.getvalue()))
    fields = [field for field in page.text_input if field.label == "Password of this file"]
    assert len(fields) == 1
    fields[0].set_value("open sesame")
    next(button for button in page.button if button.label == "Open with it").click().run()
    finished(page)
    assert sorted(record.status for record in workspace.catalog.documents("default")) == ["ready"] * 3


def test_one_document_is_asked_in_a_new_chat_with_its_chip(workspace: Workspace) -> None:
    fill(workspace)
    page = opened()
    page = choose(page, next(row for row, name in enumerate(listed(page)) if name.endswith("leave.txt")))
    assert page.button(key="ask-document").label == "Ask this document"
    page.button(key="ask-document").click().run()
    # A page is changed for the browser; a test follows by itself.
    page.switch_page("chat.py").run()
    assert not page.exception
    assert any("leave.txt" in button.label.replace("\\", "") for button in page.button)
    page.chat_input[0].set_value("relief valve boiler").run()
    [conversation] = workspace.history.conversations()
    [turn] = workspace.history.turns(conversation.id)
    assert turn.details["documents"] == ["staff/leave.txt"]
