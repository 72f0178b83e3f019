"""The model provider's part of the control plane: keys, faults of models, transcripts, and the ledger of calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from sandbox.fault_json import fault_to
from sandbox.faults import Faults
from sandbox.ledger_json import call_to
from sandbox.openai.faults import MODEL_FAULTS
from sandbox.openai.provider import OpenAi
from sandbox.paging import page_of
from sandbox.panel import LARGEST_BODY, Refusal, answer, guarded, not_there, read, variant
from sandbox.strict import strict

PREFIX: Final = "/_sandbox/openai"
_BY_NAME: Final = {kind.__name__: kind for kind in MODEL_FAULTS}
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    key: str = field(repr=False)
    name: str = ""


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """Of these bytes, or of the file with this SHA-256."""

    text: str
    audio: bytes | None = None
    sha256: str | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is None stays as it is."""

    models: tuple[str, ...] | None = None
    context_tokens: int | None = None


class OpenAiControl:
    def __init__(self, openai: OpenAi, faults: Faults) -> None:
        self._openai = openai
        self._faults = faults

    def add_to(self, app: web.Application) -> None:
        """Before the rest of the control plane, whose prefix begins alike."""
        panel = web.Application(middlewares=[guarded], client_max_size=LARGEST_BODY)
        router = panel.router
        router.add_get("/keys", self._keys)
        router.add_post("/keys", self._add_key)
        router.add_delete("/keys/{name}", self._remove_key)
        router.add_patch("/settings", self._change)
        router.add_post("/faults", self._add_fault)
        router.add_post("/transcripts", self._transcript)
        router.add_get("/calls", self._calls)
        app.add_subapp(PREFIX, panel)

    async def _keys(self, _request: web.Request) -> web.Response:
        return answer({"keys": list(self._openai.keys)})

    async def _add_key(self, request: web.Request) -> web.Response:
        told = await read(request, NewKey)
        if not told.key:
            raise Refusal(422, "A chave não pode ser vazia.", "A key is not empty.")
        self._openai.add_key(told.key, name=told.name)
        return await self._keys(request)

    async def _remove_key(self, request: web.Request) -> web.Response:
        if not self._openai.remove_key(request.match_info["name"]):
            raise not_there(request.match_info["name"])
        return await self._keys(request)

    async def _change(self, request: web.Request) -> web.Response:
        told = await read(request, Change)
        if told.context_tokens is not None and told.context_tokens < 1:
            raise Refusal(422, "context_tokens é 1 ou mais.", "context_tokens is 1 or more.")
        self._openai.models = self._openai.models if told.models is None else told.models
        self._openai.context_tokens = told.context_tokens or self._openai.context_tokens
        return answer({"models": list(self._openai.models), "context_tokens": self._openai.context_tokens})

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Those that only models have; the others are set beside WhatsApp's, with a path."""
        told = await read(request, dict[str, Any])
        self._faults.add(variant(_BY_NAME, told, key="name"))
        return answer({"faults": [fault_to(fault) for fault in self._faults.set_now]})

    async def _transcript(self, request: web.Request) -> web.Response:
        told = await read(request, Transcript)
        return answer({"sha256": self._kept(told)})

    def _kept(self, told: Transcript) -> str:
        if told.audio is not None and told.sha256 is None:
            return self._openai.transcripts.tell(told.audio, told.text)
        if told.audio is not None or not _FINGERPRINT.fullmatch(told.sha256 or ""):
            fields: Mapping[str, str] = {"sha256": "64 hex digits, or audio in base64"}
            raise Refusal(422, "Diga o áudio ou o SHA-256 dele.", "Name the audio or its SHA-256.", fields)
        fingerprint = told.sha256 or ""
        self._openai.transcripts.tell_of(fingerprint, told.text)
        return fingerprint

    async def _calls(self, request: web.Request) -> web.Response:
        ledger = self._openai.ledger
        page = page_of(request)
        calls = ledger.calls_page(after=page.after, limit=page.limit)
        return answer(page.told([call_to(call) for call in calls], forgotten=ledger.forgotten))
