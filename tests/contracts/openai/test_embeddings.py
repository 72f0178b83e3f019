"""Vectors on OpenAI's wire, over both clients: what goes out, what comes back, and what fails."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from agents.gateway.calls import Adapters, Calls
from agents.gateway.embeddings import EmbeddingModel, Embeddings
from agents.gateway.models import Keys
from agents.gateway.registry import Registry
from core.clock import Deadline
from knowledge.embeddings import EmbeddingFailed, TextKind
from sandbox import faults
from sandbox.faults import Fault
from sandbox.openai.embeddings import vector_of
from sandbox.openai.faults import BrokenSse
from sandbox.world import Sandbox
from tests.contracts.openai.provider import KEY, ByLiteLlm

V1 = "/v1/"
SMALL = EmbeddingModel.named("openai/text-embedding-3-small")
SHORT = EmbeddingModel.named("openai/text-embedding-3-small?dimensions=256")
# What pydantic thinks of litellm.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


@dataclass
class Provider:
    sandbox: Sandbox
    adapters: Adapters

    @property
    def calls(self) -> int:
        return len(list(self.sandbox.openai.ledger.calls))

    def of(self, model: EmbeddingModel = SHORT) -> Embeddings:
        return Embeddings(Calls(self.adapters), model, pause=0.01)


@asynccontextmanager
async def provider(kind: str, *, key: str = KEY) -> AsyncIterator[Provider]:
    async with Sandbox.open(seed=1) as sandbox:
        sandbox.openai.add_key(KEY, name="contract")
        keys = Keys(by_provider={"openai": key}, openai_base=f"{sandbox.url}/v1")
        adapters = Registry(keys) if kind == "openai" else ByLiteLlm(keys)
        await adapters.adapter(SMALL.name)
        yield Provider(sandbox, adapters)
        await adapters.close()


@pytest.fixture(params=["openai", "litellm"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    async with provider(request.param) as model:
        yield model


async def made(port: Embeddings, *texts: str, seconds: float = 5.0) -> list[list[float]]:
    vectors = await port.embed(texts, kind=TextKind.PASSAGE, deadline=Deadline.after(seconds))
    return [list(vector) for vector in vectors]


class TestVectors:
    async def test_each_text_gets_its_own_in_order_and_of_length_1(self, model: Provider) -> None:
        first, second = await made(model.of(SMALL), "prazo de entrega", "garantia do colchão")
        assert first == pytest.approx(vector_of("prazo de entrega", 1536), abs=1e-6)
        assert second == pytest.approx(vector_of("garantia do colchão", 1536), abs=1e-6)
        assert math.fsum(number * number for number in second) == pytest.approx(1)

    async def test_a_model_can_be_asked_for_shorter_ones(self, model: Provider) -> None:
        port = model.of()
        [vector] = await made(port, "frete")
        assert (len(vector), port.dimensions, port.name) == (256, 256, "openai/text-embedding-3-small")

    async def test_many_texts_go_out_in_a_few_calls(self, model: Provider) -> None:
        texts = [f"texto {number}" for number in range(130)]
        vectors = await made(model.of(), *texts)
        assert (len(vectors), model.calls) == (130, 3)
        assert vectors[129] == pytest.approx(vector_of("texto 129", 256), abs=1e-6)

    async def test_a_batch_of_the_longest_vectors_fits_under_the_cap(self, model: Provider) -> None:
        large = EmbeddingModel.named("openai/text-embedding-3-large")
        assert len(await made(model.of(large), *(f"texto {number}" for number in range(64)))) == 64

    async def test_a_text_of_nothing_is_no_trouble(self, model: Provider) -> None:
        assert len(await made(model.of(), "  ", "frete")) == 2


class TestTrouble:
    @pytest.mark.parametrize(
        "fault",
        [
            faults.ErrorCode(code=503, path=V1, times=2),
            faults.TooManyRequests(retry_after="0", path=V1, times=2),
            faults.DropBefore(path=V1, times=2),
            faults.HalfBody(path=V1, times=2),
            BrokenSse(path=V1, times=2),
        ],
    )
    async def test_what_passes_is_tried_again(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)
        assert len(await made(model.of(), "frete")) == 1
        assert model.calls == 3

    async def test_a_provider_that_asks_for_more_time_than_there_is_is_left_alone(self, model: Provider) -> None:
        model.sandbox.faults.add(faults.TooManyRequests(retry_after="20", path=V1))
        with pytest.raises(EmbeddingFailed, match="slow down"):
            await made(model.of(), "frete", seconds=2)
        assert model.calls == 1

    async def test_one_that_hangs_ends_with_the_deadline(self, model: Provider) -> None:
        model.sandbox.faults.add(faults.SlowAccept(seconds=5, path=V1))
        with pytest.raises(EmbeddingFailed):
            await made(model.of(), "frete", seconds=0.4)

    async def test_a_model_that_does_not_exist_is_not_asked_twice(self, model: Provider) -> None:
        unknown = EmbeddingModel.named("openai/text-embedding-9?dimensions=64")
        with pytest.raises(EmbeddingFailed, match="refused"):
            await made(model.of(unknown), "frete")
        assert model.calls == 1

    async def test_vectors_of_another_length_are_refused_with_what_to_mend(self, model: Provider) -> None:
        other = EmbeddingModel(name=SMALL.name, dimensions=768)
        with pytest.raises(EmbeddingFailed, match="MASTERIA_EMBEDDING_MODEL"):
            await made(model.of(other), "frete")

    @pytest.mark.parametrize("kind", ["openai", "litellm"])
    async def test_a_wrong_key_is_told_and_stands_in_no_error(self, kind: str) -> None:
        async with provider(kind, key="sk-wrong") as model:
            with pytest.raises(EmbeddingFailed) as refused:
                await made(model.of(), "frete")
        assert "sk-wrong" not in repr(refused.value)
        assert refused.value.__cause__ is None
