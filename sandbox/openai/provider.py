"""An OpenAI-compatible provider, put together: keys, faults, a ledger of its own, and the routes under `/v1`."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from sandbox import misbehaving
from sandbox.clock import Stamp
from sandbox.faults import BrokenJson, ErrorCode, Fault, HalfBody, Occasion, Stage, TooManyRequests
from sandbox.ground import Ground
from sandbox.ledger import Call, Ledger, Message, Outcome
from sandbox.openai import transcripts
from sandbox.openai.embeddings import embeddings
from sandbox.openai.errors import OpenAiError, coded, no_such_model, refused
from sandbox.openai.faults import BrokenSse, CutStream, ModelFault, SlowTokens, StreamError
from sandbox.openai.reading import ChatCall, chat_call, parsed, text_of
from sandbox.openai.replies import Answer, Labels, Spoken, chunks_of, completion_of, event, nobody, spoken, twisted
from sandbox.openai.streaming import streamed
from sandbox.openai.transcripts import Transcripts

Work = Callable[[web.Request, Call, Fault | None], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MODELS: Final = (
    *("gpt-4o", "gpt-4o-mini", "text-embedding-3-large", "text-embedding-3-small"),
    *("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"),
)
CONTEXT: Final = 128_000
_LARGEST_BODY: Final = 32 * 1024 * 1024
_BEARER: Final = "Bearer "
_REFUSALS: Final = range(400, 600)
_WHOLE: Final[dict[type[Fault], Fault]] = {CutStream: HalfBody(), BrokenSse: BrokenJson()}


class OpenAi:
    """`answer` is whoever thinks; what is here knows the wire alone."""

    def __init__(self, ground: Ground, *, answer: Answer = nobody) -> None:
        self._ground = ground
        self._numbers = itertools.count(1)
        self._keys: dict[str, str] = {}
        self.answer = answer
        self.ledger = Ledger()
        self.transcripts = Transcripts()
        self.models: tuple[str, ...] = MODELS
        self.context_tokens = CONTEXT

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the keys, as the ledger knows them."""
        return tuple(self._keys.values())

    def add_key(self, key: str, *, name: str = "") -> None:
        """Requests with this key come in; the ledger names them by `name`."""
        self._keys[key] = name or f"key-{len(self._keys) + 1}"

    def remove_key(self, name: str) -> bool:
        kept = {key: known for key, known in self._keys.items() if known != name}
        was_there, self._keys = len(kept) < len(self._keys), kept
        return was_there

    def reset(self) -> None:
        """Forgets what happened; keys, models and who answers stay."""
        self.ledger.clear()
        self.transcripts.clear()
        self.context_tokens = CONTEXT

    def add_routes(self, app: web.Application) -> None:
        face = web.Application(client_max_size=_LARGEST_BODY)
        face.router.add_get("/models", self._route(self._list_models))
        face.router.add_get("/models/{name}", self._route(self._one_model))
        face.router.add_post("/chat/completions", self._route(self._chat))
        face.router.add_post("/embeddings", self._route(self._embed))
        face.router.add_post("/audio/transcriptions", self._route(self._transcribe))
        face.router.add_route("*", "/{rest:.*}", self._route(_nothing_there))
        app.add_subapp("/v1", face)

    def _route(self, work: Work) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            call = await self._arrived(request)
            try:
                return await self._met(request, call, work)
            except OpenAiError as error:
                self.ledger.settle(call, Outcome.REFUSED, code=error.status, fault=call.fault)
                return error.response(request_id=_request_id(call))

        return handler

    async def _arrived(self, request: web.Request) -> Call:
        is_form = request.content_type.startswith("multipart/")
        body = b"" if is_form else await request.read()
        name = self._keys.get(_key_of(request), "")
        told = _lenient(body)
        tag = told.get("user")
        return self.ledger.arrived(
            Stamp.now(),
            phone_id=name,
            recipient=str(told.get("model", "")),
            tag=tag if isinstance(tag, str) else None,
            body=body,
        )

    async def _met(self, request: web.Request, call: Call, work: Work) -> web.StreamResponse:
        """The work, unless the key or a fault stands before it."""
        self._check_key(request)
        trouble = self._ground.faults.draw(Occasion(path=request.path))
        await asyncio.sleep(trouble.delay)
        fault = trouble.fault
        call.fault = None if fault is None else type(fault).__name__
        match fault:
            case TooManyRequests(retry_after=after):
                raise coded(web.HTTPTooManyRequests.status_code, "rate_limit_exceeded", retry_after=after)
            case ErrorCode(code=code, details=details, status=status):
                wanted = status or code
                raise coded(wanted if wanted in _REFUSALS else min(_REFUSALS), details or "sandbox_fault")
        if fault is not None and fault.stage is Stage.BEFORE:
            self.ledger.settle(call, Outcome.FAILED, fault=call.fault)
            return await misbehaving.unaccepted(request, fault)
        return await work(request, call, fault)

    def _check_key(self, request: web.Request) -> None:
        key = _key_of(request)
        if not key:
            raise OpenAiError(401, "You didn't provide an API key. Use HTTP Bearer auth.")
        if key not in self._keys:
            raise coded(401, "invalid_api_key")

    def _check_model(self, name: str) -> None:
        if name not in self.models:
            raise no_such_model(name)

    async def _chat(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        chat = chat_call(parsed(call.body), context=self.context_tokens)
        self._check_model(chat.model)
        completion = self.answer(chat.body)
        if "error" in completion:
            raise refused(completion)
        said = twisted(spoken(chat, completion), fault)
        created = int(self._ground.clock.seconds())
        labels = Labels(id=f"chatcmpl-sandbox{next(self._numbers)}", model=chat.model, created=created)
        self.ledger.accept(call, Message(wamid=labels.id, recipient=chat.model, kind="chat", text=said.text or ""))
        return await self._told(request, chat, said, labels=labels, fault=fault)

    async def _told(
        self, request: web.Request, chat: ChatCall, said: Spoken, *, labels: Labels, fault: Fault | None
    ) -> web.StreamResponse:
        chunks = chunks_of(said, labels, wants_usage=chat.wants_usage)
        if chat.is_streamed:
            return await streamed(request, [event(chunk) for chunk in chunks], fault=fault, request_id=labels.id)
        if isinstance(fault, StreamError):
            raise OpenAiError(500, "The server had an error while processing your request.")
        if isinstance(fault, SlowTokens):
            await asyncio.sleep(fault.seconds * len(chunks))
        return await _whole(request, completion_of(said, labels), fault=fault)

    async def _embed(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        body = parsed(call.body)
        self._check_model(text_of(body, "model"))
        told = embeddings(body)
        self.ledger.accept(call, Message(wamid=_request_id(call), recipient=told["model"], kind="embedding", text=""))
        return await _whole(request, told, fault=fault)

    async def _transcribe(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        form = await transcripts.read(request)
        self._check_model(form.model)
        answer = await self.transcripts.answer(form)
        self.ledger.accept(call, Message(wamid=_request_id(call), recipient=form.model, kind="audio", text=""))
        return answer if fault is None else await misbehaving.accepted(request, fault, answer)

    async def _list_models(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        self.ledger.settle(call, Outcome.READ, fault=call.fault)
        return await _whole(request, {"object": "list", "data": [_model(name) for name in self.models]}, fault=fault)

    async def _one_model(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        name = request.match_info["name"]
        self._check_model(name)
        self.ledger.settle(call, Outcome.READ, fault=call.fault)
        return await _whole(request, _model(name), fault=fault)


async def _whole(request: web.Request, told: dict[str, Any], *, fault: Fault | None) -> web.StreamResponse:
    answer = web.Response(body=json.dumps(told).encode(), content_type="application/json")
    met = _WHOLE.get(type(fault), fault) if fault is not None else None
    if met is None or isinstance(met, ModelFault):  # then it is in the answer itself
        return answer
    return await misbehaving.accepted(request, met, answer)


async def _nothing_there(request: web.Request, _call: Call, _fault: Fault | None) -> web.StreamResponse:
    message = f"Unknown request URL: {request.method} {request.path[:128]}. Please check the URL for typos."
    raise OpenAiError(404, message, code="unknown_url")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "sandbox"}


def _request_id(call: Call) -> str:
    return f"req_sandbox{call.number}"


def _key_of(request: web.Request) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix(_BEARER) if header.startswith(_BEARER) else ""


def _lenient(body: bytes) -> dict[str, Any]:
    """For the ledger alone, which also keeps what is refused."""
    try:
        value = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
