"""What a process loads, and when: libraries of models cost seconds, and are for those who call one."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from agents.gateway.adapter import Failed
from agents.gateway.models import Keys
from agents.gateway.registry import Registry
from agents.gateway.rehearsal_adapter import RehearsalAdapter
from tests.agents.gateway.playing import SAY, request

ROOT = Path(__file__).parents[3]
LIBRARIES = ("litellm", "langchain_core", "langchain_openai", "openai", "tiktoken", "langsmith")


def loaded_by(code: str) -> set[str]:
    tail = f"; import sys; print(*[name for name in {LIBRARIES!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code + tail], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@dataclass(frozen=True, kw_only=True)
class Said:
    text: str = "Oi, Ana!"
    finish: Literal["stop", "length"] = "stop"
    input_tokens: int = 12
    output_tokens: int = 3


class Brain:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, messages: Any, **told: Any) -> Said:
        self.asked.append({"messages": messages, **told})
        return Said()


class TestLoading:
    def test_importing_the_gateway_loads_no_library_of_models(self) -> None:
        assert loaded_by("import agents.gateway.gateway") == set()

    def test_making_one_loads_none_either(self) -> None:
        code = (
            "from agents.gateway.gateway import make_gateway; from core.settings import Settings; "
            "make_gateway(Settings(masteria_model='openai/gpt-4o', openai_api_key='sk-1'))"
        )
        assert loaded_by(code) == set()

    def test_openai_does_not_load_litellm(self) -> None:
        code = (
            "import asyncio; from agents.gateway.models import Keys; from agents.gateway.registry import Registry; "
            "asyncio.run(Registry(Keys()).adapter('openai/gpt-4o'))"
        )
        loaded = loaded_by(code)
        assert loaded >= {"openai", "langchain_openai"}
        assert "litellm" not in loaded


class TestRehearsal:
    async def test_it_is_given_what_a_provider_would_be_given(self) -> None:
        brain = Brain()

        told = await RehearsalAdapter(brain).complete("rehearsal/chaotic?seed=7", request(schema=SAY))

        assert (told.text, told.usage.input_tokens, told.usage.cost_micros) == ("Oi, Ana!", 12, 0)
        assert brain.asked == [
            {
                "messages": [{"role": "system", "content": "Seja breve."}, {"role": "user", "content": "oi"}],
                "schema_name": "respond",
                "mode": "chaotic",
                "seed": 7,
            }
        ]

    async def test_it_is_honest_where_no_mode_is_named(self) -> None:
        brain = Brain()

        await RehearsalAdapter(brain).complete("rehearsal", request())

        assert (brain.asked[0]["mode"], brain.asked[0]["seed"], brain.asked[0]["schema_name"]) == ("honest", 0, None)

    async def test_it_streams_word_by_word(self) -> None:
        pieces = [piece async for piece in RehearsalAdapter(Brain()).stream("rehearsal", request())]

        assert [piece.text for piece in pieces] == ["Oi,", " Ana!", ""]
        assert pieces[-1].usage is not None

    async def test_a_name_that_is_none_is_refused(self) -> None:
        with pytest.raises(Failed):
            await RehearsalAdapter(Brain()).complete("rehearsal/Wild!", request())

    async def test_the_registry_hands_it_the_brain_once(self) -> None:
        registry = Registry(Keys())

        adapter = await registry.adapter("rehearsal")

        assert adapter is await registry.adapter("rehearsal/chaotic?seed=1")
        assert isinstance(adapter, RehearsalAdapter)
