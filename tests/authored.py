"""Documents that say who wrote them and when, or do not, for tests of filters."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

from documents import docx_with, pdf_with_text

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.workspace import Workspace

PUMP = "Pump P-118B feeds the east wing"


def authored() -> dict[str, bytes]:
    """By name: six documents about one pump, each in another format."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Tomas Okoye <tomas@works.example>", "Pump"
    mail["Date"] = "Mon, 04 Mar 2024 08:00:00 +0000"
    mail.set_content(f"{PUMP}, says the mail.\n")
    return {
        "survey.pdf": pdf_with_text(
            [f"{PUMP}, page {number} of the survey." for number in range(1, 6)],
            information="/Author(Ines Marchetti; Jos\xe9 Ortiz)/CreationDate(D:20230517101500Z)",
        ),
        "plan.docx": docx_with(
            [("Normal", f"{PUMP}, says the plan.")],
            author="O'Brien, Pat",
            created=datetime(2022, 12, 31, 12, tzinfo=UTC),
        ),
        "note.eml": mail.as_bytes(),
        "page.html": (
            '<html><head><meta name="Author" content="Ines Marchetti">'
            '<meta property="article:published_time" content="2024-03-05T09:00:00Z"></head>'
            f"<body><p>{PUMP}, says the page.</p></body></html>"
        ).encode(),
        "memo.md": f"---\nauthor: Li Wei\ndate: 2023-05-17\n---\n\n{PUMP}, says the memo.\n".encode(),
        "plain.txt": f"{PUMP}, says a file that names nobody.".encode(),
    }


def add_authored(workspace: Workspace, collection: str = "default") -> None:
    """Put them into a collection; every one must arrive."""
    sources = [
        source
        for name, data in authored().items()
        for source in bytes_source(name, data, workspace.settings.ingest)
    ]
    results = list(Pipeline(collection, workspace).run(sources))
    assert {result.status for result in results} == {"added"}
