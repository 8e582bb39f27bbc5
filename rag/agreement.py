"""Settings that must agree with one another, checked before a change of them is kept.

Each setting's own bounds are checked in rag.settings. These checks are for whoever is about to save:
at work the program copes with settings that disagree, by the smaller of two limits.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.errors import SettingsError
from rag.retrieval_settings import RetrievalSettings
from rag.server_settings import OpenAISettings
from rag.settings import AnswerSettings, ChunkingSettings

#: Tokens that the instructions and a question take of the prompt, about.
INSTRUCTION_TOKENS = 400
#: Part of a passage, at most, that may repeat its neighbour, and that its title and headings may take.
MOST_SHARE = 0.5


def left_of_window(answer: AnswerSettings) -> int:
    """Tokens of the model's window that no budget claims; negative when they claim more than it has."""
    return answer.window_tokens - answer.context_tokens - answer.history_tokens - answer.reserve_tokens


def check_budgets(answer: AnswerSettings) -> None:
    """Raise SettingsError when the budgets and the instructions do not fit into the model's window."""
    left = left_of_window(answer)
    if left < INSTRUCTION_TOKENS:
        claimed = answer.window_tokens - left
        raise SettingsError(
            f"Passages, earlier turns and the answer claim {claimed:,} tokens, and the instructions and the "
            f"question need about {INSTRUCTION_TOKENS}; the model's window holds {answer.window_tokens:,}. "
            "Lower one of the three, or raise the window if your model has a larger one."
        )


def check_passages(chunking: ChunkingSettings) -> None:
    """Raise SettingsError when overlap or headings would take most of a passage."""
    most = int(chunking.max_tokens * MOST_SHARE)
    for path, value in (
        ("overlap_tokens", chunking.overlap_tokens),
        ("header_tokens", chunking.header_tokens),
    ):
        if value > most:
            raise SettingsError(
                f"chunking.{path} = {value} is more than half of a passage of {chunking.max_tokens} tokens. "
                f"Lower it to {most} or less, or make passages longer."
            )


def check_search(retrieval: RetrievalSettings) -> None:
    """Raise SettingsError when more passages are to be kept than are fetched."""
    if retrieval.k > retrieval.candidates:
        raise SettingsError(
            f"{retrieval.k} passages are to be kept, but only {retrieval.candidates} are looked at. "
            "Keep fewer, or look at more."
        )


def check_key_stays(before: OpenAISettings, after: OpenAISettings) -> None:
    """Raise SettingsError when a key that was kept for one server would go to another.

    Otherwise whoever may change the address, but not see the key, could have it sent to themselves.
    """
    kept = bool(before.api_key) and before.api_key == after.api_key
    if kept and _server(before.base_url) != _server(after.base_url):
        raise SettingsError(
            f"The saved key belongs to {_server(before.base_url)} and is not sent to "
            f"{_server(after.base_url)}. Enter the key for the new address, or remove the saved one first."
        )


def _server(address: str) -> str:
    """Scheme, host and port of an address, without user name and password. Raises SettingsError."""
    try:
        parts = urlsplit(address.strip())
    except ValueError as error:
        raise SettingsError(
            "The server's base_url is no address. Write it like https://api.openai.com/v1."
        ) from error
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"
