"""A question set made of the answers that people gave a thumb: their questions, and the places cited.

A thumb up marks the places that the answer cites as right, one down as wrong, unless its reason speaks of the
wording alone. The set follows the thumbs: made again, it holds those that stand now. Nothing is searched.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.judgements import AnswerJudgement, JudgedPlace
from rag.question_sets import NOT, RELEVANT, JudgedQuestion, Judgement, QuestionSet, QuestionSets

#: The name of the set that thumbs make.
RATED_SET = "Rated answers"


def telling(judgements: Iterable[AnswerJudgement]) -> list[AnswerJudgement]:
    """Those that say of some place whether it answers the question."""
    return [own for own in judgements if any(place.relevant is not None for place in own.places)]


def questions_of(judgements: Iterable[AnswerJudgement]) -> list[JudgedQuestion]:
    """A question for each that was rated, in order; of two thumbs for one place the later counts."""
    places: dict[str, dict[object, Judgement]] = {}
    for own in telling(judgements):
        known = places.setdefault(own.question, {})
        for place in own.places:
            if place.relevant is not None:
                judged = _judged(place, place.relevant)
                known[judged.place] = judged
    return [JudgedQuestion(text, "rated", tuple(known.values())) for text, known in places.items()]


def keep_rated_set(sets: QuestionSets, collection: str, judgements: Iterable[AnswerJudgement]) -> QuestionSet:
    """Make the set of rated answers, in place of an earlier one."""
    return sets.add(collection, RATED_SET, questions_of(judgements), instead=True)


def _judged(place: JudgedPlace, relevant: bool) -> Judgement:
    return Judgement(
        document=place.document,
        document_id=place.document_id,
        page=place.page,
        start=place.start,
        end=place.end,
        grade=RELEVANT if relevant else NOT,
        quote=place.quote,
    )
