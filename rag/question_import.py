"""Questions out of files, made a part of a question set; and what became of those that could not be.

Documents are looked up by name, passages in their text. Nothing is kept here: what cannot be found is told in
words, with what to do, by `Imported.notes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat

from rag.catalog import Catalog, DocumentRecord
from rag.document_names import DocumentNames, listed
from rag.errors import QuestionsError
from rag.judgements import QUOTE
from rag.question_sets import NOT, JudgedQuestion, Judgement
from rag.questions import Question, Unit, judged_units

#: Why questions are left out.
NO_WORDS = "without words"
UNANSWERABLE = "marked as having no answer"
NO_DOCUMENT = "no document named that answers"
#: A passage that stands in more places than this is too short to tell where the answer is.
TELLING_PLACES = 5
#: Characters shown of a passage that is not found.
SHOWN = 60


@dataclass(frozen=True)
class Imported:
    """Questions made ready, and what could not be found.

    `lines` of the files said something of a question; those of the same words are one. `left_out` counts
    questions by why. `absent` are names of documents that the collection lacks, `unclear`
    those that it has several of, `named` how many names there are. `not_found` are passages with the document
    that they are not in, `beyond` pages with the document that does not have them; `common` counts passages
    that stand in many places.
    """

    questions: tuple[JudgedQuestion, ...]
    lines: int
    left_out: Counter[str]
    named: int
    absent: tuple[str, ...]
    unclear: tuple[str, ...]
    not_found: tuple[tuple[str, str], ...]
    beyond: tuple[tuple[int, str], ...]
    common: int

    @property
    def taken(self) -> str:
        """How many questions were taken, in a sentence."""
        more = self.lines - len(self.questions)
        return f"{_counted(len(self.questions), 'question')} imported" + (
            f"; {_counted(more, 'line')} said more of the same." if more else "."
        )

    @property
    def notes(self) -> list[str]:
        """What was left out or not found, with what to do about it; empty when nothing was."""
        told = [f"{_counted(count, 'question')} left out: {why}." for why, count in self.left_out.items()]
        if self.absent:
            told.append(
                f"{_counted(len(self.absent), 'document')} not in this collection, of {self.named:,} named: "
                f"{listed(self.absent)}. No setting finds what is not there: add it under that name, or "
                "correct the file and import it again."
            )
        if self.unclear:
            told.append(
                f"{_counted(len(self.unclear), 'name')} of several documents: {listed(self.unclear)}. Give "
                "more of the path in the file, and import it again."
            )
        if self.not_found:
            passage, document = self.not_found[0]
            told.append(
                f"{_counted(len(self.not_found), 'passage')} not found in the text of the document"
                f"{_first(self.not_found)} “{_shortened(passage)}” of {document!r}. There any place counts "
                "as right: quote to the letter, or name the page, and import the file again."
            )
        if self.beyond:
            page, document = self.beyond[0]
            told.append(
                f"{_counted(len(self.beyond), 'page')} not in the document{_first(self.beyond)} page {page} "
                f"of {document!r}. The passage counts instead, or else the whole document. Pages are counted "
                "from 1, whatever is printed on them; text and Word files have none."
            )
        if self.common:
            told.append(
                f"{_counted(self.common, 'passage')} in more than {TELLING_PLACES} places of a document: any "
                "of them counts. Quote more to be exact."
            )
        return told


def judged_from(
    questions: Sequence[Question],
    *,
    collection: str,
    catalog: Catalog,
    document_text: Callable[[str], str],
) -> Imported:
    """Imported questions with their gold as judgements; those without an answer are left out.

    A document that the collection does not hold is kept by name and counts as not found; a passage that
    its document does not hold makes the whole document right. Raises QuestionsError when no question is left.
    """
    documents = _Documents(catalog.documents(collection))
    made: dict[str, list[Judgement]] = {}
    lines: Counter[str] = Counter()
    sought: set[str] = set()
    left_out: Counter[str] = Counter()
    not_found: list[tuple[str, str]] = []
    beyond: dict[tuple[int, str], None] = {}
    common = 0
    for question in questions:
        reason = _why_not(question)
        if reason:
            left_out[reason] += 1
            continue
        units = judged_units(question, documents.resolve, document_text, documents.has_page)
        # What does not answer is kept where it is here: it may take the place of an earlier grade.
        kept = [unit for unit in units if unit.gain > 0 or documents.has(unit.document_id)]
        lines[question.text] += 1
        grades = question.grades or repeat(1.0)
        sought |= {name for name, grade in zip(question.documents, grades, strict=False) if grade > NOT}
        made.setdefault(question.text, []).extend(
            _from_unit(unit, documents.name, document_text) for unit in kept
        )
        here = [unit for unit in units if documents.has(unit.document_id)]
        if here and all(unit.page is None for unit in here):
            name = documents.name(here[0].document_id)
            beyond |= {(page, name): None for page in question.pages if not documents.is_all(name, page)}
            if question.gold_text and all(unit.span is None for unit in here):
                not_found.append((question.gold_text, name))
        common += any(len(unit.elsewhere) >= TELLING_PLACES for unit in here)
    # A line may say that a document does not answer what others of the same question say.
    wrong = [text for text, judged in made.items() if all(own.grade <= NOT for own in judged)]
    for text in wrong:
        del made[text]
        left_out[NO_DOCUMENT] += 1
    if not made:
        why = "; ".join(f"{_counted(count, 'question')}: {reason}" for reason, count in left_out.items())
        raise QuestionsError(
            "None of these questions names a document that answers it. Each needs a question and a document "
            f"({why})."
        )
    return Imported(
        tuple(JudgedQuestion(text, "imported", _told_once(judged)) for text, judged in made.items()),
        sum(lines[text] for text in made),
        left_out,
        len(sought),
        tuple(name for name in documents.absent if name in sought),
        tuple(name for name in documents.unclear if name in sought),
        tuple(not_found),
        tuple(beyond),
        common,
    )


class _Documents:
    """The documents of a collection, by the names that files have for them."""

    def __init__(self, records: Sequence[DocumentRecord]) -> None:
        self._records = {own.name: own for own in records if own.document_id}
        self._by_id = {own.document_id: own for own in self._records.values()}
        self._names = DocumentNames(self._records)
        self._known: dict[str, str | None] = {}
        self.absent: list[str] = []
        self.unclear: list[str] = []

    def resolve(self, name: str) -> str | None:
        if name not in self._known:
            meant = {self._records[own].document_id for own in self._names.meant(name)}
            if len(meant) != 1:
                (self.unclear if meant else self.absent).append(name)
            self._known[name] = meant.pop() if len(meant) == 1 else None
        return self._known[name]

    def has(self, document_id: str) -> bool:
        return document_id in self._by_id

    def name(self, document_id: str) -> str:
        own = self._by_id.get(document_id)
        return own.name if own else document_id.removeprefix("missing:")

    def has_page(self, document_id: str, page: int) -> bool:
        """Whether a passage may be on that page; one page, as files without pages have, is all of it."""
        return 1 <= page <= self._by_id[document_id].pages > 1

    def is_all(self, name: str, page: int) -> bool:
        return page == self._records[name].pages == 1


def _why_not(question: Question) -> str:
    if not question.text.strip():
        return NO_WORDS
    if not question.answerable:
        return UNANSWERABLE
    if not question.documents:
        return NO_DOCUMENT
    return ""


def _told_once(judged: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """The last judgement of each place, and none of a whole document beside one of a place in it."""
    last = {own.place: own for own in judged}.values()
    return tuple(own for own in last if not any(other.says_more_than(own) for other in last))


def _from_unit(unit: Unit, name_of: Callable[[str], str], document_text: Callable[[str], str]) -> Judgement:
    start, end = unit.span or (None, None)
    quote = document_text(unit.document_id)[start:end][:QUOTE] if unit.span else ""
    return Judgement(
        document=name_of(unit.document_id),
        document_id=unit.document_id,
        page=unit.page,
        start=start,
        end=end,
        answers=unit.answers,
        grade=unit.gain,
        quote=quote,
        elsewhere=unit.elsewhere,
    )


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"


def _first(found: Sequence[object]) -> str:
    return ":" if len(found) == 1 else ", the first:"


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
