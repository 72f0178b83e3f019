"""A model provider on loopback whose models are the rehearsal's, until they are told to fail."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from agents.gateway.gateway import Gateway
from agents.gateway.models import Keys, Models
from agents.gateway.registry import Registry
from agents.rehearsal import openai_face
from sandbox.faults import Fault
from sandbox.world import Sandbox

FIRST: Final = "gpt-4o"
SECOND: Final = "gpt-4o-mini"
_KEY: Final = "sk-turns"
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def honest(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return openai_face.answer({**body, "model": "rehearsal/honest"})


@dataclass
class Provider:
    sandbox: Sandbox
    registry: Registry
    _before: int = 0

    def gateway(self, *models: str) -> Gateway:
        """Without what an earlier one has learnt about its models."""
        return Gateway(Models(default=tuple(f"openai/{model}" for model in models)), adapters=self.registry)

    def answers(self, answer: Answer, *faults: Fault) -> None:
        """From now on; the calls so far are forgotten."""
        self.sandbox.openai.answer = answer
        self.sandbox.faults.clear()
        for fault in faults:
            self.sandbox.faults.add(fault)
        self._before = self.sandbox.openai.ledger.called

    @property
    def environment(self) -> dict[str, str]:
        """By which another process asks it."""
        base = f"{self.sandbox.url}/v1"
        return {"MASTERIA_MODEL": f"openai/{FIRST}", "OPENAI_BASE_URL": base, "OPENAI_API_KEY": _KEY}

    @property
    def calls(self) -> int:
        return self.sandbox.openai.ledger.called - self._before


@asynccontextmanager
async def open_provider() -> AsyncIterator[Provider]:
    async with Sandbox.open(seed=1) as sandbox:
        sandbox.openai.add_key(_KEY, name="turns")
        registry = Registry(Keys(by_provider={"openai": _KEY}, openai_base=f"{sandbox.url}/v1"))
        yield Provider(sandbox, registry)
        await registry.close()
