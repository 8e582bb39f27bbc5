"""A question and a collection to a cited answer, streamed.

It chooses between the built-in extractive answerer and a chat model, declines when the passages do
not hold the answer, removes citations of passages that do not exist, and has each sentence of a
model checked (rag.verify). It draws nothing and keeps no conversation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any

from rag.answer_record import how_made
from rag.answerers import EXTRACTIVE, answering_by, in_order
from rag.beyond_quoting import cannot
from rag.citations import CitationFilter, to_plain
from rag.cited_quotes import cited_quotes
from rag.confidence import needed_confidence
from rag.context import Context, fit
from rag.courtesies import courtesy
from rag.echoes import EchoFilter
from rag.embedders import query_of
from rag.errors import ModelError
from rag.evidence import Sentence, sentence_evidence
from rag.extract import answer_text, extract
from rag.fallbacks import Failure, in_place_of, none_answered
from rag.follow_up import Standalone, by_model, by_rules, says_what
from rag.llms import ChatModel, get_chat_model
from rag.prompts import fill
from rag.quoting import quoting
from rag.recollection import Summary, recollect
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.several_questions import one_by_one
from rag.several_tables import Searched
from rag.spending import Spending
from rag.styles import get_style
from rag.subject import find
from rag.token_ratios import counter_for
from rag.tokens import get_token_counter
from rag.types import EVERYTHING, Citation, Filters, Hit, Message, Query, SearchResult
from rag.unanswered import in_place_of_answer
from rag.verify import SUPPORTED, Support, check_support
from rag.wider_passages import as_read


class Reply:
    """An answer under way. Iterate it once for the text, piece by piece; then read the rest.

    `text` holds what has been said so far, also when the iteration is stopped or fails; call
    `finish` then to have its citations. `support` is the check of a model's sentences. `nearest` are
    the hits to show when it declined. `made` tells prompt, settings and table (rag/answer_record.py).
    `answerer` is who answered, by the name in the settings, `model` the name that its server has for it;
    `failures` are those that were asked before it in vain. `summary` is one of earlier turns, made for it.
    """

    def __init__(
        self,
        question: str,
        *,
        table: Searched,
        settings: Settings,
        filters: Filters,
        history: Sequence[Message],
        earlier: Sequence[str],
        standalone: str,
        summary: Summary | None,
    ) -> None:
        self.question = question
        self.standalone = Standalone(standalone, "user") if standalone.strip() else Standalone(question)
        self.text = ""
        self.answered = False
        self.citations: list[Citation] = []
        self.support: list[Support] = []
        self.answerer = self.model = settings.answer.model
        self.failures: list[Failure] = []
        self.confidence = 0.0
        self.tokens: dict[str, Any] = {}
        self.milliseconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.search: SearchResult | None = None
        self.removed_citations = 0
        self.style = get_style(settings.data_dir, settings.answer.style)
        self.made: dict[str, Any] = {}
        self.left_out = 0
        self.summary: Summary | None = None
        self._table = table
        self._settings = settings
        self._filters = filters
        self._history = history
        self._kept_summary = summary
        self._earlier = earlier
        self._context_hits: list[Hit] = []
        self._used: list[int] = []
        self._draft = ""
        self._asked: ChatModel | None = None
        self._rewriting: list[tuple[str, ChatModel]] = []
        self._thought: list[str] = []
        self._spending = Spending(settings)

    @property
    def nearest(self) -> list[Hit]:
        """The best passages found, whether or not they answer."""
        return self.search.hits if self.search else []

    def evidence(self, most: int) -> list[Sentence]:
        """The sentences of so many of the nearest passages, with the words that match the question."""
        if self.search is None:
            return []
        return sentence_evidence(self.search.query, self.nearest[:most], self._table.embedder)

    @property
    def waiting(self) -> str:
        """A sentence while a server that did not answer is given time; else empty."""
        return self._asked.waiting if self._asked is not None else ""

    @property
    def thinking(self) -> str:
        """What a reasoning model has thought so far. It is never cited and goes into no other prompt."""
        own = self._asked.thinking if self._asked is not None else ""
        return "\n\n".join(part for part in (*self._thought, own) if part)

    def __iter__(self) -> Iterator[str]:
        started = time.perf_counter()
        try:
            for piece in self._pieces():
                self.text += piece
                yield piece
        finally:
            self.milliseconds["total"] = round((time.perf_counter() - started) * 1000, 3)
            self.milliseconds["answer"] = round(
                self.milliseconds["total"] - self.milliseconds.get("search", 0.0), 3
            )

    def finish(self) -> None:
        """Make the citations of what has been said so far; for answers that were stopped midway."""
        self.text = self.text or self._draft
        if self._context_hits and not self.citations:
            self._judge()

    def _pieces(self) -> Iterator[str]:
        said = "" if self.standalone.by else courtesy(self.question)
        if said:
            yield said
            return
        self._stand_alone()
        settled = find(
            self.question,
            self.standalone,
            search=partial(retrieve, table=self._table, settings=self._settings, filters=self._filters),
            embedder=self._table.embedder,
            needed=needed_confidence(self._settings),
        )
        self.standalone = settled.standalone
        self.search = found = settled.result
        self.confidence = round(settled.confidence, 4)
        self.made = how_made(self._settings, self.style, self._table)
        self.notes += found.notes
        if self.model == EXTRACTIVE:
            self.notes += cannot(self.question) or one_by_one(self.question)
        self.milliseconds = {name: value for name, value in found.milliseconds.items() if name != "total"}
        self.milliseconds["search"] = found.milliseconds["total"]
        if not found.hits or self.confidence < needed_confidence(self._settings):
            yield in_place_of_answer(self.confidence)
            return
        yield from self._first_that_answers(found)

    def _first_that_answers(self, found: SearchResult) -> Iterator[str]:
        """The answer of the chosen one, or of the first fallback when it fails before saying anything."""
        for name in in_order(self._settings):
            own = answering_by(self._settings, name)
            self.answerer = self.model = name
            self._draft, self._thought, self._asked = "", [], None
            if self.failures:
                self.made = how_made(own, self.style, self._table)
            try:
                yield from self._extract(found) if name == EXTRACTIVE else self._ask_model(found, own)
            except ModelError as error:
                self.failures.append(Failure(name, error))
                if self.text:
                    raise
            else:
                self.notes = in_place_of(self.failures, name) + self.notes
                return
        raise none_answered(self.failures)

    def _stand_alone(self) -> None:
        if self.standalone.by or not self._settings.answer.rewrite_follow_ups:
            return
        if self.model == EXTRACTIVE:
            self.standalone = by_rules(self.question, self._earlier)
        else:
            names = takewhile(EXTRACTIVE.__ne__, in_order(self._settings))
            makers = [partial(self._rewriting_model, name) for name in names]
            self.standalone = by_model(self.question, self._earlier, *makers)
            for name, model in self._rewriting:
                if model.usage is not None:
                    self._spending.of_rewriting(name, model.usage)
        if self.standalone.note:
            self.notes.append(self.standalone.note)

    def _rewriting_model(self, name: str) -> ChatModel:
        model = get_chat_model(answering_by(self._settings, name))
        self._rewriting.append((name, model))
        return model

    def _extract(self, found: SearchResult) -> Iterator[str]:
        self._context_hits = []
        if self.confidence < needed_confidence(answering_by(self._settings, EXTRACTIVE)):
            # Asked in place of a model, which would have read between the lines.
            yield in_place_of_answer(self.confidence)
            return
        how = quoting(self.style, self._settings.answer.quote_words)
        self.citations = extract(
            self._asked_of_passages(found),
            found.hits,
            self._table.embedder,
            most_words=how.most_words,
            most_quotes=how.most_quotes,
            enough=how.enough,
        )
        if not self.citations:
            yield in_place_of_answer(self.confidence)
            return
        self.answered = True
        if how.note:
            self.notes.append(how.note)
        text = answer_text(self.citations)
        self.tokens = {"answer": get_token_counter().count(text)}
        yield text

    def _asked_of_passages(self, found: SearchResult) -> Query:
        """What sentences are picked by. Words carried over find the passages, but would win over the
        question's own when sentences are told apart.
        """
        if self.standalone.by != "rules" or not says_what(self.question):
            return found.query
        return query_of(self.question, self._table.embedder)

    def _ask_model(self, found: SearchResult, settings: Settings) -> Iterator[str]:
        model = self._asked = get_chat_model(settings)
        window = model.window(settings.answer.window_tokens)
        self.model = model.name
        counter = counter_for(settings.data_dir, model.name)
        told = recollect(
            self._history,
            self._kept_summary,
            room=settings.answer.history_tokens,
            counter=counter,
            model=model if settings.answer.summed_up_by == "model" else None,
        )
        if told.note:
            self.notes.append(told.note)
        if told.fresh:
            self.summary = self._kept_summary = told.summary
        context = fit(
            self.standalone.text,
            as_read(found.hits, self._table, settings, counter),
            told.messages,
            settings=replace(settings.answer, window_tokens=window),
            counter=counter,
            style=self.style,
            summary=told.summary.text if told.summary else "",
        )
        self._context_hits = context.hits
        self.tokens = context.ledger.as_dict() | self._spending.beginning(model.name)
        if told.summary is not None:
            self.tokens |= {"summed_up": told.summary.turns, "summed_up_by": told.summary.by}
        if self._settings.answer.self_check:
            yield self._checked_draft(model, context)
        else:
            yield from self._said(model, context, context.messages)
        self._judge()
        self.answered = bool(self.citations)
        if not self.text.strip():
            self.notes.append(
                "The model thought, but gave no answer: it reached its limit before. Ask again, or let it "
                "write more (answer.reserve_tokens, or the limit set at the server)."
                if self.thinking
                else "The model gave no answer: what it sent was empty. Ask again, or choose another model."
            )
        if self.removed_citations:
            self.notes.append(
                "1 citation of a passage that does not exist was removed."
                if self.removed_citations == 1
                else f"{self.removed_citations} citations of passages that do not exist were removed."
            )
        if self.left_out:
            self.notes.append(
                "Left out where […] stands: what repeats the instructions, or a passage that the answer does "
                "not cite and the question does not concern. A document may have told the model to say it."
            )

    def _said(self, model: ChatModel, context: Context, messages: Sequence[Message]) -> Iterator[str]:
        """What the model says, as safe Markdown without what it must not repeat; what it cost is noted."""
        cleaned = CitationFilter(len(self._context_hits))
        self._used = cleaned.used
        echoes = EchoFilter(
            context.instructions,
            [hit.chunk.text for hit in context.hits],
            f"{self.question}\n{self.standalone.text}",
            context.fence,
        )
        started = time.perf_counter()
        stream = model.stream(messages)
        try:
            for piece in stream:
                shown = cleaned.feed(echoes.feed(piece))
                if shown and "first" not in self.milliseconds:
                    self.milliseconds["first"] = round((time.perf_counter() - started) * 1000, 3)
                # Empty ones, too, so that whoever stops listening is heard.
                yield shown
            rest = cleaned.feed(echoes.finish()) + cleaned.finish()
            if rest:
                yield rest
        finally:
            self.removed_citations = cleaned.removed
            self.left_out = echoes.left_out
            close = getattr(stream, "close", None)
            if close is not None:
                close()
            if model.usage is not None:
                self.tokens |= self._spending.of_answer(self.answerer, model.name, messages, model.usage)
            self.notes += self._spending.take_notes()

    def _checked_draft(self, model: ChatModel, context: Context) -> str:
        """A draft that is not shown, or a second one when the passages do not bear out the first and
        bear out the second better. A second attempt that fails leaves the first.
        """
        for piece in self._said(model, context, context.messages):
            self._draft += piece
        doubtful = self._doubtful(self._draft)
        if not doubtful:
            return self._draft
        first, used, removed = self._draft, self._used, (self.removed_citations, self.left_out)
        self._thought.append(model.thinking)
        sentences = "\n".join(f"- {' '.join(to_plain(sentence).split())}" for sentence in doubtful)
        asked_again = [
            *context.messages,
            Message("assistant", to_plain(first)),
            Message("user", fill("self_check", sentences=sentences)),
        ]
        counted = f"{len(doubtful)} sentence{'' if len(doubtful) == 1 else 's'}"
        try:
            second = "".join(self._said(model, context, asked_again))
        except ModelError as error:
            self.notes.append(f"The passages do not clearly bear out {counted}; asking again failed: {error}")
            self._used, (self.removed_citations, self.left_out) = used, removed
            return first
        if second.strip() and len(self._doubtful(second)) < len(doubtful):
            self.notes.append(f"Asked once more, since the passages did not clearly bear out {counted}.")
            return second
        self.notes.append(f"Asked once more because of {counted}; the second answer was no better.")
        self._used, (self.removed_citations, self.left_out) = used, removed
        return first

    def _doubtful(self, text: str) -> list[str]:
        checked = check_support(text, self._context_hits, self._table.embedder)
        return [text[own.start : own.end] for own in checked if own.verdict != SUPPORTED]

    def _judge(self) -> None:
        self.citations = cited_quotes(self.text, self._context_hits, self._used, self._table.embedder)
        self.support = check_support(self.text, self._context_hits, self._table.embedder)


def ask(
    question: str,
    *,
    table: Searched,
    settings: Settings,
    filters: Filters = EVERYTHING,
    history: Sequence[Message] = (),
    earlier: Sequence[str] = (),
    standalone: str = "",
    summary: Summary | None = None,
) -> Reply:
    """A reply to iterate. Iterating raises ModelError when the chat model does not answer.

    Raises PromptError when there is no such answer style.

    `earlier` are the questions asked before, oldest first, on which this one may lean; `standalone`
    is what to search for in its place when that is known already. `summary` is what was kept of the
    beginning of `history`.
    """
    return Reply(
        question,
        table=table,
        settings=settings,
        filters=filters,
        history=history,
        earlier=earlier,
        standalone=standalone,
        summary=summary,
    )
