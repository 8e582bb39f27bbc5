"""A job that disk or another process stopped: its card says why, and going on from there works."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ingest.uploads import given_uploads
from pages.shared import session
from rag.refusals import table_refusal
from rag.settings import load_settings
from rag.store import CollectionTable
from rag.workspace import open_workspace

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


def test_the_card_of_a_job_that_paused_itself_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    workspace = open_workspace(load_settings())

    def full(self: CollectionTable, *_given: object, **_named: object) -> None:
        raise table_refusal(self.name, Path("tables"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    page = AppTest.from_file(MAIN, default_timeout=30)
    with monkeypatch.context() as patched:
        patched.setattr(CollectionTable, "replace_documents", full)
        given = given_uploads([("leave.txt", b"26 weeks.")], workspace.settings.ingest, workspace.blobs)
        job = session.jobs().submit("default", given, label="leave.txt")
        assert session.jobs().wait(job, 60)
    page.run().switch_page("library.py").run()
    assert not page.exception
    said = " ".join(element.value for element in [*page.markdown, *page.warning]).replace("\\", "")
    assert "Paused: leave.txt" in said
    assert "No space left on device" in said
    assert "Free some space on that disk" in said
    page.button(key=f"resume-{job.id}").click().run()
    assert session.jobs().wait(job, 60)
    assert session.jobs().get(job.id).counts == {"added": 1}
    assert not page.run().exception
    assert not page.warning
