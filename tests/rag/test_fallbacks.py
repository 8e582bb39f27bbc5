"""Models that answer in place of one that failed: in order, before anything was said, and said so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from corpus import fill
from model_servers import ModelServer, start_ollama_server, start_openai_server

from rag.answer import Reply, ask
from rag.errors import ContextOverflow, ModelBusy, ModelError, ModelUnreachable
from rag.settings import Settings, with_overrides
from rag.turns import details_of
from rag.unanswered import DOUBTED
from rag.workspace import Workspace

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
SAID = "The valve opens at 8.8 bar [1]."


@dataclass(frozen=True)
class Pair:
    """Two servers, one of each kind, in either order."""

    first: ModelServer
    second: ModelServer
    settings: Settings


@pytest.fixture(params=[("openai", "ollama"), ("ollama", "openai")], ids=lambda kinds: "-".join(kinds))
def pair(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Pair]:
    with start_openai_server([SAID]) as openai, start_ollama_server([SAID]) as ollama:
        servers = {"openai": openai, "ollama": ollama}
        addresses = {"openai": "base_url", "ollama": "host"}
        changes: dict[str, object] = {"answer.model": "first", "answer.fallbacks": "second"}
        for name, kind in zip(("first", "second"), request.param, strict=True):
            changes[f"models.{name}.kind"] = kind
            changes[f"models.{name}.{addresses[kind]}"] = servers[kind].base_url
            changes[f"models.{name}.model"] = servers[kind].models[0]
            changes[f"models.{name}.timeout_seconds"] = 5
        changes["answer.decline_below"] = 0.0
        yield Pair(*(servers[kind] for kind in request.param), with_overrides(settings, changes))


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


def replying(workspace: Workspace, settings: Settings) -> Reply:
    return ask(QUESTION, table=workspace.table("default"), settings=settings)


def test_the_chosen_one_answers_alone_while_it_works(filled: Workspace, pair: Pair) -> None:
    reply = replying(filled, pair.settings)
    assert "".join(reply) == SAID
    assert (reply.answerer, reply.model) == ("first", pair.first.models[0])
    assert reply.failures == []
    assert not [note for note in reply.notes if "did not answer" in note]
    assert pair.second.requests == []


@pytest.mark.parametrize("fault", ["overloaded", "failure", "rate limit", "nonsense", "overflow"])
def test_a_fallback_answers_and_the_answer_says_so_and_why(filled: Workspace, pair: Pair, fault: str) -> None:
    pair.first.fault = fault
    reply = replying(filled, pair.settings)
    assert "".join(reply) == SAID
    assert (reply.answerer, reply.model) == ("second", pair.second.models[0])
    assert [citation.number for citation in reply.citations] == [1]
    assert reply.notes[0] == "Answered by second, since first did not answer."
    assert reply.notes[1].startswith("first: ")
    assert pair.first.base_url.removesuffix("/v1") in reply.notes[1]
    kept = details_of(reply)
    assert (kept["answerer"], kept["model"]) == ("second", pair.second.models[0])
    assert [own["name"] for own in kept["failures"]] == ["first"]


def test_a_follow_up_is_rewritten_by_whoever_can(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "overloaded"
    pair.second.replies = ["At what pressure does the relief valve open?", SAID]
    table, earlier = filled.table("default"), [QUESTION]
    reply = ask("And how is it tested?", table=table, settings=pair.settings, earlier=earlier)
    assert "".join(reply) == SAID
    assert reply.standalone.text == "At what pressure does the relief valve open?"
    assert reply.standalone.by == pair.second.models[0]
    assert f"The follow-up was rewritten by {pair.second.models[0]}: " in "\n".join(reply.notes)


def test_a_follow_up_that_nobody_rewrites_is_by_rules_and_quoted(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = pair.second.fault = "failure"
    settings = with_overrides(pair.settings, {"answer.fallbacks": "second,extractive"})
    table = filled.table("default")
    reply = ask("Who tested it?", table=table, settings=settings, earlier=[QUESTION])
    assert "Ines Marchetti" in "".join(reply)
    assert reply.standalone.by == "rules"
    assert any(note.startswith("The follow-up was rewritten by rules: ") for note in reply.notes)


def test_what_has_begun_to_answer_is_not_replaced(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "break off"
    reply = replying(filled, pair.settings)
    with pytest.raises(ModelUnreachable, match="broke off"):
        list(reply)
    assert reply.text.startswith("The")
    assert pair.second.chats == []


def test_a_draft_that_nobody_saw_is_replaced(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "break off"
    reply = replying(filled, with_overrides(pair.settings, {"answer.self_check": True}))
    assert "".join(reply) == SAID
    assert reply.answerer == "second"


def test_the_quotes_can_be_the_last_resort(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = pair.second.fault = "failure"
    changed = with_overrides(pair.settings, {"answer.fallbacks": "second,extractive"})
    reply = replying(filled, changed)
    assert "8.8 bar" in "".join(reply)
    assert (reply.answerer, reply.model) == ("extractive", "extractive")
    assert reply.notes[0] == "Answered by the built-in answerer, since first did not answer."
    assert [failure.name for failure in reply.failures] == ["first", "second"]


def test_quotes_in_place_of_a_model_keep_to_their_own_threshold(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "failure"
    strict = {"answer.fallbacks": "extractive", "answer.decline_below": 1.0}
    reply = replying(filled, with_overrides(pair.settings, strict))
    assert "".join(reply) == DOUBTED
    assert [failure.name for failure in reply.failures] == ["first"], "a model was asked at half of it"
    assert not reply.answered


def test_when_all_fail_each_reason_is_said(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "overflow"
    pair.second.fault = "overloaded"
    with pytest.raises(ContextOverflow) as caught:
        list(replying(filled, pair.settings))
    assert str(caught.value).startswith("None of 2 models answered. first: ")
    assert "second: " in str(caught.value)


def test_one_alone_fails_in_its_own_words(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "overloaded"
    with pytest.raises(ModelBusy) as caught:
        list(replying(filled, with_overrides(pair.settings, {"answer.fallbacks": ""})))
    assert str(caught.value).startswith(pair.first.models[0])


def test_a_model_that_rests_is_passed_over_at_once(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "overloaded"
    for _ in range(2):
        assert "".join(replying(filled, pair.settings)) == SAID
    asked = len(pair.first.chats)
    reply = replying(filled, pair.settings)
    assert "".join(reply) == SAID
    assert len(pair.first.chats) == asked
    assert re.search(r"has failed 5 times; trying again in \d+ s", reply.notes[1])


def test_the_prompt_fits_the_window_of_whoever_answers(filled: Workspace, pair: Pair) -> None:
    pair.first.fault = "failure"
    changed = with_overrides(pair.settings, {"models.second.window_tokens": 1600})
    reply = replying(filled, changed)
    list(reply)
    assert reply.tokens["window"] == 1600
    assert reply.tokens["total"] <= 1600 - reply.tokens["reserve"]


def test_an_error_that_is_no_models_is_not_covered_up(filled: Workspace, pair: Pair) -> None:
    broken = with_overrides(pair.settings, {"answer.context_tokens": 100, "answer.window_tokens": 900})
    with pytest.raises(ModelError, match="None of 2 models answered"):
        list(replying(filled, with_overrides(broken, {"answer.reserve_tokens": 899})))
