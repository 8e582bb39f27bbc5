"""What is said in place of an answer: that there seems to be none, or that it is not sure there is.

It says so by the estimate of rag/confidence.py alone; who decides that no answer is given is rag/answer.py.
"""

from __future__ import annotations

DECLINED = "Your documents do not seem to answer this."
DOUBTED = "Your documents may answer this, but no passage says it clearly."
#: From this estimated chance on there may well be an answer: of plain questions to short files that reach it
#: and not what is needed, four in five have one (benchmarks/README.md).
DOUBTED_FROM = 0.1


def may_be_answered(chance: float) -> bool:
    """Whether one of the passages found may answer, by the estimated chance, 0 to 1."""
    return chance >= DOUBTED_FROM


def in_place_of_answer(chance: float) -> str:
    """The sentence for such a chance."""
    return DOUBTED if may_be_answered(chance) else DECLINED
