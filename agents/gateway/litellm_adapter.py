"""Every other provider, through `litellm.acompletion` itself: its router would repeat calls that we count."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any, Final, cast

import litellm
from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients

from agents.gateway import picture, sound, vectors
from agents.gateway.adapter import Embedded, Failed, Failure, Piece, Told
from agents.gateway.connections import capped_client
from agents.gateway.models import OPENAI, Keys, provider_of
from agents.gateway.port import EmbeddingRequest, MediaRequest, ModelRequest, Prompt, Usage
from agents.gateway.prices import cost_micros, price_of, sound_price_of, vector_price_of
from agents.gateway.provider_errors import as_failures
from agents.gateway.wire import finish_of, response_format
from core.logging import adopt

_CACHES_WHERE_TOLD: Final = frozenset({"anthropic"})
_LONGEST: Final = 600.0


def make_adapter(keys: Keys) -> "LiteLlmAdapter":
    litellm.drop_params = True
    litellm.suppress_debug_info = True
    setattr(litellm, "DEFAULT_MAX_RETRIES", 0)  # noqa: B010 - not exported; taken for vectors where it is told 0
    adopt("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")  # its handlers print requests
    price_of(OPENAI)  # reads the tables here, where nobody waits for them
    sound_price_of(OPENAI)
    vector_price_of(OPENAI)
    return LiteLlmAdapter(keys)


class LiteLlmAdapter:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._open = AsyncExitStack()
        self._is_open = False

    async def complete(self, model: str, request: ModelRequest) -> Told:
        return await self._asked(model, self._call(model, request))

    async def transcribe(self, model: str, request: MediaRequest) -> Told:
        await self._connect()
        with as_failures():
            answer = await litellm.atranscription(**self._base(model, request), **sound.fields(model, request))
            told = answer.model_dump() if hasattr(answer, "model_dump") else dict(answer)
            return sound.heard(model, told, is_priced=True)

    async def describe(self, model: str, request: MediaRequest) -> Told:
        asked = {"messages": picture.messages(request), "response_format": response_format(picture.SCHEMA)}
        options = {"max_tokens": request.max_output_tokens, "drop_params": True}
        return await self._asked(model, self._base(model, request) | asked | options)

    async def embed(self, model: str, request: EmbeddingRequest) -> Embedded:
        await self._connect()
        asked = {**vectors.fields(model, request), **vectors.input_type(model, request)}
        with as_failures():
            answer = await litellm.aembedding(**self._base(model, request), **asked)
            return vectors.embedded(model, answer.model_dump(), is_priced=True)

    async def _asked(self, model: str, call: dict[str, Any]) -> Told:
        await self._connect()
        with as_failures():
            response = await litellm.acompletion(**call)
            usage = _usage(model, response.usage)
            choice = response.choices[0]
            if getattr(choice.message, "refusal", None) or _refusal(choice.message):
                raise Failed(Failure.FILTERED, usage=usage)
            finish = finish_of(choice.finish_reason, usage)
            return Told(text=choice.message.content or "", finish=finish, usage=usage)

    async def stream(self, model: str, request: ModelRequest) -> AsyncGenerator[Piece]:
        await self._connect()
        call = self._call(model, request)
        with as_failures():
            chunks = await litellm.acompletion(**call, stream=True, stream_options={"include_usage": True})
            async with aclosing(_generator(chunks)) as pieces:
                async for chunk in pieces:
                    yield _piece(model, chunk)
            # What the provider said: the library says "stop" by itself where a stream just ends.
            yield Piece(finish=finish_of(chunks.received_finish_reason, None))

    async def close(self) -> None:
        """Its clients are kept in a table of the library, which hands them out again after they are closed."""
        litellm.aclient_session = None
        await close_litellm_async_clients()  # type: ignore[no-untyped-call] # has no types
        litellm.in_memory_llm_clients_cache.flush_cache()  # type: ignore[no-untyped-call] # has no types
        self._is_open = False
        await self._open.aclose()

    async def _connect(self) -> None:
        """The providers that speak as OpenAI does go over our connections, with their cap."""
        if not self._is_open:
            self._is_open = True
            litellm.aclient_session = await self._open.enter_async_context(capped_client())

    def _call(self, model: str, request: ModelRequest) -> dict[str, Any]:
        provider = provider_of(model)
        call = self._base(model, request) | {
            "messages": [_message(prompt, provider) for prompt in request.prompts],
            "temperature": request.temperature,
            "max_tokens": request.max_output_tokens,
            "drop_params": True,
            "metadata": dict(request.metadata),
        }
        if request.schema is not None:
            call["response_format"] = response_format(request.schema)
        return call

    def _base(self, model: str, request: ModelRequest | MediaRequest | EmbeddingRequest) -> dict[str, Any]:
        """What every call carries: whom it is for, and that nobody repeats it but us."""
        provider = provider_of(model)
        call: dict[str, Any] = {
            "model": model,
            "timeout": min(request.deadline.remaining, _LONGEST),
            "num_retries": 0,
            "max_retries": 0,
        }
        if (key := self._keys.by_provider.get(provider)) is not None:
            call["api_key"] = key
        if provider == OPENAI and self._keys.openai_base is not None:
            call["api_base"] = self._keys.openai_base
        return call


def _message(prompt: Prompt, provider: str) -> dict[str, Any]:
    if not (prompt.is_stable and provider in _CACHES_WHERE_TOLD):
        return {"role": prompt.role, "content": prompt.content}
    part = {"type": "text", "text": prompt.content, "cache_control": {"type": "ephemeral"}}
    return {"role": prompt.role, "content": [part]}


def _refusal(message: Any) -> bool:
    fields = getattr(message, "provider_specific_fields", None)
    return isinstance(fields, Mapping) and bool(fields.get("refusal"))


def _usage(model: str, told: Any) -> Usage:
    """By the table of prices, for `completion_cost` says 0 where it knows none."""
    if told is None or not getattr(told, "total_tokens", 0):
        return Usage(cost_micros=None)
    details = getattr(told, "prompt_tokens_details", None)
    counts = {
        "input_tokens": int(told.prompt_tokens or 0),
        "output_tokens": int(told.completion_tokens or 0),
        "cached_tokens": int(getattr(details, "cached_tokens", None) or 0),
    }
    return Usage(**counts, cost_micros=cost_micros(model, **counts))


def _piece(model: str, chunk: Any) -> Piece:
    usage = getattr(chunk, "usage", None)
    text = chunk.choices[0].delta.content if chunk.choices else None
    return Piece(text=text or "", usage=_usage(model, usage) if usage is not None else None)


async def _generator(chunks: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    """Litellm's stream is no generator: closed, so that its connection is."""
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        inner = getattr(chunks, "completion_stream", None)
        if (close := getattr(inner, "close", None)) is not None:
            await cast("Any", close)()
