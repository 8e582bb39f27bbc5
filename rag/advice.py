"""What to do about figures over a question set: which setting to use, or how many questions it takes to know.

Pure arithmetic over what `rag.verdict` found; nothing is asked, read or kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from rag.certainty import LEVEL
from rag.verdict import FEW, Figures, Lead

#: Questions from which on a usual difference shows.
ENOUGH = 20
#: Beyond so many questions, nobody writes them for a difference that small.
MOST_QUESTIONS = 400
#: A setting this many times and milliseconds slower than another is noticed.
SLOWER, NOTICED = 2.0, 200.0


def advice(figures: Sequence[Figures], lead: Lead | None, in_use: int | None) -> str:
    """One or two sentences; `in_use` is the place of the setting that the chat uses, None for another.

    `lead` is that of `rag.verdict.lead_of` over the same figures.
    """
    if not figures or not figures[0].questions:
        return ""
    if lead is None:
        return "One setting alone says little: add a second one above, and measure again."
    total = figures[0].questions
    if total < FEW:
        return f"These are too few questions to choose by. From {ENOUGH} on, figures begin to tell."
    best = figures[lead.best]
    if lead.certain:
        kept = "It is in use already: keep it." if in_use == lead.best else f"Use {best.name}."
        return f"{kept}{_price(best, figures[lead.second])}"
    return f"{_meanwhile(figures, lead, in_use)} {_questions_needed(lead, total)}"


def _price(best: Figures, second: Figures) -> str:
    if best.p50_ms < SLOWER * second.p50_ms or best.p50_ms - second.p50_ms < NOTICED:
        return ""
    return f" It is slower, though: {_time(best)} a question, {second.name} {_time(second)}."


def _time(own: Figures) -> str:
    return f"{own.p50_ms / 1000:.1f} s" if own.p50_ms >= 1000 else f"{own.p50_ms:.0f} ms"


def _meanwhile(figures: Sequence[Figures], lead: Lead, in_use: int | None) -> str:
    best = figures[lead.best]
    if in_use is not None and in_use in lead.behind:
        own = figures[in_use]
        return (
            f"Use {best.name} rather than {own.name}, which is in use: {best.first} against {own.first} of "
            f"{own.questions} is hardly chance."
        )
    if in_use is not None:
        return f"So far nothing speaks for a change from {figures[in_use].name}, which is in use."
    left = [own for place, own in enumerate(figures) if place not in lead.behind]
    quick = min(left, key=lambda own: own.p50_ms)
    worse = " or ".join(figures[place].name for place in lead.behind)
    will_do = f"any but {worse}" if worse else "any of them"
    return f"So far {will_do} will do; {quick.name} is the quickest."


def _questions_needed(lead: Lead, total: int) -> str:
    """How many questions settle it, if the difference stays as it is: its deviations grow with their root."""
    deviations = NormalDist().inv_cdf(1 - min(lead.chance, 1.0) / 2)
    real = NormalDist().inv_cdf(1 - LEVEL / lead.comparisons / 2)
    needed = total * (real / deviations) ** 2 if deviations > 0 else math.inf
    if needed > MOST_QUESTIONS:
        return "Between the best two, even hundreds of questions may show no difference."
    return f"If it goes on like this, about {math.ceil(needed / 10) * 10} questions part the best two."
