"""Where the judged places of a question stand today: documents get new versions and are read otherwise.

A place is known by its words. What is no longer in its document is dropped rather than put anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.catalog import Catalog
from rag.question_sets import NOT, JudgedQuestion, Judgement
from rag.questions import Unit, located


def units_of(
    question: JudgedQuestion, *, collection: str, catalog: Catalog, document_text: Callable[[str], str]
) -> tuple[Unit, ...]:
    """What must be found for a question: its judgements that say relevant or partly.

    Where a document was replaced by another version, or is read otherwise since, its passage is looked for
    by its words. Where these are gone, the page counts if the file is the same, for its pages are, too;
    otherwise there is no unit. A document that was removed leaves its unit, as one not found.
    """
    right = [own for own in question.judgements if own.grade > NOT]
    here = catalog.by_document_ids(collection, {own.document_id for own in right})
    units = []
    for own in right:
        if own.document_id in here:
            current = _where_it_stands(own, document_text) or _by_page(own)
        else:
            current = _in_newer_version(own, collection, catalog, document_text)
        if current is not None:
            units.append(_unit(current))
    return tuple(units)


def lost_from(question: JudgedQuestion, units: tuple[Unit, ...]) -> int:
    """How many places of a question are no longer in their documents, `units_of` being what is left."""
    return sum(own.grade > NOT for own in question.judgements) - len(units)


def lost_text(count: int) -> str:
    """How many passages are no longer in their documents, and what to do, in a sentence; "" for none."""
    if not count:
        return ""
    passages = (
        "1 passage of the questions is no longer in its document"
        if count == 1
        else f"{count:,} passages of the questions are no longer in their documents"
    )
    return (
        f"{passages}, and not asked for; a question with no other is left out. Mark the passages anew, or "
        "import the questions again."
    )


def _by_page(own: Judgement) -> Judgement | None:
    if own.page is None:
        return None
    return replace(own, start=None, end=None, answers=(), elsewhere=())


def _in_newer_version(
    own: Judgement, collection: str, catalog: Catalog, document_text: Callable[[str], str]
) -> Judgement | None:
    newer = catalog.get(collection, own.document)
    if newer is None or not newer.document_id:
        return own
    if own.start is not None and not own.quote.strip():
        # Offsets of the other version, and no words to know the place by.
        return None
    return _where_it_stands(replace(own, document_id=newer.document_id), document_text)


def _where_it_stands(own: Judgement, document_text: Callable[[str], str]) -> Judgement | None:
    """The judgement at the place of its quote nearest to where that was; None where it stands nowhere."""
    if own.start is None or own.end is None or not own.quote.strip():
        return own
    text = document_text(own.document_id)
    begins = [own.start, *(start for start, _ in own.elsewhere)]
    if not text or all(_reads(text, place, own.quote) for place in begins):
        return own
    places = [place for place, _ in located(own.quote, text)]
    if not places:
        return None
    length = own.end - own.start
    start = min(places, key=lambda place: abs(place - begins[0]))
    others = [(place, place + length) for place in places if place != start] if own.elsewhere else []
    return replace(own, start=start, end=start + length, answers=(), elsewhere=tuple(others))


def _reads(text: str, place: int, quote: str) -> bool:
    return text[place : place + len(quote)].split() == quote.split()


def _unit(own: Judgement) -> Unit:
    if own.start is None or own.end is None:
        return Unit(own.document_id, own.page, gain=own.grade)
    span = own.start, own.end
    return Unit(own.document_id, None, span, own.answers, own.grade, own.elsewhere)
