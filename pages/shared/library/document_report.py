"""What is to be known about a document, in sentences and figures. It draws nothing and reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from ingest.language import language_name
from ingest.page_numbers import pages_in_words
from ingest.report import EMPTY, GARBLED, SCANNED, WHOLE_TEXT
from pages.shared.figures import counted, date_text, size_text
from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of

FAILED, NO_TEXT, NOTED, READY = "Failed", "No text", "See report", "Ready"
#: Near-duplicates named; the others are counted.
NAMED = 3

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
    scanned, garbled = record.report.get(SCANNED, []), record.report.get(GARBLED, [])
    if scanned and not any("scan" in remark or "picture" in remark for remark in remarks):
        remarks.append(f"{_share(scanned, record)} scanned and could not be read: {pages_in_words(scanned)}.")
    if garbled == [WHOLE_TEXT]:
        remarks.append("The text looks garbled; answers from it cannot be trusted.")
    elif garbled:
        which = pages_in_words(garbled)
        remarks.append(f"The text of {which} looks garbled; answers from there cannot be trusted.")
    if alike:
        remarks.append(_alike(alike))
    return remarks


def facts_of(record: DocumentRecord) -> dict[str, str]:
    """The figures, with their names."""
    garbled = record.report.get(GARBLED, [])
    facts = {
        "Type": kind_of(record.mime_type, record.name),
        "Size": size_text(record.bytes),
        "Language": language_name(record.language) if record.language else "",
        "Pages": f"{record.pages:,}" if record.pages else "",
        "Passages": f"{record.chunks:,}" if record.chunks else "",
        "Tokens": f"{record.tokens:,}" if record.tokens else "",
        "Empty pages": _listed(record.report.get(EMPTY, [])) if record.pages else "",
        "Scanned pages": _listed(record.report.get(SCANNED, [])) if record.pages else "",
        "Garbled text": "",
        "Added": date_text(record.added_at),
    }
    if record.status == "ready":
        facts["Garbled text"] = "all of it" if garbled == [WHOLE_TEXT] else _listed(garbled)
    return {name: value for name, value in facts.items() if value}


def _listed(pages: Sequence[int]) -> str:
    return pages_in_words(pages) if pages else "none"


def _share(pages: Sequence[int], record: DocumentRecord) -> str:
    return f"{len(pages):,} of {counted(record.pages, 'page')} {'was' if len(pages) == 1 else 'were'}"


def _alike(alike: Alike) -> str:
    named = ", ".join(f"{PurePosixPath(name).name} ({share:.0%})" for name, share in alike[:NAMED])
    more = f" and {len(alike) - NAMED:,} more" if len(alike) > NAMED else ""
    return f"Nearly the same text as {named}{more}."
