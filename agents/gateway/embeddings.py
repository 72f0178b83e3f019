"""Vectors of texts, by a provider: in batches that it takes, tried again where it says so, and held to their size."""

import asyncio
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agents.gateway.adapter import Embedded, Failed, Failure, words_of
from agents.gateway.calls import Calls
from agents.gateway.models import Keys
from agents.gateway.port import EmbeddingRequest
from agents.gateway.prices import vector_price_of
from agents.gateway.purse import Purse, Tab
from agents.gateway.registry import Registry
from core.clock import Deadline
from core.errors import Misconfigured
from core.settings import Settings
from knowledge.embeddings import EmbeddingFailed, TextKind, TextRejected

MOST_TEXTS: Final = 64  # in one call
MOST_CHARACTERS: Final = 48_000  # in one call: some 15,000 tokens, and the least that a provider takes is 20,000
MOST_OF_TEXT: Final = 6_000  # of one text: passages are a quarter of it; what is longer is cut
TRIES: Final = 4
LONGEST_WAIT: Final = 30.0
PAUSE: Final = 0.5  # seconds before the second try, and twice as long before each further one
_MAY_PASS: Final = frozenset({Failure.BUSY, Failure.AWAY, Failure.BROKEN, Failure.SLOW, Failure.RESTING})
_OF_A_TEXT: Final = frozenset({Failure.REJECTED, Failure.TOO_LONG, Failure.FILTERED})
_EMPTY: Final = "-"  # providers refuse a text of nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddingModel:
    """`asked`: where it gives vectors of another length than its own when it is asked to."""

    name: str
    dimensions: int
    asked: int | None = None

    @classmethod
    def named(cls, told: str) -> "EmbeddingModel":
        """`provider/model`, or with `?dimensions=…`, which a model needs whose length nobody here knows."""
        name, _, size = told.partition("?dimensions=")
        price = vector_price_of(name)
        own = price.dimensions if price is not None else None
        if size:
            return cls(
                name=name, dimensions=int(size), asked=int(size) if own is not None and own != int(size) else None
            )
        if own is None:
            raise Misconfigured(
                f"Não sei o tamanho dos vetores de {name}: escreva MASTERIA_EMBEDDING_MODEL={name}?dimensions=768, "
                "com o número certo.",
                f"The length of the vectors of {name} is not known: write MASTERIA_EMBEDDING_MODEL="
                f"{name}?dimensions=768, with the right number.",
            )
        return cls(name=name, dimensions=own)


class Embeddings:
    """The `EmbeddingPort` over one model of a provider."""

    def __init__(self, calls: Calls, model: EmbeddingModel, *, pause: float = PAUSE) -> None:
        self._calls = calls
        self._model = model
        self._pause = pause
        self._tab = Tab(Purse())

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def dimensions(self) -> int:
        return self._model.dimensions

    @property
    def cost_micros(self) -> int | None:
        """What all of it has cost, in millionths of a US dollar. None: nobody knows."""
        return self._tab.used.cost_micros

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        """In their order, each of length 1."""
        made: list[Sequence[float]] = []
        for batch in _batches(texts):
            made += await self._batch(batch, kind, deadline)
        return made

    async def warm(self) -> None:
        """Load what the model needs, before the first customer would wait for it."""
        await self._calls.adapter(self._model.name)

    async def close(self) -> None:
        await self._calls.close()

    async def _batch(self, texts: Sequence[str], kind: TextKind, deadline: Deadline) -> list[Sequence[float]]:
        """Nothing of it is half done: all its vectors, or the failure."""
        pause, number = self._pause, 1
        while True:
            try:
                return await self._once(texts, kind, deadline)
            except Failed as failed:
                wait = _wait(failed, pause, left=deadline.remaining)
                if wait is None or number >= TRIES:
                    raise self._gave_up(failed) from None
            await asyncio.sleep(wait)
            pause, number = pause * 2, number + 1

    async def _once(self, texts: Sequence[str], kind: TextKind, deadline: Deadline) -> list[Sequence[float]]:
        if deadline.passed:
            raise Failed(Failure.SLOW)
        if rest := self._calls.wait(self._model.name):
            raise Failed(Failure.RESTING, retry_after=rest)
        request = EmbeddingRequest(
            texts=texts, is_query=kind is TextKind.QUERY, deadline=deadline, dimensions=self._model.asked
        )
        told = await self._calls.embed(self._model.name, request, by=deadline, tab=self._tab)
        self._check(told, len(texts))
        return [_of_length_1(vector) for vector in told.vectors]

    def _check(self, told: Embedded, wanted: int) -> None:
        """Vectors of another length would lie in another space: none of them is kept."""
        if len(told.vectors) != wanted:
            raise Failed(Failure.BROKEN, usage=told.usage)
        sizes = {len(vector) for vector in told.vectors}
        if sizes != {self.dimensions}:
            found = ", ".join(map(str, sorted(sizes)))
            raise EmbeddingFailed(
                f"O modelo {self.name} deu vetores de {found} números, e não de {self.dimensions}: corrija "
                "MASTERIA_EMBEDDING_MODEL.",
                f"The model {self.name} gave vectors of {found} numbers, not of {self.dimensions}: mend "
                "MASTERIA_EMBEDDING_MODEL.",
            )

    def _gave_up(self, failed: Failed) -> EmbeddingFailed:
        words = words_of(failed.failure)
        kind = TextRejected if failed.failure in _OF_A_TEXT else EmbeddingFailed
        return kind(
            f"Não consegui os vetores: {self.name} {words.pt}.", f"There are no vectors: {self.name} {words.en}."
        )


def make_embeddings(settings: Settings) -> Embeddings | None:
    """None where no model is set: then words are what is searched by. Loads nothing before it is asked."""
    if settings.masteria_embedding_model is None:
        return None
    keys = Keys.of(settings)
    model = EmbeddingModel.named(settings.masteria_embedding_model)
    keys.check_one(model.name, variable="MASTERIA_EMBEDDING_MODEL")
    return Embeddings(Calls(Registry(keys)), model)


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    size = 0
    for whole in texts:
        text = whole.strip()[:MOST_OF_TEXT] or _EMPTY
        if batch and (len(batch) == MOST_TEXTS or size + len(text) > MOST_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _wait(failed: Failed, pause: float, *, left: float) -> float | None:
    """Seconds until another try. None: it brings nothing, or there is no time for it."""
    if failed.failure not in _MAY_PASS:
        return None
    wait = pause if failed.retry_after is None else failed.retry_after
    return wait if wait <= LONGEST_WAIT and wait < left else None


def _of_length_1(vector: Sequence[float]) -> Sequence[float]:
    length = math.sqrt(math.fsum(number * number for number in vector))
    return [number / length for number in vector]
