"""Chat with an Ollama server.

Nothing here pulls a model: a missing one is reported with the command that fetches it. A model
that Ollama would run on another company's machines is used only when the settings name it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag.errors import MissingDependency, ModelRefused, SettingsError
from rag.llms import (
    CONNECT_SECONDS,
    ServerChatModel,
    is_address,
    is_loopback,
    seconds_to_wait,
    went_away,
)
from rag.patience import Patience
from rag.server_settings import OllamaSettings
from rag.types import Message, Usage

if TYPE_CHECKING:
    import httpx
    import ollama


#: The longest context of each model, by address and name, asked once a process.
_OWN_WINDOWS: dict[tuple[str, str], int] = {}


class OllamaChatModel(ServerChatModel):
    """The model `settings.model`, or the first installed one that can chat, at `settings.host`.

    `window_tokens` asks Ollama for a context of that size; without it Ollama cuts a long prompt
    at its own default and says nothing. `name` is empty until the first request when the
    settings name no model.
    """

    address_setting = "host"

    def __init__(
        self,
        settings: OllamaSettings,
        window_tokens: int | None = None,
        patience: Patience | None = None,
        section: str = "ollama",
    ) -> None:
        host = settings.host.strip()
        if not host:
            raise SettingsError(f"{section}.host is empty. Write it like http://127.0.0.1:11434.")
        if not is_address(host):
            raise SettingsError(f"{section}.host is no address. Write it like http://127.0.0.1:11434.")
        # The SDK sends OLLAMA_API_KEY from the environment along; messages must not show it.
        secrets = (os.environ.get("OLLAMA_API_KEY", ""),)
        super().__init__(
            *(settings.model, host, settings.timeout_seconds, secrets), section=section, patience=patience
        )
        self._wait_seconds: float | None = None
        self._host = host
        self._window_tokens = window_tokens
        self._keep_alive = _seconds_or_text(settings.keep_alive.strip())

    def list_models(self) -> list[str]:
        """Names of the installed models, newest first, as Ollama gives them. Raises ModelError."""
        with self._client() as client, self._translated():
            return [model.model for model in client.list().models if model.model]

    def check(self) -> str:
        """As for every model, and how much it reads. Raises ModelRefused when none is installed."""
        if not self.name:
            self.name = self._first_that_chats()
        said, window = super().check(), self.own_window()
        return f"{said} It reads up to {window:,} tokens at once." if window else said

    def _pieces(self, messages: Sequence[Message]) -> Generator[str]:
        if not self.name:
            self.name = self._first_that_chats()
        chat: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        options = {"num_ctx": self._context(self._window_tokens)} if self._window_tokens else None
        complete = False
        given = False
        with self._client() as client, self._translated():
            stream: Any = client.chat(
                model=self.name, messages=chat, stream=True, options=options, keep_alive=self._keep_alive
            )
            try:
                for event in stream:
                    if event.message is not None and event.message.thinking:
                        given = True
                        self.thinking += event.message.thinking
                        yield ""
                    if event.message is not None and event.message.content:
                        given = True
                        yield event.message.content
                    if event.done:
                        complete = True
                        self.cut_short = event.done_reason == "length"
                        # Ollama leaves the prompt's count out when it had the prompt in its cache.
                        if event.prompt_eval_count and event.eval_count is not None:
                            self.usage = Usage(event.prompt_eval_count, event.eval_count)
            finally:
                stream.close()
            if not complete:
                raise self._broken_off() if given else self._not_the_protocol()

    def window(self, wanted: int) -> int:
        """Tokens that the model reads at once: as wanted, but never more than it can. Raises ModelError."""
        found = wanted

        def ask() -> Generator[str]:
            nonlocal found
            if not self.name:
                self.name = self._first_that_chats()
            found = self._context(wanted)
            yield ""

        for _ in self._patiently(ask, proof=False):
            pass
        return found

    def own_window(self) -> int:
        """The longest context that the model was made for; 0 where Ollama does not say. Raises ModelError."""
        known = (self.address, self.name)
        if known not in _OWN_WINDOWS:
            with self._client() as client, self._translated():
                told = client.show(self.name).modelinfo or {}
            lengths = [value for name, value in told.items() if name.endswith(".context_length")]
            _OWN_WINDOWS[known] = int(lengths[0]) if lengths else 0
        return _OWN_WINDOWS[known]

    def _context(self, wanted: int) -> int:
        return min(wanted, self.own_window() or wanted)

    def _first_that_chats(self) -> str:
        names = self.list_models()
        for name in names:
            if name.endswith(("-cloud", ":cloud")):
                continue
            with self._client() as client, self._translated():
                abilities = client.show(name).capabilities
            if abilities is None or "completion" in abilities:
                return name
        raise ModelRefused(
            f"Ollama at {self.address} has no model of its own that can chat. Run `ollama pull llama3.2`, "
            f"or name one in {self.section}.model."
        )

    @contextmanager
    def _client(self) -> Iterator[ollama.Client]:
        """A client for one request, so that closing a stream leaves no connection behind."""
        try:
            import httpx
            import ollama
        except ImportError as error:
            raise MissingDependency(f"{error}. Run `pip install ollama`.") from error
        wait = self.timeout_seconds
        try:
            client = ollama.Client(
                self._host,
                timeout=httpx.Timeout(wait, connect=min(wait, CONNECT_SECONDS)),
                trust_env=not is_loopback(self._host),
                follow_redirects=False,
                # The SDK's errors do not carry the headers.
                event_hooks={"response": [self._note_wait]},
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise SettingsError(
                f"{self.section}.host is no address. Write it like http://127.0.0.1:11434."
            ) from error
        with client:
            yield client

    def _note_wait(self, response: httpx.Response) -> None:
        self._wait_seconds = seconds_to_wait(response.headers)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the SDK's errors into ours; the cause is cut off, for it may hold what was sent."""
        import httpx
        import ollama

        try:
            yield
        except ollama.ResponseError as error:
            status = max(error.status_code, 0)
            raise self._reported(status, error.error, wait_seconds=self._wait_seconds) from None
        except ConnectionError as error:
            # The SDK’s own, for whatever keeps a connection from being made; the cause stays its context.
            raise self._unreachable("", passing=went_away(error.__context__ or error)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._unreachable(error, passing=went_away(error)) from None
        except httpx.TimeoutException:
            raise self._timed_out() from None
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise self._broken_off(error) from None
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        except (ValueError, TypeError, AttributeError) as error:
            # Malformed JSON, or JSON of another shape than the protocol's.
            raise self._not_the_protocol(type(error).__name__) from None

    def _model_remedy(self) -> str:
        return f"Run `ollama pull {self.name}`, or choose another {self.section}.model in the settings."


def _seconds_or_text(keep_alive: str) -> float | str | None:
    """How long a model stays loaded, as Ollama takes it: a bare number goes as one; None for its default."""
    try:
        return float(keep_alive)
    except ValueError:
        return keep_alive or None
