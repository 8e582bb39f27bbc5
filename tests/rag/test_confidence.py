"""The estimate that decides about declining: with the real model on the documents that ship."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from corpus import fill

from benchmarks.plain_files import plain_files, store_plain_files
from ingest.pipeline import Pipeline
from ingest.sample_documents import SAMPLES
from ingest.sources import path_sources
from rag.answer import Reply, ask
from rag.confidence import confidence, features
from rag.database import close_databases
from rag.hash_embedder import HashEmbedder
from rag.late_interaction import pack_signs
from rag.settings import Settings
from rag.types import Chunk, Filters, Hit, Query
from rag.workspace import Workspace, open_workspace

EMBEDDER = HashEmbedder(dimension=256)

ANSWERED = {
    "How much is a ticket for an adult?": "9.00",
    "When is the museum closed?": "Mondays",
    "How many steps lead to the lamp tower?": "71 steps",
    "What does fault code E11 mean?": "Water pressure too low",
    "At what pressure does the safety valve open?": "3.0 bar",
    "What should I do when the carbon monoxide alarm sounds?": "emergency switch",
    "How many days of annual leave do full-time staff have?": "27 days",
    "When do I need a doctor's note?": "fourth calendar day",
    "How long may unpaid leave last?": "six months",
    "What will it cost to borrow the rotavator?": "4.00",
    "Who found the leak at the north standpipe?": "Walter",
    "When can I sow kohlrabi?": "March",
    "At what temperature should I open the lid fully?": "fully at 22",
    "Can I take photographs in the letters room?": "no photographs",
    "How heavy is the lens from Gannet Rock?": "2.4 tonnes",
    "When is the open day?": "16 June",
    "Which bus goes to the museum?": "Bus 14",
    "lost property": "30 days",
}
DECLINED = (
    "Who won the football world cup of 1998?",
    "What is the capital of Mongolia?",
    "How do I reset my computer password?",
    "What was Apple's net revenue in 2022?",
    "Which planet has the most moons?",
    "Who wrote the novel Moby-Dick?",
    "How many calories are in a banana?",
    "What is the melting point of tungsten?",
    "How do I file a tax return for a company?",
    "Who directed the film Titanic?",
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The documents that ship, stored with the real embedder."""
    workspace = open_workspace(Settings(data_dir=tmp_path_factory.mktemp("samples")))
    pipeline = Pipeline("default", workspace)
    results = list(pipeline.run(path_sources([SAMPLES], workspace.settings.ingest)))
    assert {result.status for result in results} == {"added"}
    yield workspace
    close_databases()


def answered(question: str, workspace: Workspace) -> Reply:
    reply = ask(question, table=workspace.table("default"), settings=workspace.settings)
    assert "".join(reply) == reply.text
    return reply


@pytest.mark.parametrize("question", ANSWERED)
def test_questions_about_the_samples_are_answered(question: str, samples: Workspace) -> None:
    reply = answered(question, samples)
    assert reply.answered, f"declined at {reply.confidence}"
    quoted = " ".join(" ".join(citation.quote.split()) for citation in reply.citations)
    assert ANSWERED[question] in quoted
    assert len(quoted.split()) <= samples.settings.answer.quote_words


@pytest.mark.parametrize("question", DECLINED)
def test_questions_about_something_else_are_declined(question: str, samples: Workspace) -> None:
    reply = answered(question, samples)
    assert not reply.answered, f"answered at {reply.confidence}: {reply.text}"
    assert reply.citations == []
    assert reply.nearest


def query(text: str) -> Query:
    vectors, tokens = EMBEDDER.embed_with_tokens([text], query=True)
    return Query(text, vectors[0], tokens[0])


def hit(text: str) -> Hit:
    chunk = Chunk(text[:9], "d", "d", text, "", "", "", None, 0, len(text))
    return Hit(chunk, token_bits=pack_signs(EMBEDDER.embed_with_tokens([text])[1][0]))


def test_without_passages_the_chance_is_none() -> None:
    assert confidence(query("valve"), [], 9, EMBEDDER) == 0.0
    assert confidence(query(""), [hit("valve")], 9, EMBEDDER) == 0.0
    assert confidence(query("valve"), [Hit(hit("valve").chunk)], 9, EMBEDDER) == 0.0


def test_a_name_that_stands_nowhere_lowers_the_estimate() -> None:
    passage = [hit("The relief valve was tested by Marchetti in March.")]
    known = query("When was the relief valve tested by Marchetti?")
    unknown = query("When was the relief valve tested by Okonkwo?")
    found = features(known, passage, 9, EMBEDDER), features(unknown, passage, 9, EMBEDDER)
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][2] == 0.0 < found[1][2]
    assert confidence(known, passage, 9, EMBEDDER) > confidence(unknown, passage, 9, EMBEDDER)


def test_what_is_asked_of_a_code_is_answered_from_the_row_that_has_it(real_workspace: Workspace) -> None:
    rows = "\n".join(f"| {2025000 + number} | Pump {number} | {100 + number} |" for number in range(40))
    table = f"# Prices\n\n| Article | Name | Price |\n| --- | --- | --- |\n{rows}\n"
    fill(real_workspace, {"prices.md": table})
    for question in (
        "What does article 2025004 cost?",
        "How much is 2025004",
        "What is the price of article 2025010?",
        "2025017",
    ):
        reply = answered(question, real_workspace)
        assert reply.answered, question
        assert "20250" in reply.text
    assert not answered("When does the moon rise over 2025004?", real_workspace).answered
    assert not answered("What does article 2999999 cost?", real_workspace).answered


NOUNS = (
    "Der Vorstand des Vereins wird von der Versammlung der Mitglieder auf zwei Jahre gewählt. Der Kassierer "
    "führt das Konto."
)


def test_where_all_nouns_have_capitals_none_is_taken_for_a_name() -> None:
    asked = query("Für welchen Zeitraum wird der Vorstand gewählt?")
    passages = [
        hit(NOUNS),
        hit("Die Miete wird am Werktag des Monats bezahlt, der Hausmeister wohnt im Hof."),
    ]
    found = features(asked, passages, 9, EMBEDDER)
    assert found is not None
    assert found[2] == 0.0
    year = features(query("Wer wurde 2019 in den Vorstand gewählt?"), passages, 9, EMBEDDER)
    assert year is not None
    assert year[2] > 0.0


def test_a_german_question_is_answered_in_other_words_than_the_passage_has(real_workspace: Workspace) -> None:
    rent = (
        "Die Kündigungsfrist der Wohnung beträgt drei Monate zum Ende eines Quartals. Die Miete wird am "
        "ersten Werktag des Monats bezahlt, und der Hausmeister wohnt im Hof."
    )
    fill(real_workspace, {"verein.txt": NOUNS, "miete.txt": rent})
    assert "zwei Jahre" in answered("Für welchen Zeitraum wird der Vorstand gewählt?", real_workspace).text
    assert not answered("Wie heißt die Hauptstadt von Frankreich?", real_workspace).answered


def test_a_worse_passage_beside_the_best_does_not_lower_the_estimate() -> None:
    asked = query("When was the relief valve tested?")
    alone = confidence(asked, [hit("The relief valve was tested in March.")], 9, EMBEDDER)
    both = [hit("Lunch is served at noon."), hit("The relief valve was tested in March.")]
    assert confidence(asked, both, 9, EMBEDDER) >= alone > confidence(asked, both[:1], 9, EMBEDDER)


def test_the_limit_of_the_settings_decides(samples: Workspace) -> None:
    from rag.settings import with_overrides

    for below, expected in ((0.0, True), (1.0, False)):
        settings = with_overrides(samples.settings, {"answer.decline_below": below})
        reply = ask("When is the open day?", table=samples.table("default"), settings=settings)
        list(reply)
        assert reply.answered is expected


def test_the_same_match_tells_more_among_few_passages_than_among_many() -> None:
    asked, found = query("When was the relief valve tested?"), [hit("The valve was tested in March.")]
    few, some, many, more = (confidence(asked, found, number, EMBEDDER) for number in (3, 50, 1_000, 100_000))
    assert few > some > many == more


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Short files with questions in people's own words, stored with the real embedder."""
    workspace = open_workspace(Settings(data_dir=tmp_path_factory.mktemp("plain")))
    assert store_plain_files("held_out", workspace) == "plain-held-out"
    yield workspace
    close_databases()


def test_plain_questions_of_a_short_file_are_mostly_answered_from_it(plain: Workspace) -> None:
    table = plain.table("plain-held-out")
    ids = {own.name: own.document_id for own in plain.catalog.documents("plain-held-out")}
    right: list[bool] = []
    declined: list[bool] = []
    for file in plain_files("held_out"):
        alone = Filters(documents=(ids[file.name],))
        for question in (*file.answered, *file.absent):
            reply = ask(question, table=table, settings=plain.settings, filters=alone)
            text = "".join(reply).casefold()
            if question in file.answered:
                right.append(reply.answered and file.answered[question].casefold() in text)
            else:
                declined.append(not reply.answered)
    assert sum(right) > 0.55 * len(right)
    assert sum(declined) > 0.75 * len(declined)
