"""Marking the passages of a comparison: relevant, partly or not. What is marked makes a question set.

It keeps what was clicked and says how much is kept; nothing is measured here.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from rag.compare import Comparison
from rag.evaluation_runs import question_sets
from rag.passage_grades import OWN_SET, grade_passage, grades_of
from rag.question_sets import GRADES, QuestionSets


def grades(made: Comparison) -> list[str]:
    """The grade of each passage of the comparison, "" for one without."""
    passages = [passage.citation for passage in made.passages]
    graded = {
        name: grades_of(_sets(), name, made.question, passages)
        for name in {passage.collection or made.collection for passage in passages}
    }
    return [graded[own.collection or made.collection][place] for place, own in enumerate(passages)]


def keep_grade(made: Comparison, passage: object, grade: object) -> None:
    """Keep a grade as the component reported it; a report that names nothing is ignored."""
    if isinstance(passage, int) and 0 <= passage < len(made.passages) and grade in ("", *GRADES):
        citation = made.passages[passage].citation
        # A grade belongs to the questions of the collection that holds the passage.
        where = citation.collection or made.collection
        grade_passage(_sets(), where, made.question, citation, str(grade))


def draw_judged(made: Comparison) -> None:
    """What marking is for, or how far it has come."""
    graded = grades(made)
    marked = sum(map(bool, graded))
    if not marked:
        st.caption(
            "Mark passages as relevant, partly or not: from what you mark, Askance can measure which setting "
            "is best for your documents."
        )
        return
    names = dict.fromkeys(
        own.citation.collection or made.collection
        for own, grade in zip(made.passages, graded, strict=True)
        if grade
    )
    kept = [own for name in names for own in _sets().sets(name) if own.name == OWN_SET]
    have = [
        counted(own.questions, "question")
        + ("" if own.collection == made.collection else f" of “{own.collection}”")
        for own in kept
    ]
    st.caption(
        markdown_plain(
            f"{counted(marked, 'passage')} marked. “{OWN_SET}” now has {' and '.join(have)} to measure "
            "settings with."
        )
    )


def _sets() -> QuestionSets:
    return question_sets(session.workspace())
