"""Who answers, and where the text goes for it, in a sentence. Looks at settings only; asks no server."""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.llms import is_loopback, shown_address
from rag.rerankers import destinations
from rag.settings import Settings


def who_answers(settings: Settings) -> str:
    """One to three sentences for the user; plain text, without Markdown."""
    others = destinations(settings)
    if not others:
        return _who_answers(settings)
    answered = (
        _who_answers(settings)
        .removesuffix("; nothing leaves this machine.")
        .removesuffix("; nothing leaves it.")
    )
    return (
        f"{answered.rstrip('.')}. To put passages in order, your questions and passages of your documents "
        f"are sent to {' and '.join(others)}."
    )


def _who_answers(settings: Settings) -> str:
    model = settings.answer.model
    if model == "openai":
        return _of_server(settings.openai.model, settings.openai.base_url)
    if model == "ollama":
        return _of_server(settings.ollama.model or "Ollama's first model", settings.ollama.host)
    return "Answers are quotes from your documents; nothing leaves this machine."


def _of_server(model: str, address: str) -> str:
    if is_loopback(address):
        return f"Answers come from {model} on this machine; nothing leaves it."
    shown = shown_address(address)
    host = urlsplit(shown).netloc or shown
    return (
        f"Answers come from {model} at {host}: your questions and passages of your documents are sent there."
    )
