"""What people call those who may answer. Names of their own models are shown as they are."""

from __future__ import annotations

TITLES = {"extractive": "Quotes (built in)", "openai": "Model server", "ollama": "Ollama"}


def answerer_title(name: str) -> str:
    """The plain name of an answerer of the settings."""
    return TITLES.get(name, name)
