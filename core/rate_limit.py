"""How often something may be done, counted in one atomic step for all processes (GCRA in Valkey).

In any window of w seconds a limit grants at most `burst + rate * w`, by the server's clock. A bucket that Valkey has
forgotten (FLUSHALL, restart, failover) starts empty, for nobody knows what was taken before; a bucket whose key
expired was full and starts full. The epoch tells the two apart: when did this server begin to remember?
A take whose answer was lost on the way still counts as taken.
"""

import math
import zlib
from dataclasses import dataclass
from typing import Final

import redis.asyncio as redis

from core.errors import Misconfigured
from core.valkey import Script, opaque

LONGEST_PUSH_BACK: Final = 3600.0
_SHARDS: Final = 64  # epochs never expire, so there is one for each shard and not for each group
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """`count` in `period` seconds on average, and up to `burst` at once after a rest."""

    name: str  # shown in errors and answers
    of: str = ""  # whom it counts, a phone number perhaps: never shown, in keys only hashed
    count: int
    period: int = 1
    burst: int = 1
    # Full after a flush, not empty: for one that the provider enforces too, and whose interval is so long that a Valkey
    # which forgets again and again would let nothing through.
    is_full_when_forgotten: bool = False

    def __post_init__(self) -> None:
        if min(self.count, self.period, self.burst) < 1:
            raise ValueError(f"limit {self.name}: count, period and burst must be positive")

    @property
    def interval(self) -> int:
        """Microseconds for one; rounded up, so that the rate is never exceeded."""
        return -(-self.period * _MICROSECONDS // self.count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    at: int  # microseconds on the server's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Nothing was taken. After `seconds` the same call succeeds, unless another came first."""

    seconds: float
    limit: str  # the one that asks for the longest wait
    at: int


async def take(valkey: redis.Redis, limit: Limit, *more: Limit, group: str, cost: int = 1) -> Granted | Wait:
    """Take `cost` from every limit, or from none.

    The group is what the limits belong to together (a connection's id): a bucket is known by group, name and `of`.
    """
    limits = (limit, *more)
    _refuse_impossible(limits, cost)
    arguments = [cost, *(number for each in limits for number in _arguments(each))]
    wait, longest, at = await _TAKE.run(valkey, _keys(group, limits), arguments)
    if wait <= 0:
        return Granted(at=at)
    return Wait(seconds=wait / _MICROSECONDS, limit=limits[longest - 1].name, at=at)


async def push_back(valkey: redis.Redis, limit: Limit, *, group: str, seconds: float) -> None:
    """A provider asked for it: grant nothing for `seconds`, an hour at most. Never shortens a longer one."""
    if not seconds > 0:  # NaN too
        return
    delay = math.ceil(min(seconds, LONGEST_PUSH_BACK) * _MICROSECONDS)
    await _PUSH_BACK.run(valkey, [_keys(group, (limit,))[2]], [delay])


def _arguments(limit: Limit) -> tuple[int, int, int]:
    return limit.interval, limit.burst, int(limit.is_full_when_forgotten)


def _refuse_impossible(limits: tuple[Limit, ...], cost: int) -> None:
    if cost < 1 or len({(limit.name, limit.of) for limit in limits}) < len(limits):
        raise ValueError(f"a cost of {cost} from {[limit.name for limit in limits]}")
    smallest = min(limits, key=lambda limit: limit.burst)
    if cost > smallest.burst:
        raise Misconfigured(
            f"O limite {smallest.name} nunca permite {cost} de uma vez: o burst é {smallest.burst}. Aumente-o.",
            f"The limit {smallest.name} never allows {cost} at once: its burst is {smallest.burst}. Raise it.",
        )


def _keys(group: str, limits: tuple[Limit, ...]) -> list[str]:
    """The epoch, then bucket and push-back of each limit; one hash tag, so a cluster keeps them together."""
    shard = f"rl:{{{zlib.crc32(group.encode()) % _SHARDS}}}"
    names = [f"{shard}:{opaque(group, limit.name, limit.of)}" for limit in limits]
    return [f"{shard}:epoch", *(key for name in names for key in (name, f"{name}:until"))]


# A bucket is the moment at which it would be full again ("tat"). All times are whole microseconds, exact in a double.
_TAKE: Final = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- Another run of the server may have loaded an old snapshot: it forgot too.
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
local known_run, epoch = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
epoch = tonumber(epoch)
if known_run ~= run or epoch > now then
  epoch = now
  redis.call('SET', KEYS[1], run .. ' ' .. string.format('%.0f', epoch))
end

local function remember(key, tat)
  redis.call('SET', key, string.format('%.0f', tat), 'PXAT', string.format('%.0f', math.floor(tat / 1000) + 1))
end

local cost, wait, longest, tats = tonumber(ARGV[1]), 0, 0, {}
for i = 1, (#KEYS - 1) / 2 do
  local interval, burst = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local full = interval * burst
  local forgotten = ARGV[3 * i + 1] == '1' and 0 or epoch + full
  local tat = math.max(tonumber(redis.call('GET', KEYS[2 * i]) or 0), forgotten, now)
  if tat > now + full then  -- the clock was set back, or the limit made smaller: no emptier than empty
    tat = now + full
    remember(KEYS[2 * i], tat)
  end
  tats[i] = tat + cost * interval
  local free = tats[i] - full
  local pushed = tonumber(redis.call('GET', KEYS[2 * i + 1]) or 0)
  if math.max(free, pushed) - now > wait then
    wait, longest = math.max(free, pushed) - now, i
  end
end
if wait > 0 then
  return {wait, longest, now}
end
for i, tat in ipairs(tats) do
  remember(KEYS[2 * i], tat)
end
return {0, 0, now}
""")

_PUSH_BACK: Final = Script("""
local clock = redis.call('TIME')
local until_ = clock[1] * 1000000 + clock[2] + ARGV[1]
if until_ > tonumber(redis.call('GET', KEYS[1]) or 0) then
  local expiry = string.format('%.0f', math.floor(until_ / 1000) + 1)
  redis.call('SET', KEYS[1], string.format('%.0f', until_), 'PXAT', expiry)
end
""")
