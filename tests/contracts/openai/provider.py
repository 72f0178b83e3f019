"""A provider on loopback and a gateway over one of the real adapters, with nothing between the two but the wire."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from agents.gateway.adapter import Adapter
from agents.gateway.gateway import Gateway
from agents.gateway.models import HEARING, Keys, Models
from agents.gateway.port import ModelRequest, Prompt, Purpose, Schema
from agents.gateway.registry import Registry
from core.clock import Deadline
from sandbox.ledger import Call
from sandbox.world import Sandbox

KEY: Final = "sk-contract"
MODEL: Final = "openai/gpt-4o"
EAR: Final = "openai/whisper-1"
WORDS: Final = "Olá! Temos vaga amanhã às 10h."
SAY: Final = Schema(
    name="respond",
    body={
        "type": "object",
        "properties": {"say": {"type": "string"}, "cited": {"type": "array", "items": {"type": "string"}}},
        "required": ["say", "cited"],
        "additionalProperties": False,
    },
)
OPEN: Final = Schema(name="open", body={"type": "object", "properties": {"say": {"type": "string"}}})
DATA: Final = {"say": WORDS, "cited": ["p1"]}


def answered(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """As long as it is not told otherwise."""
    text = json.dumps(DATA, ensure_ascii=False) if body.get("response_format") else WORDS
    usage = {"prompt_tokens": 1200, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 1024}}
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}


class ByLiteLlm:
    """Every name goes to litellm's adapter, which `openai/*` does not in production."""

    def __init__(self, keys: Keys) -> None:
        self._registry = Registry(keys)
        self._adapter: Adapter | None = None

    async def adapter(self, model: str) -> Adapter:
        del model
        return await self._registry.adapter("litellm/any")

    async def close(self) -> None:
        await self._registry.close()


@dataclass
class Provider:
    sandbox: Sandbox
    gateway: Gateway

    @property
    def calls(self) -> list[Call]:
        return list(self.sandbox.openai.ledger.calls)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(call.body) for call in self.calls]


@asynccontextmanager
async def provider(kind: str, *, key: str = KEY, port: int | None = None) -> AsyncIterator[Provider]:
    """With a `port` of its own the gateway asks there, where nobody listens."""
    async with Sandbox.open(seed=1) as sandbox:
        sandbox.openai.answer = answered
        sandbox.openai.add_key(KEY, name="contract")
        base = sandbox.url if port is None else f"http://127.0.0.1:{port}"
        keys = Keys(by_provider={"openai": key}, openai_base=f"{base}/v1")
        adapters = Registry(keys) if kind == "langchain" else ByLiteLlm(keys)
        gateway = Gateway(Models(default=(MODEL,), by_alias={HEARING: (EAR,)}), adapters=adapters)
        await gateway.warm()
        try:
            yield Provider(sandbox, gateway)
        finally:
            await gateway.close()


def request(*, seconds: float = 5.0, schema: Schema | None = None, **changes: Any) -> ModelRequest:
    told: dict[str, Any] = {
        "purpose": Purpose.RESPOND,
        "aliases": ("main",),
        "prompts": (
            Prompt(role="system", content="Você é a Lia. ação: 🙂", is_stable=True),
            Prompt(role="user", content="tem vaga amanhã?"),
        ),
        "deadline": Deadline.after(seconds),
        "schema": schema,
        "cache_key": "company:3",
        "metadata": {"conversation_id": "c1"},
    }
    return ModelRequest(**told | changes)
