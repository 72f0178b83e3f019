"""How a process is made to die at a named place."""

from core.crashpoints import CRASH_AT, CrashPoint
from tests.chaos.children import KILLED, Kept


async def start_with_fuse(process: Kept, point: CrashPoint, *, nth: int = 1, is_once: bool = False) -> None:
    """The life that begins now dies there; the next, if one follows, has no fuse."""
    process.extra[CRASH_AT] = f"{point}:{nth}"
    await process.start(is_once=is_once)
    del process.extra[CRASH_AT]


async def die_at(process: Kept, point: CrashPoint, *, nth: int = 1, seconds: float = 30.0) -> None:
    """One life, which ends there."""
    await start_with_fuse(process, point, nth=nth, is_once=True)
    try:
        end = await process.ended(seconds)
    except TimeoutError:
        raise AssertionError(f"{process.name} did not come to {point} in {seconds} s\n{process.last_words()}") from None
    if end != KILLED:
        raise AssertionError(f"{process.name} ended with {end} instead of at {point}\n{process.last_words()}")
