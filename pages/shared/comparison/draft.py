"""What the compare page works on: the question, the settings chosen, the last comparison. Plain data.

It names settings in plain words; it draws nothing and asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from rag.compare import FEWEST, MOST, Comparison, Variant, choices_of, completed, default_choices
from rag.presets import PRESETS, is_plain, not_plain
from rag.rerankers import OFFERED as OFFERED_RERANKERS
from rag.settings import Settings, with_overrides
from rag.trace import Trace
from rag.types import Scope

PLAIN = "Plain"
TITLES, HEADINGS = "retrieval.title_boost", "retrieval.heading_boost"
MODE_NAMES = {"hybrid": "Meaning + words", "vector": "Meaning only", "text": "Words only"}
RERANKER_NAMES = {offer.name: offer.short for offer in OFFERED_RERANKERS}
#: Settings to add, in the order in which they are offered.
OFFERED = (
    ("vector", "none"),
    ("hybrid", "late-interaction"),
    ("hybrid", "none"),
    ("text", "none"),
    ("hybrid", "late-interaction-exact"),
)
#: What two settings of the same name are told apart by, and how it is said.
TELLING: dict[str, Callable[[Any], str]] = {
    "k": "{} kept".format,
    "candidates": "{} candidates".format,
    TITLES: "titles count {:g}".format,
    HEADINGS: "headings count {:g}".format,
    "retrieval.words_in": lambda column: "passages alone" if column == "text" else "with titles",
    "retrieval.exact_first": lambda first: "codes first" if first else "codes not first",
    "retrieval.milliseconds": lambda most: f"{most} ms at most" if most else "any time",
}


@dataclass(frozen=True)
class Choice:
    """Values of the varied settings, with a number that stays its own while others come and go."""

    number: int
    values: dict[str, Any]


@dataclass
class Draft:
    """The state of the compare page.

    `revision` grows when the question is set from outside its box. `wanted` is the setting that the next
    run of the page is to save, `asked` whether it is to compare. `many` says that many questions are measured
    rather than one compared, `question_set` which, `imported` a set with what importing into it has to tell,
    `additions` how often questions were added, `evaluation` whose results are shown, `looks` how often one of
    the questions measured was looked at. `traced` is the way of the passage last asked after, with the number
    of the setting, from 0, that it was followed through. `scope` is what the question is asked of, `made_of`
    what the last comparison was.
    """

    question: str
    choices: list[Choice]
    revision: int = 0
    made: Comparison | None = None
    wanted: Variant | None = None
    asked: bool = False
    traced: tuple[int, Trace] | None = None
    many: bool = False
    looks: int = 0
    question_set: str | None = None
    imported: tuple[str, tuple[str, ...]] = ("", ())
    additions: int = 0
    evaluation: str | None = None
    scope: Scope = Scope()  # noqa: RUF009 (frozen)
    made_of: Scope = Scope()  # noqa: RUF009 (frozen)
    _numbers: int = field(default=0, repr=False)

    def ask(self, question: str) -> None:
        """Put a question in the box, and have it compared."""
        self.question = question
        self.revision += 1
        self.asked = True

    def take_asked(self) -> bool:
        """Whether to compare now; true once."""
        asked, self.asked = self.asked, False
        return asked

    def shown(self, collection: str) -> Comparison | None:
        """The last comparison, if it is of this collection."""
        return self.made if self.made and self.made.collection == collection else None

    def add_choice(self) -> None:
        """One more setting: like the last, but in what makes it another than those there are."""
        if len(self.choices) < MOST:
            self._numbers += 1
            last, there = self.choices[-1].values, [choice.values for choice in self.choices]
            last = not_plain(last) if is_plain(last) else last
            others = [last | {"mode": mode, "reranker": reranker} for mode, reranker in OFFERED]
            values = next((own for own in others if own not in there), dict(last))
            self.choices.append(Choice(self._numbers, values))

    def add_and_ask(self, values: dict[str, Any]) -> None:
        """One more setting, with these values, and the question compared again."""
        if len(self.choices) < MOST:
            self._numbers += 1
            self.choices.append(Choice(self._numbers, values))
            self.ask(self.made.question if self.made else self.question)

    def add_preset(self, values: dict[str, Any]) -> None:
        """One more setting, with these values."""
        if len(self.choices) < MOST:
            self._numbers += 1
            self.choices.append(Choice(self._numbers, values))

    def look_at(self, question: str, settings: list[dict[str, Any]]) -> None:
        """Compare one of many questions, under the settings that it was measured with."""
        if len(settings) >= FEWEST:
            first = self._numbers + 1
            self._numbers += len(settings)
            self.choices = [Choice(number, values) for number, values in enumerate(settings, start=first)]
        self.many = False
        self.looks += 1
        self.ask(question)

    def remove_choice(self, number: int) -> None:
        """Take a setting away."""
        self.choices = [choice for choice in self.choices if choice.number != number]

    def change_choice(self, number: int, values: dict[str, Any]) -> None:
        """Give a setting other values."""
        self.choices = [
            replace(choice, values=values) if choice.number == number else choice for choice in self.choices
        ]

    def variants(self, settings: Settings) -> list[Variant]:
        """The settings chosen, named, over the settings in force."""
        values = [choice.values for choice in self.choices]
        return [
            Variant(name, with_overrides(settings, chosen), chosen)
            for name, chosen in zip(names_of(values), values, strict=True)
        ]

    @property
    def is_outdated(self) -> bool:
        """Whether the settings or the filter have changed since the comparison was made."""
        made = self.made
        return made is not None and (
            self.scope != self.made_of
            or [run.variant.changes for run in made.runs] != [choice.values for choice in self.choices]
        )


def new_draft(settings: Settings) -> Draft:
    """The draft to begin with: settings worth comparing first."""
    choices = [Choice(number, values) for number, values in enumerate(default_choices(settings))]
    return Draft("", choices, _numbers=len(choices) - 1)


def is_in_force(values: dict[str, Any], settings: Settings) -> bool:
    """Whether chat uses these values now; what they do not name is as chat has it."""
    return completed(values, settings) == choices_of(settings)


def names_of(choices: list[dict[str, Any]]) -> list[str]:
    """A plain name for each choice; names alike are told apart by what differs."""
    names = [_name(values) for values in choices]
    told = []
    for values, name in zip(choices, names, strict=True):
        twins = [other for other, own in zip(choices, names, strict=True) if own == name]
        differing = [key for key in TELLING if len({twin.get(key) for twin in twins}) > 1]
        told.append(" · ".join([name, *(TELLING[key](values[key]) for key in differing)]))
    return told


def presets_beside(choices: list[Choice]) -> list[dict[str, Any]]:
    """The settings offered by name that are not among those chosen; in all else like the last of these."""
    own = [choice.values for choice in choices if not is_plain(choice.values)]
    there = [(values["mode"], values["reranker"]) for values in own]
    last = own[-1] if own else not_plain(choices[-1].values)
    offered = [
        last | {"mode": mode, "reranker": reranker}
        for mode, reranker in OFFERED
        if (mode, reranker) not in there
    ]
    return offered if len(own) < len(choices) else [*offered, last | PRESETS["plain"]]


def _name(values: dict[str, Any]) -> str:
    if is_plain(values):
        return PLAIN
    mode = MODE_NAMES.get(values["mode"], str(values["mode"]))
    reranker = RERANKER_NAMES.get(values["reranker"], str(values["reranker"]))
    return f"{mode}, {reranker}" if reranker else mode
