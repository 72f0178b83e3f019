"""How fast a number may send: messages per second, and to one and the same person."""

from typing import Final

_ROUNDING: Final = 1e-6  # seconds: a sum of intervals is a little off
_MOST_KEYS: Final = 10_000  # looked through for idle ones when exceeded


class Rate:
    """`rate` a second on average and up to `burst` at once, for each key by itself; on the monotonic clock."""

    def __init__(self, *, rate: float, burst: float) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a rate of {rate} with a burst of {burst}")
        self._interval = 1 / rate
        self._allowance = (burst - 1) / rate + _ROUNDING
        self.clear()

    def __len__(self) -> int:
        return len(self._full_at)

    def clear(self) -> None:
        self._full_at: dict[str, float] = {}  # when the key will have its whole burst again
        self._most = _MOST_KEYS

    def take(self, key: str, now: float) -> bool:
        full_at = max(self._full_at.get(key, 0.0), now)
        if full_at - now > self._allowance:
            return False
        self._full_at[key] = full_at + self._interval
        if len(self._full_at) > self._most:
            self._forget_idle(now)
        return True

    def _forget_idle(self, now: float) -> None:
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        self._most = max(_MOST_KEYS, 2 * len(self._full_at))
