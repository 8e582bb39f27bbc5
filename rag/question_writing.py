"""Questions made from a collection's own documents, each with the passage that it was made from.

By the chat model, or without one from headings and definitions, which are easier than real ones: they share
words with their passages. Nothing here searches; the same documents give the same passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from rag.errors import QuestionsError
from rag.judgements import QUOTE
from rag.llms import ChatModel
from rag.prompts import fill, new_fence, passage_block
from rag.question_sets import JudgedQuestion, Judgement
from rag.suggestions import heading_questions
from rag.types import Chunk, Hit, Message, ParsedDocument

#: Characters of a passage worth asking about, of a written question, and of a section counted as gold.
SHORTEST, LONGEST, SECTION = 200, 250, 4000
_DEFINITION = re.compile(
    r"(?:^|(?<=[.!?]\s))((?:The |An? )?[A-Z][\w-]*(?: [\w-]+){0,3}) "
    r"(?:is|are|means|refers to) (?:an?|the) [^.\n]{20,}\."
)
_NOT_TERMS = frozenset("it this that these those there he she they we you what which who here one".split())


def from_headings(documents: Sequence[tuple[str, str, ParsedDocument]], most: int) -> list[JudgedQuestion]:
    """At most `most` questions from headings and definitions; documents are (name, id, parsed), in turn.

    Raises QuestionsError where they have neither.
    """
    each = [list(_of_document(*own)) for own in documents]
    mixed = [question for turn in zip_longest(*each) for question in turn if question is not None]
    if not mixed:
        raise QuestionsError(
            "These documents have no headings and define nothing, so no question can be made without a chat "
            "model. Choose one under Settings, or mark passages yourself."
        )
    unique = {question.text: question for question in reversed(mixed)}
    return list(reversed(unique.values()))[:most]


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
            "from headings."
        )
    return made


def written_question(reply: str) -> str:
    """The one question of a reply, "" where it is anything else."""
    lines = [line.strip().strip('"“”*').strip() for line in reply.splitlines() if line.strip()]
    if len(lines) != 1 or not lines[0].endswith(("?", "？", "؟")) or len(lines[0]) > LONGEST:
        return ""
    return lines[0]


def _of_document(name: str, document_id: str, document: ParsedDocument) -> Iterator[JudgedQuestion]:
    for text, place in heading_questions(name, document):
        headings = document.headings
        start = headings[place].start
        end = headings[place + 1].start if place + 1 < len(headings) else len(document.text)
        body = document.text[start : min(end, start + SECTION)].rstrip()
        # A heading with nothing under it answers nothing.
        if len(body) > len(headings[place].text) + 20:
            yield _from_span(text, name, document_id, document.text, start, start + len(body))
    for found in _DEFINITION.finditer(document.text):
        term = found.group(1)
        words = term.removeprefix("The ").removeprefix("An ").removeprefix("A ").split()
        if words and words[0].casefold() not in _NOT_TERMS:
            verb = "are" if f"{term} are " in found.group() else "is"
            asked = term[0].lower() + term[1:] if term.startswith(("The ", "An ", "A ")) else term
            yield _from_span(
                f"What {verb} {asked}?", name, document_id, document.text, found.start(1), found.end()
            )


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
