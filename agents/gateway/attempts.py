"""Which model is asked next, when, and for how long."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.gateway.adapter import Failed, Failure, words_of
from agents.gateway.calls import Calls
from agents.gateway.port import ModelError, ModelGarbage, ModelUnavailable, Usage
from core.clock import Deadline

PATIENCE: Final = 5.0  # seconds that are waited for a model that asked to be left alone, where there is no other
_MAY_PASS: Final = frozenset({Failure.BUSY, Failure.AWAY, Failure.BROKEN, Failure.RESTING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    model: str
    deadline: Deadline  # of the whole request
    models_left: int  # this one counts

    @property
    def by(self) -> Deadline:
        """An equal share of what is left, so that one that hangs leaves time for the others."""
        return Deadline.after(self.deadline.remaining / self.models_left)

    @property
    def is_last(self) -> bool:
        return self.models_left == 1


class Attempts:
    """Each model once; one that is alone twice, if what went wrong may pass."""

    def __init__(self, models: Sequence[str], calls: Calls, deadline: Deadline) -> None:
        self._tries = tuple(models) if len(models) > 1 else tuple(models) * 2
        self._calls = calls
        self._deadline = deadline
        self._number = 0
        self._failures: dict[str, Failure] = {}

    async def next(self) -> Attempt | None:
        while self._number < len(self._tries) and not self._deadline.passed:
            model, number = self._tries[self._number], self._number
            self._number += 1
            if self._failures.get(model, Failure.RESTING) not in _MAY_PASS:
                return None
            if await self._is_ready(model, is_last=number == len(self._tries) - 1):
                left = len(set(self._tries[number:]))
                return Attempt(model=model, deadline=self._deadline, models_left=left)
            self._note(model, Failure.RESTING)
        return None

    def failed(self, attempt: Attempt, failed: Failed) -> None:
        self._note(attempt.model, failed.failure)

    def given_up(self, usage: Usage) -> ModelError:
        """Where every answer was a refusal, another moment brings the same."""
        told = self._failures
        pt = "; ".join(f"{model} {words_of(failure).pt}" for model, failure in told.items()) or "o prazo acabou"
        en = "; ".join(f"{model} {words_of(failure).en}" for model, failure in told.items()) or "the time was over"
        asked = {failure for failure in told.values() if failure is not Failure.RESTING}
        kind = ModelGarbage if asked == {Failure.FILTERED} else ModelUnavailable
        return kind(f"Nenhum modelo respondeu: {pt}.", f"No model answered: {en}.", usage=usage)

    def _note(self, model: str, failure: Failure) -> None:
        """Why it rests says more than that it does."""
        if failure is not Failure.RESTING or model not in self._failures:
            self._failures[model] = failure

    async def _is_ready(self, model: str, *, is_last: bool) -> bool:
        wait = self._calls.wait(model)
        if not wait:
            return True
        if not is_last or wait > min(PATIENCE, self._deadline.remaining / 2):
            return False
        await asyncio.sleep(wait)
        return True
