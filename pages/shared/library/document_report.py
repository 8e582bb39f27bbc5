"""What is to be known about a document, in sentences and figures. It draws nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from ingest.language import language_name
from ingest.report import EMPTY, GARBLED, WHOLE_TEXT
from pages.shared.figures import counted, date_text, size_text
from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of

FAILED, NO_TEXT, NOTED, READY = "Failed", "No text", "See report", "Ready"
#: Near-duplicates named; the others are counted.
NAMED = 3
#: Pages named; the others are counted.
PAGES_NAMED = 12

Alike = Sequence[tuple[str, float]]


def status_of(record: DocumentRecord, alike: Alike = ()) -> str:
    """The status in plain words."""
    if record.status == "failed":
        return FAILED
    if record.status == "empty":
        return NO_TEXT
    return NOTED if remarks_on(record, alike) else READY


def remarks_on(record: DocumentRecord, alike: Alike = ()) -> list[str]:
    """Sentences: why it failed, or what to beware of; none when all is well."""
    remarks = [record.error] if record.error else []
    remarks += [warning for warning in record.warnings if warning not in record.error]
    empty, garbled = record.report.get(EMPTY, []), record.report.get(GARBLED, [])
    if empty and not any("no text" in remark for remark in remarks):
        remarks.append(f"{_pages(empty)} without text: empty, or scanned.")
    if garbled == [WHOLE_TEXT]:
        remarks.append("The text looks garbled; answers from it cannot be trusted.")
    elif garbled:
        remarks.append(f"{_pages(garbled)} with garbled text; answers from there cannot be trusted.")
    if alike:
        remarks.append(_alike(alike))
    return remarks


def facts_of(record: DocumentRecord) -> dict[str, str]:
    """The figures, with their names."""
    empty, garbled = record.report.get(EMPTY, []), record.report.get(GARBLED, [])
    facts = {
        "Type": kind_of(record.mime_type, record.name),
        "Size": size_text(record.bytes),
        "Language": language_name(record.language) if record.language else "",
        "Pages": f"{record.pages:,}" if record.pages else "",
        "Passages": f"{record.chunks:,}" if record.chunks else "",
        "Tokens": f"{record.tokens:,}" if record.tokens else "",
        "Empty or scanned pages": _listed(empty) if record.pages else "",
        "Garbled text": "",
        "Added": date_text(record.added_at),
    }
    if record.status == "ready":
        facts["Garbled text"] = "all of it" if garbled == [WHOLE_TEXT] else _listed(garbled)
    return {name: value for name, value in facts.items() if value}


def _listed(pages: Sequence[int]) -> str:
    if not pages:
        return "none"
    more = f" and {len(pages) - PAGES_NAMED:,} more" if len(pages) > PAGES_NAMED else ""
    return ("page " if len(pages) == 1 else "pages ") + ", ".join(map(str, pages[:PAGES_NAMED])) + more


def _pages(pages: Sequence[int]) -> str:
    named = ", ".join(map(str, pages[:PAGES_NAMED]))
    return f"{counted(len(pages), 'page')} ({named}{', …' if len(pages) > PAGES_NAMED else ''})"


def _alike(alike: Alike) -> str:
    named = ", ".join(f"{PurePosixPath(name).name} ({share:.0%})" for name, share in alike[:NAMED])
    more = f" and {len(alike) - NAMED:,} more" if len(alike) > NAMED else ""
    return f"Nearly the same text as {named}{more}."
