"""Which documents a scope names, and which it leaves out because they say nothing of what it asks for.

It looks at records of the catalog alone; which passages are found is decided in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of
from rag.types import Scope

#: Kinds whose passages know their page, slide or sheet.
PAGED_KINDS = ("PDF", "Slides", "Spreadsheet", "Image")
#: What a document may not say of itself: in words, whether it says it, and a scope's parts that ask for it.
_SAID: tuple[tuple[str, Callable[[DocumentRecord], bool], tuple[str, ...]], ...] = (
    ("an author", lambda record: bool(record.authors), ("authors",)),
    ("a date", lambda record: record.dated is not None, ("since", "until")),
    ("pages", lambda record: has_pages(record), ("first_page", "last_page")),
)


def has_pages(record: DocumentRecord) -> bool:
    """Whether the document's passages stand on pages, slides or sheets."""
    return kind_of(record.mime_type, record.name) in PAGED_KINDS


def fits(record: DocumentRecord, scope: Scope) -> bool:
    """Whether some of the document's passages may be in the scope, which gives names whole."""
    return (
        (not scope.documents or record.name in scope.documents)
        and (not scope.tags or bool(set(scope.tags) & set(record.tags)))
        and (not scope.kinds or kind_of(record.mime_type, record.name) in scope.kinds)
        and (not scope.authors or bool(set(scope.authors) & set(record.authors)))
        and _dated_within(record, scope)
        and _reaches_pages(record, scope)
    )


def left_out(records: Sequence[DocumentRecord], scope: Scope) -> list[str]:
    """Sentences that count the documents which would fit, did they say their author, date or pages."""
    said = []
    empty = Scope()
    for what, says, parts in _SAID:
        without = replace(scope, **{part: getattr(empty, part) for part in parts})
        if without != scope:
            count = sum(not says(record) and fits(record, without) for record in records)
            if count:
                said.append(
                    f"1 document without {what} is left out."
                    if count == 1
                    else f"{count:,} documents without {what} are left out."
                )
    return said


def _dated_within(record: DocumentRecord, scope: Scope) -> bool:
    if scope.since is None and scope.until is None:
        return True
    if record.dated is None:
        return False
    return (scope.since or record.dated) <= record.dated <= (scope.until or record.dated)


def _reaches_pages(record: DocumentRecord, scope: Scope) -> bool:
    if scope.first_page is None and scope.last_page is None:
        return True
    first = scope.first_page or 1
    return has_pages(record) and record.pages >= first <= (scope.last_page or first)
