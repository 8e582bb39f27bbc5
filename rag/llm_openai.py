"""Chat with an OpenAI-compatible server: OpenAI itself, vLLM, llama.cpp, LM Studio and others.

Nothing here reads the environment's OPENAI_API_KEY: the key comes from the settings alone, goes to
the address in the settings alone, and appears in no message.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from rag.errors import ContextOverflow, MissingDependency, ModelError, ModelRefused, SettingsError
from rag.llms import CONNECT_SECONDS, ServerChatModel, is_loopback, seconds_to_wait, went_away
from rag.patience import Patience
from rag.secret_settings import AZURE_PARAMETER
from rag.server_settings import OpenAISettings
from rag.types import Message, Usage

if TYPE_CHECKING:
    import openai

#: Sent where no key is set: the protocol wants one, and servers that need none ignore it.
PLACEHOLDER_KEY = "none"

#: The SDK's own retries would repeat time-outs and obey a Retry-After of two minutes; see rag.patience.
SDK_RETRIES = 0

#: What the SDK tells about this machine with each request.
_MACHINE_HEADERS = (
    "X-Stainless-Lang",
    "X-Stainless-Package-Version",
    "X-Stainless-OS",
    "X-Stainless-Arch",
    "X-Stainless-Runtime",
    "X-Stainless-Runtime-Version",
)


class OpenAIChatModel(ServerChatModel):
    """The model `settings.model` at `settings.base_url`.

    Raises SettingsError for an address that is none, ModelRefused for a key that cannot be sent.
    """

    address_setting = "base_url"

    def __init__(
        self, settings: OpenAISettings, patience: Patience | None = None, section: str = "openai"
    ) -> None:
        key = settings.api_key.strip()
        try:
            parts = urlsplit(settings.base_url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(f"{section}.base_url is no address. Write it like https://api.openai.com/v1.")
        secrets = (key, parts.password or "")
        super().__init__(
            *(settings.model, settings.base_url, settings.timeout_seconds, secrets),
            section=section,
            patience=patience,
        )
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ModelRefused(f"{section}.api_key holds characters that no key has. Copy the key anew.")
        if not key and parts.hostname == "api.openai.com":
            raise ModelRefused(f"{self.address} needs a key. {self._access_remedy()}")
        self._base_url = urlunsplit(parts._replace(query="", fragment=""))
        self._query = dict(parse_qsl(parts.query))
        self._key = key
        self._asks_usage = True

    def list_models(self) -> list[str]:
        """Names of the models that the server offers, sorted. Raises ModelError."""
        with self._client() as client, self._translated():
            return sorted(model.id for model in client.models.list())

    def _pieces(self, messages: Sequence[Message]) -> Generator[str]:
        """One request; a server that does not know `stream_options` is asked again without it."""
        import openai

        with self._client() as client, self._translated():
            try:
                stream = self._request(client, messages)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._asks_usage or isinstance(self._for_status(error), ContextOverflow):
                    raise
                self._asks_usage = False
                try:
                    stream = self._request(client, messages)
                except openai.APIStatusError:
                    self._asks_usage = True
                    raise
            events = 0
            complete = False
            try:
                for event in stream:
                    events += 1
                    if event.usage is not None:
                        self.usage = Usage(event.usage.prompt_tokens, event.usage.completion_tokens)
                    for choice in event.choices or ():
                        if choice.finish_reason is not None:
                            complete = True
                            self.cut_short = choice.finish_reason == "length"
                        if choice.delta is None:
                            continue
                        if thought := _thought(choice.delta):
                            self.thinking += thought
                            yield ""
                        if choice.delta.content:
                            yield choice.delta.content
            finally:
                stream.close()
            if not complete:
                raise self._broken_off() if events else self._not_the_protocol()

    def _request(self, client: openai.OpenAI, messages: Sequence[Message]) -> openai.Stream[Any]:
        options: dict[str, Any] = {"stream_options": {"include_usage": True}} if self._asks_usage else {}
        chat: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        stream: openai.Stream[Any] = client.chat.completions.create(
            model=self.name, messages=chat, stream=True, **options
        )
        return stream

    @contextmanager
    def _client(self) -> Iterator[openai.OpenAI]:
        """A client for one request, so that closing a stream leaves no connection behind."""
        try:
            import httpx2
            import openai
        except ImportError as error:
            raise MissingDependency(f"{error}. Run `pip install openai`.") from error
        wait = self.timeout_seconds
        headers: dict[str, Any] = {name: openai.Omit() for name in _MACHINE_HEADERS}
        if AZURE_PARAMETER in self._query:
            headers["api-key"] = self._key
        with (
            httpx2.Client(
                trust_env=not is_loopback(self._base_url),
                timeout=httpx2.Timeout(wait, connect=min(wait, CONNECT_SECONDS)),
                follow_redirects=False,
            ) as http,
            openai.OpenAI(
                api_key=self._key or PLACEHOLDER_KEY,
                base_url=self._base_url,
                max_retries=SDK_RETRIES,
                default_headers=headers,
                default_query=self._query,
                http_client=http,
            ) as client,
        ):
            yield client

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the SDK's errors into ours; the cause is cut off, for it may hold what was sent."""
        import httpx2
        import openai

        try:
            yield
        except openai.APITimeoutError as error:
            raise self._after_timeout(error) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            if isinstance(cause, httpx2.ConnectError):
                raise self._unreachable(cause, passing=went_away(cause)) from None
            if isinstance(cause, httpx2.RemoteProtocolError | httpx2.ReadError | httpx2.WriteError):
                raise self._broken_off(cause) from None
            raise self._unreachable(cause) from None
        except openai.APIStatusError as error:
            raise self._for_status(error) from None
        except openai.APIResponseValidationError as error:
            raise self._not_the_protocol(error.message) from None
        except openai.APIError as error:
            raise self._reported(0, error.message, str(error.code or error.type or "")) from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # Malformed JSON, or JSON of another shape than the protocol's.
            raise self._not_the_protocol(error) from None

    def _after_timeout(self, error: openai.APITimeoutError) -> ModelError:
        import httpx2

        if isinstance(error.__cause__, httpx2.ConnectTimeout):
            return self._unreachable("no connection in time")
        return self._timed_out()

    def _for_status(self, error: openai.APIStatusError) -> ModelError:
        body = error.body if isinstance(error.body, dict) else {}
        detail = body.get("message") or error.message
        code = str(error.code or body.get("type") or "")
        return self._reported(error.status_code, detail, code, seconds_to_wait(error.response.headers))

    def _access_remedy(self) -> str:
        if self._secrets:
            return f"Correct {self.section}.api_key in the settings, or its rights at the server."
        return f"Set {self.section}.api_key in the settings."

    def _model_remedy(self) -> str:
        return (
            f"Choose another {self.section}.model in the settings; {self.section}.base_url must end in /v1 "
            "for most servers."
        )


def _thought(delta: Any) -> str:
    """What a reasoning model thought, in either of the fields that servers use; the SDK knows neither."""
    for field in ("reasoning_content", "reasoning"):
        thought = getattr(delta, field, None)
        if isinstance(thought, str) and thought:
            return thought
    return ""
