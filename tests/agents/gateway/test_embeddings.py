"""Batches, tries and sizes of vectors, over models that are played; and what the setting may say."""

import pytest
from pydantic import SecretStr

from agents.gateway import vectors
from agents.gateway.adapter import Failed, Failure
from agents.gateway.calls import Calls
from agents.gateway.embeddings import MOST_CHARACTERS, MOST_OF_TEXT, EmbeddingModel, Embeddings, make_embeddings
from agents.gateway.port import EmbeddingRequest
from agents.gateway.prices import vector_cost_micros
from core.clock import Deadline
from core.errors import Misconfigured
from core.settings import Settings
from knowledge.embeddings import EmbeddingFailed, TextKind, TextRejected
from tests.agents.gateway.playing import Act, Cast, Played, Vectors, failed

NAME = "x/v"
GOOD = Vectors(each=(3.0, 4.0))


def playing(*acts: Act) -> tuple[Embeddings, Played]:
    played = Played(list(acts))
    return Embeddings(Calls(Cast({NAME: played})), EmbeddingModel(name=NAME, dimensions=2)), played


async def embed(port: Embeddings, *texts: str, seconds: float = 5.0) -> list[list[float]]:
    made = await port.embed(texts, kind=TextKind.QUERY, deadline=Deadline.after(seconds))
    return [list(vector) for vector in made]


def wanted(*texts: str, is_query: bool = True) -> EmbeddingRequest:
    return EmbeddingRequest(texts=texts, is_query=is_query, deadline=Deadline.after(1))


class TestEmbed:
    async def test_vectors_come_out_with_length_1(self) -> None:
        port, _ = playing(GOOD)
        assert await embed(port, "frete") == [[0.6, 0.8]]

    async def test_nothing_to_embed_asks_nobody(self) -> None:
        port, played = playing(GOOD)
        assert await embed(port) == []
        assert played.embedded == []

    async def test_a_call_carries_no_more_than_a_provider_takes(self) -> None:
        port, played = playing(GOOD)
        await embed(port, *("x" * (MOST_OF_TEXT + 1000) for _ in range(20)))
        assert all(sum(map(len, one.texts)) <= MOST_CHARACTERS for one in played.embedded)
        assert sum(len(one.texts) for one in played.embedded) == 20

    async def test_a_vector_too_few_is_tried_again_and_then_given_up(self) -> None:
        port, played = playing(Vectors(each=(3.0, 4.0), missing=1), GOOD)
        assert len(await embed(port, "a", "b")) == 2
        assert len(played.embedded) == 2

    async def test_the_tries_come_to_an_end(self) -> None:
        port, played = playing(failed(Failure.BUSY, retry_after=0.0))
        with pytest.raises(EmbeddingFailed):
            await embed(port, "a")
        assert len(played.embedded) == 4

    @pytest.mark.parametrize("failure", [Failure.DENIED, Failure.REJECTED, Failure.TOO_LONG])
    async def test_what_brings_the_same_again_is_not_repeated(self, failure: Failure) -> None:
        port, played = playing(failed(failure))
        with pytest.raises(EmbeddingFailed):
            await embed(port, "a")
        assert len(played.embedded) == 1

    @pytest.mark.parametrize(("failure", "of_a_text"), [(Failure.TOO_LONG, True), (Failure.DENIED, False)])
    async def test_it_says_whether_a_text_was_refused_or_the_caller(self, failure: Failure, *, of_a_text: bool) -> None:
        port, _ = playing(failed(failure))
        with pytest.raises(EmbeddingFailed) as refused:
            await embed(port, "a")
        assert isinstance(refused.value, TextRejected) is of_a_text

    async def test_a_model_that_was_denied_rests_and_costs_the_next_question_no_time(self) -> None:
        port, played = playing(failed(Failure.DENIED))
        for _ in range(3):
            with pytest.raises(EmbeddingFailed):
                await embed(port, "a", seconds=0.5)
        assert len(played.embedded) == 1

    async def test_what_was_taken_is_added_up(self) -> None:
        port, _ = playing(GOOD)
        await embed(port, "a")
        await embed(port, "b")
        assert port.cost_micros == 700


class TestSetting:
    def test_without_one_there_is_nobody_to_ask(self) -> None:
        assert make_embeddings(Settings(masteria_embedding_model=None)) is None

    def test_its_key_is_asked_for_at_the_start(self) -> None:
        settings = Settings(masteria_embedding_model="openai/text-embedding-3-small", openai_api_key=None)
        with pytest.raises(Misconfigured, match="OPENAI_API_KEY"):
            make_embeddings(settings)

    def test_lengths_that_are_known_need_not_be_said(self) -> None:
        secret = SecretStr("sk-made-up")
        port = make_embeddings(
            Settings(masteria_embedding_model="openai/text-embedding-3-large", openai_api_key=secret)
        )
        assert port is not None
        assert port.dimensions == 3072

    def test_a_length_that_nobody_knows_has_to_be_said(self) -> None:
        with pytest.raises(Misconfigured, match=r"dimensions=768"):
            EmbeddingModel.named("ollama/nomic-embed-text")
        told = EmbeddingModel.named("ollama/nomic-embed-text?dimensions=768")
        assert (told.name, told.dimensions, told.asked) == ("ollama/nomic-embed-text", 768, None)

    @pytest.mark.parametrize(
        "told", ["text-embedding-3-small", "rehearsal", "openai/x?dimensions=0", "openai/x?seed=1"]
    )
    def test_what_is_no_name_is_refused_with_the_variable(self, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MASTERIA_EMBEDDING_MODEL", told)
        with pytest.raises(Misconfigured, match="MASTERIA_EMBEDDING_MODEL"):
            Settings.load()


class TestFields:
    def test_a_question_and_a_text_are_told_apart_where_a_model_knows_the_difference(self) -> None:
        assert vectors.input_type("cohere/embed-v4.0", wanted("frete")) == {"input_type": "search_query"}
        assert vectors.input_type("voyage/voyage-4", wanted("frete", is_query=False)) == {"input_type": "document"}
        assert vectors.input_type("openai/text-embedding-3-small", wanted("frete")) == {}
        assert vectors.fields("ollama/multilingual-e5-small", wanted("frete")) == {"input": ["query: frete"]}

    def test_vectors_are_sorted_by_their_own_numbers(self) -> None:
        data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
        assert vectors.embedded("x/v", {"data": data}, is_priced=False).vectors == [[1.0], [2.0]]

    @pytest.mark.parametrize(
        "data",
        [[], None, [{"index": 1, "embedding": [1.0]}], [{"embedding": [0.0, 0.0]}], [{"embedding": [float("nan")]}]],
    )
    def test_what_is_no_vector_is_a_broken_answer(self, data: object) -> None:
        with pytest.raises(Failed) as broken:
            vectors.embedded("x/v", {"data": data}, is_priced=False)
        assert broken.value.failure is Failure.BROKEN

    def test_a_price_that_nobody_knows_is_no_zero(self) -> None:
        assert vector_cost_micros("openai/text-embedding-3-small", input_tokens=1_000_000) == 20_000
        assert vector_cost_micros("ollama/nomic-embed-text", input_tokens=1_000_000) is None
