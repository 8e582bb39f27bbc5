"""What a person thinks of the passages found for a question: relevant, partly or not.

Grades go into the collection's own question set. They belong to a place in a document, so a passage that
was cut otherwise since has the grade of the one that it was. Nothing here searches.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import QuestionsError
from rag.judgements import QUOTE
from rag.question_sets import GRADES, Judgement, QuestionSets, grade_name
from rag.questions import Unit
from rag.types import Chunk, Citation

#: The name of the set that marking passages builds.
OWN_SET = "My questions"


def grades_of(sets: QuestionSets, collection: str, question: str, passages: Sequence[Citation]) -> list[str]:
    """The grade of each passage for the question, a key of GRADES, or "" for one without."""
    judgements = sets.judgements(collection, OWN_SET, question)
    return [_grade(judgements, passage) for passage in passages]


def grade_passage(sets: QuestionSets, collection: str, question: str, passage: Citation, grade: str) -> None:
    """Keep a grade (a key of GRADES), in place of an earlier one; "" takes it back.

    Raises QuestionsError for another grade.
    """
    if grade and grade not in GRADES:
        raise QuestionsError(f"{grade!r} is no grade. Choose one of: {', '.join(GRADES)}.")
    known = sets.judgements(collection, OWN_SET, question)
    about = [own for own in known if _is_about(own, passage)]
    # The grade of a passage of which this is a small part says more than this one; to be taken back, any may.
    replaced = [own.place for own in about if not grade or _covers(passage, own)]
    if replaced:
        sets.forget(collection, OWN_SET, question, replaced)
    if grade:
        judgement = Judgement(
            document=passage.document,
            document_id=passage.document_id,
            page=passage.page,
            start=passage.start,
            end=passage.end,
            grade=GRADES[grade],
            quote=passage.quote[:QUOTE],
        )
        sets.judge(collection, OWN_SET, question, judgement)


def _grade(judgements: Sequence[Judgement], passage: Citation) -> str:
    exact = [own for own in judgements if own.place[2:] == (passage.start, passage.end)]
    about = [own for own in (*exact, *judgements) if _is_about(own, passage)]
    return grade_name(about[0].grade) if about else ""


def _covers(passage: Citation, judgement: Judgement) -> bool:
    """Whether the passage holds half of the place that was judged, or more."""
    if judgement.start is None or judgement.end is None:
        return False
    shared = min(passage.end, judgement.end) - max(passage.start, judgement.start)
    return shared * 2 >= judgement.end - judgement.start


def _may_read(judgement: Judgement, passage: Citation) -> bool:
    """Whether what is known of both reads the same; a document read otherwise since has other offsets."""
    shift = (judgement.start or 0) - passage.start
    judged, found = judgement.quote[max(-shift, 0) :], passage.quote[max(shift, 0) :]
    common = min(len(judged), len(found))
    return judged[:common] == found[:common]


def _is_about(judgement: Judgement, passage: Citation) -> bool:
    """Whether the passage counts as the place that was judged, by the rule of evaluation."""
    if judgement.start is None or judgement.end is None or not _may_read(judgement, passage):
        return False
    span = judgement.start, judgement.end
    unit = Unit(judgement.document_id, span=span, elsewhere=judgement.elsewhere)
    return unit.found_by(
        Chunk(
            id=passage.chunk_id,
            document_id=passage.document_id,
            document=passage.document,
            text=passage.quote,
            header="",
            title="",
            headings="",
            page=passage.page,
            start=passage.start,
            end=passage.end,
        )
    )
