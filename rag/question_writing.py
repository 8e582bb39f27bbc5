"""Questions made from a collection's own documents, each with the passage that it was made from.

By the chat model, or without one from sentences and headings, by rules; these are easier than real ones: they
share words with their passages. Nothing here searches; the same documents give the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from rag.errors import QuestionsError
from rag.heading_questions import heading_questions, is_vague
from rag.judgements import QUOTE
from rag.llms import ChatModel
from rag.prompts import fill, new_fence, passage_block
from rag.question_sets import JudgedQuestion, Judgement
from rag.sentence_questions import sentence_questions, spread_out
from rag.types import Chunk, Hit, Message, ParsedDocument

#: Characters of a passage worth asking about, of a written question, and of a section counted as gold.
SHORTEST, LONGEST, SECTION = 200, 250, 4000


def from_rules(documents: Sequence[tuple[str, str, ParsedDocument]], most: int) -> list[JudgedQuestion]:
    """At most `most` questions from sentences and headings; documents are (name, id, parsed), in turn.

    Headings that only name a subject come last. What several places answer is asked once. Raises
    QuestionsError where nothing can be asked.
    """
    each = [list(_of_document(*own)) for own in documents]
    telling = _in_turn([own for own in questions if not is_vague(own.text)] for questions in each)
    vague = _in_turn([own for own in questions if is_vague(own.text)] for questions in each)
    asked: dict[str, JudgedQuestion] = {}
    for question in (*telling, *vague):
        known = asked.get(question.text)
        judgements = (*known.judgements, *question.judgements) if known else question.judgements
        asked[question.text] = replace(question, judgements=judgements)
    if not asked:
        raise QuestionsError(
            "These documents have no headings, and no sentences that a question can be made of without a "
            "chat model. Choose one under Settings, or mark passages yourself."
        )
    return list(asked.values())[:most]


def from_model(
    chunks: Sequence[Chunk],
    model: ChatModel,
    most: int,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[JudgedQuestion]:
    """A question for each of `most` passages spread over `chunks`, written by the model.

    Replies that are no single question are left out. Raises QuestionsError when all are, ModelError when
    the model cannot be asked.
    """
    worth = [chunk for chunk in chunks if len(chunk.text) >= SHORTEST] or list(chunks)
    step = max(len(worth) / most, 1.0) if most else 1.0
    chosen = [worth[int(place * step)] for place in range(min(most, len(worth)))]
    made = []
    for number, chunk in enumerate(chosen):
        if on_progress:
            on_progress(number, len(chosen))
        fence = new_fence()
        passage = passage_block(1, Hit(chunk), fence)
        messages = [
            Message("system", fill("write_question", fence=fence, passage=passage)),
            Message("user", "Write the question."),
        ]
        text = written_question("".join(model.stream(messages)))
        if text:
            made.append(JudgedQuestion(text, "model", (_passage_judgement(chunk),)))
    if not made:
        raise QuestionsError(
            f"{model.name} wrote no usable question. Choose a larger model under Settings, or make questions "
            "without a model."
        )
    return made


def written_question(reply: str) -> str:
    """The one question of a reply, "" where it is anything else."""
    lines = [line.strip().strip('"“”*').strip() for line in reply.splitlines() if line.strip()]
    if len(lines) != 1 or not lines[0].endswith(("?", "？", "؟")) or len(lines[0]) > LONGEST:
        return ""
    return lines[0]


def _of_document(name: str, document_id: str, document: ParsedDocument) -> Iterator[JudgedQuestion]:
    for text, start, end in spread_out(list(sentence_questions(document.text))):
        yield _from_span(text, name, document_id, document.text, start, end)
    for text, place in heading_questions(name, document):
        headings = document.headings
        start = headings[place].start
        end = headings[place + 1].start if place + 1 < len(headings) else len(document.text)
        body = document.text[start : min(end, start + SECTION)].rstrip()
        # A heading with nothing under it answers nothing.
        if len(body) > len(headings[place].text) + 20:
            yield _from_span(text, name, document_id, document.text, start, start + len(body))


def _in_turn(each: Iterable[Sequence[JudgedQuestion]]) -> list[JudgedQuestion]:
    return [question for turn in zip_longest(*each) for question in turn if question is not None]


def _from_span(question: str, name: str, document_id: str, text: str, start: int, end: int) -> JudgedQuestion:
    judgement = Judgement(name, document_id, start=start, end=end, quote=text[start:end][:QUOTE])
    return JudgedQuestion(question, "headings", (judgement,))


def _passage_judgement(chunk: Chunk) -> Judgement:
    return Judgement(
        chunk.document,
        chunk.document_id,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        quote=chunk.text[:QUOTE],
    )
