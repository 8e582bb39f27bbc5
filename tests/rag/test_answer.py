"""A question to a cited answer: from the documents' own sentences, or from a model behind HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from corpus import fill

from rag.answer import Reply, ask
from rag.errors import ContextOverflow, ModelBusy, ModelError, ModelRefused, ModelUnreachable
from rag.llms import ScriptedChatModel
from rag.settings import Settings, with_overrides
from rag.types import Message
from rag.unanswered import DECLINED, DOUBTED
from rag.workspace import Workspace
from tests.model_servers import ModelServer, start_openai_server

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
Serve = Callable[..., ModelServer]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Serve:
    def started(*replies: str, **options: Any) -> ModelServer:
        server = start_openai_server(replies, models=("m",), **options)
        request.addfinalizer(server.stop)
        return server

    return started


def replying(
    workspace: Workspace,
    *,
    server: ModelServer | None = None,
    question: str = QUESTION,
    history: Sequence[Message] = (),
    **overrides: Any,
) -> Reply:
    """A reply that does not decline, since the test embedder knows no meanings."""
    changed: dict[str, Any] = {"answer.decline_below": 0.0, **overrides}
    if server is not None:
        changed |= {"model": "openai", "openai.base_url": server.base_url, "openai.model": "m"}
    settings = with_overrides(workspace.settings, changed)
    return ask(question, table=workspace.table("default"), settings=settings, history=history)


def assert_exact(workspace: Workspace, reply: Reply) -> None:
    """Every quote stands in the document at the place given."""
    for citation in reply.citations:
        parsed = workspace.blobs.get_parsed(citation.document_id)
        assert parsed is not None
        assert parsed.text[citation.start : citation.end] == citation.quote != ""
        for start, end in citation.words:
            assert citation.start <= start < end <= citation.end


def test_the_built_in_answer_quotes_and_cites(filled: Workspace) -> None:
    reply = replying(filled)
    text = "".join(reply)
    assert text == reply.text
    assert "8.8 bar" in text
    assert (reply.answered, reply.model, reply.removed_citations) == (True, "extractive", 0)
    assert [int(number) for number in re.findall(r"\[(\d+)\]", text)] == [
        citation.number for citation in reply.citations
    ]
    assert reply.citations[0].document == "boiler.md"
    assert_exact(filled, reply)
    assert reply.tokens["answer"] > 0
    assert {"embed", "vector", "text", "fuse", "rerank", "search", "answer", "total"} == set(
        reply.milliseconds
    )
    assert reply.nearest == reply.search.hits if reply.search else False


@pytest.mark.parametrize("question", ["", " \n", "\0", "\ud800", "🍎", "?", "the", '"', "x " * 4000])
def test_no_question_is_an_error(filled: Workspace, question: str) -> None:
    reply = replying(filled, question=question)
    assert "".join(reply) == reply.text != ""
    assert_exact(filled, reply)
    if not question.strip():
        assert (reply.text, reply.answered, reply.citations) == (DECLINED, False, [])


def test_an_empty_collection_declines(workspace: Workspace) -> None:
    workspace.store.open_or_create("default")
    reply = replying(workspace)
    assert list(reply) == [DECLINED]
    assert (reply.answered, reply.citations, reply.nearest, reply.confidence) == (False, [], [], 0.0)


def test_below_the_threshold_it_declines_and_shows_what_was_nearest(filled: Workspace) -> None:
    reply = replying(filled, **{"answer.decline_below": 1.0})
    assert list(reply) == [DOUBTED]
    assert (reply.answered, reply.citations) == (False, [])
    assert reply.nearest
    assert reply.confidence < 1.0


def test_no_model_is_asked_when_it_declines(filled: Workspace, serve: Serve) -> None:
    server = serve("Never said [1].")
    # A model may be asked from half the threshold on; this text is not in the documents at all.
    reply = replying(filled, server=server, question="zzz qqq", **{"answer.decline_below": 1.0})
    assert list(reply) == [DECLINED]
    assert server.chats == []
    assert reply.tokens == {}


def test_a_models_answer_is_streamed_with_its_citations(filled: Workspace, serve: Serve) -> None:
    server = serve("It opens at 8.8 bar [1]. Ines Marchetti tested it [1]. So say the files [1][2].")
    reply = replying(filled, server=server)
    pieces = list(reply)
    assert len(pieces) > 3
    assert "".join(pieces) == reply.text
    assert (reply.answered, reply.model) == (True, "m")
    assert [citation.number for citation in reply.citations] == [1, 2]
    assert "8.8 bar" in reply.citations[0].quote
    assert_exact(filled, reply)


def test_the_ledger_says_what_was_spent(filled: Workspace, serve: Serve) -> None:
    reply = replying(filled, server=serve("At 8.8 bar [1]."))
    "".join(reply)
    tokens = reply.tokens
    numbers = [own["number"] for own in tokens["passages"]]
    assert numbers == list(range(1, len(numbers) + 1))
    spent = tokens["system"] + tokens["question"] + tokens["history"]
    assert tokens["total"] == spent + sum(own["tokens"] for own in tokens["passages"])
    assert tokens["total"] <= tokens["window"] - tokens["reserve"]
    assert tokens["prompt"] > 0
    assert tokens["answer"] > 0
    assert tokens["estimated"] is False
    assert tokens["dropped"] == []


def test_passages_beyond_the_budget_are_dropped_with_a_reason(filled: Workspace, serve: Serve) -> None:
    reply = replying(filled, server=serve("Yes [1] [2] [3] [4]."), **{"answer.context_tokens": 110})
    "".join(reply)
    kept = len(reply.tokens["passages"])
    assert 0 < kept < len(reply.nearest)
    assert all(own["reason"] for own in reply.tokens["dropped"])
    # Numbers of passages that the model never saw do not exist for it.
    assert reply.removed_citations == 4 - kept
    assert [citation.number for citation in reply.citations] == list(range(1, kept + 1))


def test_citations_that_do_not_exist_are_removed_and_counted(filled: Workspace, serve: Serve) -> None:
    reply = replying(filled, server=serve("At 8.8 bar [1][99]. It was tested [0] [77]."))
    shown = "".join(reply)
    assert shown == "At 8.8 bar [1]. It was tested."
    assert reply.removed_citations == 3
    assert any("3 citations" in note for note in reply.notes)
    assert [citation.number for citation in reply.citations] == [1]


def test_an_answer_without_citations_counts_as_none(filled: Workspace, serve: Serve) -> None:
    reply = replying(filled, server=serve("The passages do not say."))
    assert "".join(reply) == "The passages do not say."
    assert (reply.answered, reply.citations) == (False, [])


def test_numbers_in_code_are_no_citations(filled: Workspace, serve: Serve) -> None:
    reply = replying(filled, server=serve("Take `valves[2]` for the valve [1]."))
    "".join(reply)
    assert [citation.number for citation in reply.citations] == [1]


@pytest.mark.parametrize(
    "said",
    [
        "The relief valve of boiler 7 opens at 8.8 bar [1].",
        "The relief valve of boiler 7 opens at 8.8 bar. [1]",
        "The relief valve of boiler 7 opens at 8.8 bar.[1] ",
        "- The relief valve of boiler 7 opens at 8.8 bar. [1]\n- And more.",
    ],
)
def test_the_quote_bears_out_the_sentence_that_cites_it(filled: Workspace, serve: Serve, said: str) -> None:
    reply = replying(filled, server=serve(said), k=1)
    "".join(reply)
    [citation] = reply.citations
    assert citation.quote == "The relief valve of boiler 7 opens at 8.8 bar."


def test_earlier_turns_and_the_question_reach_the_model(filled: Workspace, serve: Serve) -> None:
    server = serve("At 8.8 bar [1].")
    history = [Message("user", "Who tested it?"), Message("assistant", "Ines Marchetti [1].")]
    "".join(replying(filled, server=server, history=history))
    [request] = server.chats
    messages = request.body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert [message["content"] for message in messages[1:]] == [
        "Who tested it?",
        "Ines Marchetti.",
        QUESTION,
    ]
    assert "opens at 8.8 bar" in messages[0]["content"]


def test_stopping_midway_keeps_the_text_and_its_citations(filled: Workspace, serve: Serve) -> None:
    # The gate stays closed, so that the server is still speaking when the reader leaves.
    server = serve("8.8bar[1]. And then much more was said [2].", gate=threading.Event())
    reply = replying(filled, server=server)
    pieces = iter(reply)
    assert next(pieces) == "8.8bar[1]."
    pieces.close()  # type: ignore[attr-defined]
    assert server.disconnected.wait(10)
    assert reply.text == "8.8bar[1]."
    assert reply.citations == []
    reply.finish()
    assert [citation.number for citation in reply.citations] == [1]
    assert_exact(filled, reply)
    assert reply.milliseconds["total"] > 0
    assert reply.tokens["answer"] > 0
    kept = list(reply.citations)
    reply.finish()
    assert reply.citations == kept


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate limit", ModelBusy),
        ("overflow", ContextOverflow),
        ("failure", ModelError),
        ("nonsense", ModelError),
    ],
)
def test_a_servers_failure_is_raised_in_words(
    filled: Workspace, serve: Serve, fault: str, error: type[ModelError]
) -> None:
    server = serve("Never said.")
    server.fault = fault
    reply = replying(filled, server=server)
    with pytest.raises(error, match=re.escape(server.base_url.removesuffix("/v1"))):
        list(reply)
    assert reply.text == ""
    assert not reply.answered
    assert reply.nearest
    assert reply.tokens["total"] > 0


def test_a_wrong_key_and_a_dead_server_are_raised_in_words(filled: Workspace, serve: Serve) -> None:
    server = serve("Never said.", key="sk-right")
    with pytest.raises(ModelRefused) as refused:
        list(replying(filled, server=server, **{"openai.api_key": "sk-wrong-and-secret"}))
    assert "sk-wrong-and-secret" not in str(refused.value)
    server.stop()
    with pytest.raises(ModelUnreachable, match="Start the server"):
        list(replying(filled, server=server))


def test_a_stream_that_breaks_off_keeps_what_was_said(filled: Workspace, serve: Serve) -> None:
    server = serve("At 8.8 bar [1]. And then")
    server.fault = "break off"
    reply = replying(filled, server=server)
    with pytest.raises(ModelUnreachable, match="broke off"):
        list(reply)
    assert reply.text.startswith("At")
    assert "total" in reply.milliseconds
    reply.finish()
    assert reply.text.startswith("At")


def test_any_chat_model_will_do(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = ScriptedChatModel(["At 8.8 bar [1]."], chunk=1)
    monkeypatch.setattr("rag.answer.get_chat_model", lambda settings: scripted)
    settings: Settings = replace(
        filled.settings, answer=replace(filled.settings.answer, model="ollama", decline_below=0.0)
    )
    reply = ask(QUESTION, table=filled.table("default"), settings=settings)
    assert "".join(reply) == "At 8.8 bar [1]."
    assert reply.model == "scripted"
    assert reply.tokens["estimated"] is True
    assert scripted.asked[0][-1] == Message("user", QUESTION)
