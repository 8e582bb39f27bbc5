"""What the servers of language models need to know. Read, checked and kept as all settings (rag.settings)."""

from __future__ import annotations

from dataclasses import dataclass

from rag.setting_field import setting

_WINDOW = "Tokens that the model reads at once; 0 takes answer.window_tokens."
_INPUT = "Price of a million tokens read, for the cost shown; 0 shows none."
_OUTPUT = "Price of a million tokens written."


@dataclass(frozen=True)
class OpenAISettings:
    """An OpenAI-compatible server."""

    base_url: str = setting(
        "https://api.openai.com/v1", "Address of the server, up to and with /v1.", address=True
    )
    api_key: str = setting("", "Key for the server; servers on this machine often need none.", secret=True)
    model: str = setting("gpt-4o-mini", "Model name as the server knows it.")
    timeout_seconds: float = setting(60.0, "Longest wait for the server.", minimum=1, maximum=3600)
    window_tokens: int = setting(0, _WINDOW, minimum=0, maximum=10_000_000)
    input_price: float = setting(0.0, _INPUT, minimum=0, maximum=1_000_000)
    output_price: float = setting(0.0, _OUTPUT, minimum=0, maximum=1_000_000)


@dataclass(frozen=True)
class OllamaSettings:
    """A local Ollama server."""

    host: str = setting("http://127.0.0.1:11434", "Address of the server.", address=True)
    model: str = setting("", "Model name; empty takes the first installed one.")
    timeout_seconds: float = setting(120.0, "Longest wait for the server.", minimum=1, maximum=3600)
    keep_alive: str = setting(
        "", "How long the model stays loaded after an answer, as 10m, 24h or -1 for always; empty: 5m."
    )
    window_tokens: int = setting(
        0, f"{_WINDOW} Never more than the model can.", minimum=0, maximum=10_000_000
    )
    input_price: float = setting(0.0, _INPUT, minimum=0, maximum=1_000_000)
    output_price: float = setting(0.0, _OUTPUT, minimum=0, maximum=1_000_000)


ServerSettings = OpenAISettings | OllamaSettings
#: The kinds of server, by the name of their section.
KINDS: dict[str, type[OpenAISettings] | type[OllamaSettings]] = {
    "openai": OpenAISettings,
    "ollama": OllamaSettings,
}
