"""How many calls may still be made, and what those that were made have taken."""

import asyncio

from agents.gateway.port import NOTHING_USED, BudgetSpent, Usage
from agents.ports import Spending


class Purse:
    """Of one turn, or of nobody: without a limit it only counts."""

    def __init__(self, limit: int | None = None, *, spending: Spending | None = None, of_contact: int = 0) -> None:
        self._left = limit
        self._spending = spending
        self._of_contact = of_contact
        self._asking = asyncio.Lock()
        self.used: Usage = NOTHING_USED

    async def open(self) -> None:
        """Before the first call of a turn: what contact and company have left today may be less than the limit."""
        async with self._asking:
            if self._spending is None:
                return
            left = await self._spending.calls_left(of_contact=self._of_contact)
            self._spending = None
            self._left = left if self._left is None else min(self._left, left)

    def take(self) -> bool:
        """One call; false where none is left."""
        if self._left is None:
            return True
        if self._left <= 0:
            return False
        self._left -= 1
        return True


class Tab:
    """Of one request: what it takes is taken from the purse."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse
        self.used: Usage = NOTHING_USED

    def take(self) -> None:
        if not self._purse.take():
            raise BudgetSpent(
                "As chamadas a modelos deste turno, contato ou empresa acabaram.",
                "The calls of models of this turn, contact or company are used up.",
                usage=self.used,
            )

    def add(self, usage: Usage) -> None:
        self.used += usage
        self._purse.used += usage
