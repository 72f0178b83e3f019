"""The sandbox's own time, real until somebody turns it; nothing else here reads the wall clock."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

TurnHook = Callable[[timedelta], Awaitable[None]]

LONGEST_SHIFT: Final = timedelta(days=3660)


class ClockHeld(Exception):
    """Whoever keeps the other clock does not let it be turned."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something reached us, on two clocks of this machine that nobody turns."""

    monotonic_ns: int
    wall_ns: int

    @classmethod
    def now(cls) -> "Stamp":
        return cls(time.monotonic_ns(), time.time_ns())


class VirtualClock:
    """`on_turn` gets the new shift before it holds here: whoever keeps another clock turns that first, or raises."""

    def __init__(self, on_turn: TurnHook | None = None) -> None:
        self._on_turn = on_turn
        self._shift = timedelta(0)
        self._turning = asyncio.Lock()

    @property
    def shift(self) -> timedelta:
        return self._shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def seconds(self) -> float:
        """Unix time."""
        return time.time() + self._shift.total_seconds()

    async def turn(self, by: timedelta) -> timedelta:
        """Returns the whole shift."""
        async with self._turning:
            return await self._set(self._shift + by)

    async def reset(self) -> None:
        async with self._turning:
            if self._shift:
                await self._set(timedelta(0))

    async def _set(self, shift: timedelta) -> timedelta:
        if abs(shift) > LONGEST_SHIFT:
            raise ValueError(f"a shift of {shift.days} days; {LONGEST_SHIFT.days} at most")
        if self._on_turn is not None:
            await self._on_turn(shift)
        self._shift = shift
        return shift
