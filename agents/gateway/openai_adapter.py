"""OpenAI and servers that speak as it does, through LangChain's client, over our connections."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any, Final, cast

import httpx
import openai
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletion

from agents.gateway import picture, sound, vectors
from agents.gateway.adapter import Embedded, Failed, Failure, Finish, Piece, Told
from agents.gateway.connections import capped_client
from agents.gateway.models import OPENAI, Keys
from agents.gateway.port import EmbeddingRequest, MediaRequest, ModelRequest, Usage
from agents.gateway.prices import cost_micros, price_of, sound_price_of, vector_price_of
from agents.gateway.provider_errors import as_failures
from agents.gateway.wire import finish_of, response_format

_MESSAGES: Final = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
# Those that think before they speak take no temperature but their own.
_OWN_TEMPERATURE: Final = re.compile(r"o\d|gpt-5(?!.*chat)")


def make_adapter(keys: Keys) -> "OpenAiAdapter":
    price_of(OPENAI)  # reads the tables here, where nobody waits for them
    sound_price_of(OPENAI)
    vector_price_of(OPENAI)
    return OpenAiAdapter(key=keys.by_provider.get(OPENAI, ""), base=keys.openai_base)


class OpenAiAdapter:
    def __init__(self, *, key: str, base: str | None) -> None:
        self._key = key
        self._base = base
        self._clients: dict[str, ChatOpenAI] = {}
        self._http: httpx.AsyncClient | None = None
        self._open = AsyncExitStack()

    async def complete(self, model: str, request: ModelRequest) -> Told:
        return await self._asked(model, _messages(request), self._options(model, request))

    async def transcribe(self, model: str, request: MediaRequest) -> Told:
        """By OpenAI's own client: LangChain's knows chats alone."""
        client = await self._bare_client()
        with as_failures():
            answer = await client.audio.transcriptions.create(
                model=model.partition("/")[2], timeout=request.deadline.remaining, **sound.fields(model, request)
            )
            return sound.heard(model, answer.model_dump(), is_priced=self._base is None)

    async def describe(self, model: str, request: MediaRequest) -> Told:
        asked: list[BaseMessage] = [
            _MESSAGES[each["role"]](content=each["content"]) for each in picture.messages(request)
        ]
        options = {"max_tokens": request.max_output_tokens, "response_format": response_format(picture.SCHEMA)}
        return await self._asked(model, asked, options)

    async def embed(self, model: str, request: EmbeddingRequest) -> Embedded:
        client = await self._bare_client()
        with as_failures():
            answer = await client.embeddings.create(
                model=model.partition("/")[2], timeout=request.deadline.remaining, **vectors.fields(model, request)
            )
            return vectors.embedded(model, answer.model_dump(), is_priced=self._base is None)

    async def stream(self, model: str, request: ModelRequest) -> AsyncGenerator[Piece]:
        client = await self._client(model)
        with as_failures():
            chunks = client.astream(_messages(request), **self._options(model, request))
            try:
                async with aclosing(cast("AsyncGenerator[AIMessageChunk]", chunks)):
                    async for chunk in chunks:
                        yield self._piece(model, chunk)
            except openai.LengthFinishReasonError:
                yield Piece(finish=Finish.LENGTH)

    async def close(self) -> None:
        self._clients.clear()
        self._http = None
        await self._open.aclose()

    def _piece(self, model: str, chunk: AIMessageChunk) -> Piece:
        told = self._usage(model, chunk.usage_metadata) if chunk.usage_metadata else None
        if chunk.additional_kwargs.get("refusal"):
            raise Failed(Failure.FILTERED, usage=told)
        reason = chunk.response_metadata.get("finish_reason")
        finish = None if reason is None else finish_of(reason, told)
        return Piece(text=chunk.text, finish=finish, usage=told)

    def _cut(self, model: str, completion: ChatCompletion) -> Told:
        """The library's way to say that the limit of tokens was reached."""
        text = completion.choices[0].message.content if completion.choices else None
        took = completion.usage
        told = {"input_tokens": took.prompt_tokens, "output_tokens": took.completion_tokens} if took else None
        return Told(text=text or "", finish=Finish.LENGTH, usage=self._usage(model, told))

    async def _asked(self, model: str, messages: list[BaseMessage], options: Mapping[str, Any]) -> Told:
        client = await self._client(model)
        with as_failures():
            try:
                message = await client.ainvoke(messages, **options)
            except openai.LengthFinishReasonError as cut:
                return self._cut(model, cut.completion)
            usage = self._usage(model, message.usage_metadata)
            if message.additional_kwargs.get("refusal"):
                raise Failed(Failure.FILTERED, usage=usage)
            return Told(
                text=message.text, finish=finish_of(message.response_metadata.get("finish_reason"), usage), usage=usage
            )

    async def _connected(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = await self._open.enter_async_context(capped_client())
        return self._http

    async def _bare_client(self) -> openai.AsyncOpenAI:
        http = await self._connected()
        return openai.AsyncOpenAI(api_key=self._key, base_url=self._base, http_client=http, max_retries=0)

    async def _client(self, model: str) -> ChatOpenAI:
        if model not in self._clients:
            self._clients[model] = ChatOpenAI(
                model=model.partition("/")[2],
                api_key=self._given_key,
                base_url=self._base,
                http_async_client=await self._connected(),
                max_retries=0,
                stream_usage=True,
                stream_chunk_timeout=None,
                use_responses_api=False,
                cache=False,
            )
        return self._clients[model]

    async def _given_key(self) -> str:
        """Asynchronous, so that LangChain makes no second client for calls that wait, which nobody makes here."""
        return self._key

    def _options(self, model: str, request: ModelRequest) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": request.max_output_tokens}
        if not _OWN_TEMPERATURE.match(model.partition("/")[2]):
            options["temperature"] = request.temperature
        if request.schema is not None:
            options["response_format"] = response_format(request.schema)
        if request.cache_key and self._base is None:  # other servers may refuse what they do not know
            options["prompt_cache_key"] = request.cache_key
        return options

    def _usage(self, model: str, told: Mapping[str, Any] | None) -> Usage:
        """What is not told is not known; whose server it is decides whether OpenAI's prices hold."""
        if not told:
            return Usage(cost_micros=None)
        details: Mapping[str, Any] = told.get("input_token_details") or {}
        counts = {
            "input_tokens": int(told.get("input_tokens") or 0),
            "output_tokens": int(told.get("output_tokens") or 0),
            "cached_tokens": int(details.get("cache_read") or 0),
        }
        return Usage(**counts, cost_micros=None if self._base else cost_micros(model, **counts))


def _messages(request: ModelRequest) -> list[BaseMessage]:
    return [_MESSAGES[prompt.role](content=prompt.content) for prompt in request.prompts]
