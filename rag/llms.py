"""Language models that stream an answer: the seam, its fake, and what the adapters share.

Nothing here chooses passages, writes prompts or keeps a conversation. Errors name the address
and the model, never the key.
"""

from __future__ import annotations

import ipaddress
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

from rag.answerers import path_of, server_of
from rag.errors import (
    ContextOverflow,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnreachable,
)
from rag.patience import PATIENCE, Patience, patiently
from rag.server_settings import OllamaSettings
from rag.settings import Settings
from rag.thinking import ThinkingFilter
from rag.tokens import get_token_counter
from rag.types import Message, Usage

#: Longest wait for a connection, which a server that runs grants at once.
CONNECT_SECONDS = 5.0

_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|context (?:length|window|size)|maximum context"
    r"|(?:prompt|input|message|messages|request)\b.{0,40}\btoo (?:long|large)|prompt is too long"
    r"|exceed\w*.{0,40}\bcontext\b|reduce the length|maximum number of (?:input )?tokens"
    r"|tokens? (?:must be|limit|exceed)",
    re.IGNORECASE,
)


class ChatModel(Protocol):
    """A language model. `usage` is None until a stream has ended.

    `waiting` is a sentence while a server that did not answer is given time; else it is empty.
    `thinking` is what a reasoning model has thought so far; it is no part of the reply.
    """

    name: str
    usage: Usage | None
    waiting: str
    thinking: str

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        """The reply in pieces as they come; an empty one says that there is nothing to show yet.

        Closing the iterator ends the request. Raises ModelError.
        """
        ...

    def window(self, wanted: int) -> int:
        """Tokens that it reads at once: `wanted`, or fewer where it can do no more. Raises ModelError."""
        ...


class ScriptedChatModel:
    """The deterministic fake: gives its replies in turn, in pieces of `chunk` characters.

    `asked` holds the messages of each call. Raises ModelUnreachable when no reply is left.
    """

    def __init__(self, replies: list[str], chunk: int = 7, name: str = "scripted") -> None:
        self.name = name
        self.usage: Usage | None = None
        self.waiting = ""
        self.thinking = ""
        self.asked: list[list[Message]] = []
        self._replies = list(replies)
        self._chunk = chunk

    def stream(self, messages: Sequence[Message]) -> Generator[str]:
        """The next reply in pieces."""
        self.usage = None
        self.asked.append(list(messages))
        if len(self.asked) > len(self._replies):
            raise ModelUnreachable(f"The script of {self.name} has no reply left. Give it more replies.")
        reply = self._replies[len(self.asked) - 1]
        given = 0
        try:
            for start in range(0, len(reply), self._chunk):
                given += 1
                yield reply[start : start + self._chunk]
        finally:
            words = sum(len(message.content.split()) for message in messages)
            self.usage = Usage(words, given, estimated=True)

    def window(self, wanted: int) -> int:
        """As wanted."""
        return wanted


class ServerChatModel(ABC):
    """A model behind HTTP: retries, usage and errors are alike for all; an adapter speaks the protocol.

    `cut_short` says, when a stream has ended, that the model reached its limit before the end.
    `patience` is how a server is asked again (rag.patience); None for the usual. `section` is where in
    the settings the messages point to.
    """

    #: The name of the setting that holds the address.
    address_setting = ""

    def __init__(
        self,
        name: str,
        address: str,
        timeout_seconds: float,
        secrets: Sequence[str] = (),
        *,
        section: str,
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.section = section
        self.usage: Usage | None = None
        self.waiting = ""
        self.thinking = ""
        self.cut_short = False
        self._patience = patience or PATIENCE
        self.address = shown_address(address)
        self.timeout_seconds = timeout_seconds
        self._secrets = [secret for secret in secrets if secret]

    @abstractmethod
    def list_models(self) -> list[str]:
        """Names of the models that the server offers. Raises ModelError."""

    @abstractmethod
    def _pieces(self, messages: Sequence[Message]) -> Generator[str]:
        """One request: yields the reply's pieces, sets `usage` if told, raises ModelError.

        What comes as thinking is added to `thinking`, with an empty piece in its place.
        """

    def stream(self, messages: Sequence[Message]) -> Generator[str]:
        """The reply in pieces as they come.

        Closing the generator closes the connection. A server that is busy, fails or cannot be reached
        is asked again, but only before the first piece. Raises ModelError.
        """
        self.usage = None
        self.cut_short = False
        self.thinking = ""
        given: list[str] = []
        parted = ThinkingFilter()
        pieces = self._patiently(lambda: self._pieces(messages))
        try:
            for piece in pieces:
                thought, said = parted.feed(piece)
                self.thinking += thought
                given.append(said)
                yield said
            thought, said = parted.finish()
            self.thinking += thought
            given.append(said)
            if said:
                yield said
        finally:
            pieces.close()
            self.waiting = ""
            if self.usage is None and given:
                self.usage = self._estimated(messages, self.thinking + "".join(given))

    def window(self, wanted: int) -> int:
        """Tokens that it reads at once: as wanted, where the server does not say."""
        return wanted

    @property
    def circuit(self) -> str:
        """The key of the model's circuit (rag.circuits)."""
        return f"{self.address_setting} {self.address} {self.name}"

    @property
    def problem(self) -> str:
        """Why the model is not asked at the moment, as the end of a sentence; empty when it is."""
        return self._patience.circuits.problem(self.circuit)

    def _patiently(self, request: Callable[[], Generator[str]], *, proof: bool = True) -> Generator[str]:
        return patiently(
            request,
            key=self.circuit,
            name=f"{self.name} at {self.address}".lstrip(),
            patience=self._patience,
            say=self._say,
            proof=proof,
        )

    def _say(self, sentence: str) -> None:
        self.waiting = sentence

    def check(self) -> str:
        """Ask the server for its models and the model for a word; a sentence for the settings page.

        It is asked once, also while its circuit is open, which closes when it answers. Raises
        ModelError, whose text says what to do.
        """
        try:
            count = len(self.list_models())
            listed = f"{count} model{'' if count == 1 else 's'}"
        except ModelRefused:
            # Some servers answer questions but list no models; the question below decides.
            listed = "no list of models"
        pieces = self._pieces([Message("user", "Say yes.")])
        try:
            answers = any(piece.strip() for piece in pieces)
        finally:
            pieces.close()
        self._patience.circuits.succeeded(self.circuit)
        return f"Reached {self.address}; {listed}; {self.name} {'answers' if answers else 'sent no text'}."

    def _estimated(self, messages: Sequence[Message], reply: str) -> Usage:
        counter = get_token_counter(self.name)
        prompt = sum(counter.count(message.content) for message in messages)
        return Usage(prompt, counter.count(reply), estimated=True)

    def _unreachable(self, detail: object, *, passing: bool = False) -> ModelError:
        unreachable = ModelUnreachable(
            f"Nothing answers at {self.address}{self._quoted(detail)}. Start the server, or correct "
            f"{self.section}.{self.address_setting} in the settings."
        )
        return _passing(unreachable) if passing else unreachable

    def _timed_out(self) -> ModelUnreachable:
        return ModelUnreachable(
            f"{self.name or 'The server'} at {self.address} sent nothing for {self.timeout_seconds:g} "
            f"seconds. Ask again, choose a faster model, or raise {self.section}.timeout_seconds."
        )

    def _broken_off(self, detail: object = "") -> ModelError:
        return _passing(
            ModelUnreachable(
                f"{self.name} at {self.address} broke off before the answer was complete"
                f"{self._quoted(detail)}. Ask again; if it happens again, look into the server's log."
            )
        )

    def _not_the_protocol(self, detail: object = "") -> ModelUnreachable:
        return ModelUnreachable(
            f"What answers at {self.address} does not speak the expected protocol{self._quoted(detail)}. "
            f"Correct {self.section}.{self.address_setting} in the settings."
        )

    def _reported(
        self, status: int, detail: object, code: str = "", wait_seconds: float | None = None
    ) -> ModelError:
        """The error for an HTTP status, or for an error sent within a stream (status 0).

        `wait_seconds` is what the server asked to wait for.
        """
        said = self._quoted(detail)
        where = f"{self.name} at {self.address}"
        if status in (0, 400, 413, 422, 500) and _OVERFLOW.search(f"{code} {detail}"):
            return ContextOverflow(
                f"The prompt is longer than {where} takes{said}. Lower answer.context_tokens or "
                "answer.history_tokens, or ask in a new conversation."
            )
        if code == "insufficient_quota":
            return ModelBusy(
                f"The account's quota for {where} is spent{said}. Look into the account's billing."
            )
        if status in (429, 502, 503, 504, 529) or code == "rate_limit_exceeded":
            when = "a minute" if wait_seconds is None else f"{wait_seconds:.0f} seconds"
            busy = ModelBusy(f"{where} is busy or limits the rate{said}. Wait {when} and ask again.")
            return _passing(busy, wait_seconds)
        if status in (401, 403):
            return ModelRefused(f"{self.address} refused access{said}. {self._access_remedy()}")
        if status == 404:
            return ModelRefused(f"{self.address} has no model {self.name!r}{said}. {self._model_remedy()}")
        if status == 0:
            return self._broken_off(detail)
        if status < 500:
            return ModelRefused(f"{where} refused the request (HTTP {status}){said}. {self._model_remedy()}")
        return _passing(
            ModelError(f"{where} failed (HTTP {status}){said}. Look into the server's log and ask again."),
            wait_seconds,
        )

    def _access_remedy(self) -> str:
        return f"Check the rights of this machine at the server, or {self.section}.{self.address_setting}."

    def _model_remedy(self) -> str:
        return f"Choose another {self.section}.model in the settings."

    def _quoted(self, detail: object) -> str:
        """What the server said, on one line, bounded and without the key."""
        text = str(detail)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = " ".join(text.split()).rstrip(".")
        return f" ({text[:300]})" if text else ""


def get_chat_model(settings: Settings) -> ChatModel:
    """A fresh model as `settings.answer.model` names it; it is not contacted yet.

    Raises SettingsError for "extractive", which quotes and needs no language model.
    """
    name = settings.answer.model
    server, section = server_of(settings, name), path_of(name)
    if isinstance(server, OllamaSettings):
        from rag.llm_ollama import OllamaChatModel

        window = settings.answer.window_tokens
        return OllamaChatModel(server, window_tokens=window, section=section)
    from rag.llm_openai import OpenAIChatModel

    return OpenAIChatModel(server, section=section)


def is_address(text: str) -> bool:
    """Whether a text, with or without a scheme, names a host. Never asks a name server."""
    return bool(_host(text))


def is_loopback(address: str) -> bool:
    """Whether an address, with or without a scheme, names this machine. Never asks a name server."""
    host = _host(address)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def shown_address(address: str) -> str:
    """The address without the user name, password or query that it may hold."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
    except ValueError:
        # What cannot be taken apart may hold a password anywhere.
        return "an address that is none"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """What a Retry-After header asks to wait for; None where there is none that can be read."""
    said = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def went_away(error: BaseException) -> bool:
    """Whether a connection was refused or reset, which may pass; a name that nobody knows does not."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _passing(error: ModelError, wait_seconds: float | None = None) -> ModelError:
    error.passing = True
    error.wait_seconds = wait_seconds
    return error


def _host(address: str) -> str:
    try:
        return (urlsplit(address if "://" in address else f"http://{address}").hostname or "").lower()
    except ValueError:
        return ""
