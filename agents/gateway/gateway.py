"""The gateway: from an alias to an answer that fits, over models that fail, within a deadline and a budget."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from agents.gateway import picture
from agents.gateway.adapter import MOST_CHARACTERS, Failed, Failure, Told
from agents.gateway.answers import checked
from agents.gateway.attempts import Attempt, Attempts
from agents.gateway.calls import Adapters, Calls
from agents.gateway.models import REHEARSAL, Keys, Models, provider_of
from agents.gateway.port import (
    NOTHING_USED,
    MediaRequest,
    ModelGarbage,
    ModelPort,
    ModelReply,
    ModelRequest,
    ModelUnavailable,
    NoModel,
    Purpose,
    Usage,
)
from agents.gateway.purse import Purse, Tab
from agents.gateway.registry import Registry
from agents.gateway.repair import repaired
from agents.gateway.schema import Problem
from agents.ports import Spending
from core.clock import Deadline
from core.settings import Settings

CALLS_PER_TURN: Final = 4
CALLS_PER_DAY: Final = 120  # of a contact, where a persona says nothing else
FIRST_TOKEN: Final = 6.0  # seconds that a listener waits before another model is tried


class Gateway:
    """A ModelPort without a budget; `for_turn` gives one with."""

    def __init__(
        self,
        models: Models,
        *,
        spending: Spending | None = None,
        adapters: Adapters | None = None,
        first_token_seconds: float = FIRST_TOKEN,
    ) -> None:
        self._models = models
        self._spending = spending
        self._calls = Calls(adapters or Registry(Keys()))
        self._first_token = first_token_seconds

    def for_turn(
        self, limit: int = CALLS_PER_TURN, spending: Spending | None = None, *, of_contact: int = CALLS_PER_DAY
    ) -> "TurnModel":
        """For one turn of one contact: `limit` calls, and no more than contact and company have left today."""
        return TurnModel(self, Purse(limit, spending=spending or self._spending, of_contact=of_contact))

    async def complete(self, request: ModelRequest) -> ModelReply:
        return await self.complete_within(Purse(), request)

    def stream(self, request: ModelRequest) -> AsyncGenerator[str]:
        return self.stream_within(Purse(), request)

    async def transcribe(self, request: MediaRequest) -> ModelReply:
        return await self.perceive_within(Purse(), Purpose.TRANSCRIBE, request)

    async def describe(self, request: MediaRequest) -> ModelReply:
        return await self.perceive_within(Purse(), Purpose.DESCRIBE, request)

    async def warm(self) -> None:
        """Load what the models need, before the first customer would wait for it."""
        for model in self._models.every:
            await self._calls.adapter(model)

    async def close(self) -> None:
        await self._calls.close()

    async def complete_within(self, purse: Purse, request: ModelRequest) -> ModelReply:
        await purse.open()
        tab, attempts = Tab(purse), self._attempts(request)
        while (attempt := await attempts.next()) is not None:
            try:
                return await self._fitting(attempt, request, tab)
            except Failed as failed:
                attempts.failed(attempt, failed)
        raise attempts.given_up(tab.used)

    async def stream_within(self, purse: Purse, request: ModelRequest) -> AsyncGenerator[str]:
        """Another model takes over only while nothing has been said."""
        await purse.open()
        tab, attempts = Tab(purse), self._attempts(request)
        while (attempt := await attempts.next()) is not None:
            has_begun = False
            words = self._calls.pieces(attempt.model, request, first_by=self._first_by(attempt), tab=tab)
            try:
                async with aclosing(words):
                    async for word in words:
                        has_begun = True
                        yield word
            except Failed as failed:
                if has_begun:
                    raise _broken_off(attempt.model, tab.used) from None
                attempts.failed(attempt, failed)
            else:
                return
        raise attempts.given_up(tab.used)

    async def perceive_within(self, purse: Purse, purpose: Purpose, request: MediaRequest) -> ModelReply:
        """Of a recording its words, of a picture its description: of one try each, for there is nothing to repair."""
        if not self._models.chain(request.aliases):
            raise _nobody()
        await purse.open()
        tab, attempts = Tab(purse), self._attempts(request)
        while (attempt := await attempts.next()) is not None:
            try:
                text = await self._perceived(purpose, attempt, request, tab)
            except Failed as failed:
                attempts.failed(attempt, failed)
            else:
                return ModelReply(
                    text=text, model=attempt.model, usage=tab.used, is_rehearsal=_is_rehearsal(attempt.model)
                )
        raise attempts.given_up(tab.used)

    async def _perceived(self, purpose: Purpose, attempt: Attempt, request: MediaRequest, tab: Tab) -> str:
        if purpose is Purpose.TRANSCRIBE:
            return _sound(await self._calls.transcribe(attempt.model, request, by=attempt.by, tab=tab))
        return picture.description_in(await self._calls.describe(attempt.model, request, by=attempt.by, tab=tab))

    def _attempts(self, request: ModelRequest | MediaRequest) -> Attempts:
        return Attempts(self._models.chain(request.aliases), self._calls, request.deadline)

    def _first_by(self, attempt: Attempt) -> Deadline:
        by = attempt.by
        return by if attempt.is_last else Deadline(min(by.at, Deadline.after(self._first_token).at))

    async def _fitting(self, attempt: Attempt, request: ModelRequest, tab: Tab) -> ModelReply:
        """The answer, or the one that follows when the model hears what was wrong with it."""
        told = await self._calls.ask(attempt.model, request, by=attempt.by, tab=tab)
        data = checked(told, request.schema)
        if isinstance(data, Problem):
            again = repaired(request, told.text, str(data))
            told = await self._calls.ask(attempt.model, again, by=attempt.by, tab=tab)
            data = checked(told, request.schema)
        if isinstance(data, Problem):
            raise _garbage(attempt.model, tab.used)
        return ModelReply(
            text=told.text,
            model=attempt.model,
            usage=tab.used,
            data=data,
            is_rehearsal=_is_rehearsal(attempt.model),
        )


class TurnModel:
    """A ModelPort and its senses with a budget, for one turn. `used` is what all calls through it took."""

    def __init__(self, gateway: Gateway, purse: Purse) -> None:
        self._gateway = gateway
        self._purse = purse

    @property
    def used(self) -> Usage:
        return self._purse.used

    async def complete(self, request: ModelRequest) -> ModelReply:
        return await self._gateway.complete_within(self._purse, request)

    def stream(self, request: ModelRequest) -> AsyncGenerator[str]:
        return self._gateway.stream_within(self._purse, request)

    async def transcribe(self, request: MediaRequest) -> ModelReply:
        return await self._gateway.perceive_within(self._purse, Purpose.TRANSCRIBE, request)

    async def describe(self, request: MediaRequest) -> ModelReply:
        return await self._gateway.perceive_within(self._purse, Purpose.DESCRIBE, request)


def used_by(model: ModelPort) -> Usage:
    """What all calls through it took, those that were cut off too, where it keeps a tab."""
    return model.used if isinstance(model, TurnModel) else NOTHING_USED


def make_gateway(settings: Settings, *, spending: Spending | None = None) -> Gateway:
    """Raises `Misconfigured` where a model's key is missing."""
    models, keys = Models.of(settings), Keys.of(settings)
    keys.check(models)
    return Gateway(models, spending=spending, adapters=Registry(keys))


def _is_rehearsal(model: str) -> bool:
    return provider_of(model) == REHEARSAL


def _sound(told: Told) -> str:
    if len(told.text) > MOST_CHARACTERS:
        raise Failed(Failure.BROKEN, usage=told.usage)
    return " ".join(told.text.split())


def _nobody() -> NoModel:
    return NoModel(
        "Nenhum modelo desta instalação ouve: defina MASTERIA_HEARING_MODEL.",
        "None of the models of this installation hears: set MASTERIA_HEARING_MODEL.",
    )


def _garbage(model: str, usage: Usage) -> ModelGarbage:
    return ModelGarbage(
        f"O modelo {model} respondeu duas vezes fora do formato pedido.",
        f"The model {model} answered twice, and neither fits what was asked for.",
        usage=usage,
    )


def _broken_off(model: str, usage: Usage) -> ModelUnavailable:
    return ModelUnavailable(
        f"O modelo {model} parou no meio da resposta.", f"The model {model} stopped within its answer.", usage=usage
    )
