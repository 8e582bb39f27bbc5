"""Who answers, and where the text goes for it, in a sentence. Looks at settings only; asks no server."""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.answerers import EXTRACTIVE, address_of, in_order, server_of
from rag.llms import is_loopback, shown_address
from rag.rerankers import destinations
from rag.settings import Settings


def who_answers(settings: Settings) -> str:
    """A few sentences for the user; plain text, without Markdown."""
    first, *others = in_order(settings)
    server = {name: _server(settings, name) for name in (first, *others)}
    sent = list(dict.fromkeys(place for _, place in server.values() if place))
    ranking = destinations(settings)
    model, place = server[first]
    here = "" if sent or ranking else "; nothing leaves this machine"
    if first == EXTRACTIVE:
        said = [f"Answers are quotes from your documents{here}."]
    elif place:
        said = [
            f"Answers come from {model} at {place}: your questions and passages of your documents are sent "
            "there."
        ]
    else:
        said = [f"Answers come from {model} on this machine{'; nothing leaves it' if here else ''}."]
    if others:
        said.append(f"If that fails: {', then '.join(_named(*server[name]) for name in others)}.")
    if elsewhere := [own for own in sent if own != place]:
        said.append(f"Then your questions and passages are sent to {' or '.join(elsewhere)}.")
    if ranking:
        said.append(
            "To put passages in order, your questions and passages of your documents are sent to "
            f"{' and '.join(ranking)}."
        )
    return " ".join(said)


def _named(model: str, place: str) -> str:
    return f"{model} at {place}" if place else model


def _server(settings: Settings, name: str) -> tuple[str, str]:
    """What the model of an answerer is called, and where it is; empty where that is this machine."""
    if name == EXTRACTIVE:
        return "quotes from your documents", ""
    model = server_of(settings, name).model or "Ollama's first model"
    address = address_of(settings, name)
    if is_loopback(address):
        return model, ""
    shown = shown_address(address)
    return model, urlsplit(shown).netloc or shown
