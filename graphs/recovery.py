"""A database that went back in time must not send again what was sent since.

The newest attempt is noted outside of the database, in Valkey and in the home. An engine that starts and does not find
it in the database holds all sends, until a person has looked and says `masteria sends release`. One that runs knows by
heart what it began last, and looks for that itself.
"""

import asyncio
from pathlib import Path
from typing import Final
from uuid import UUID

import redis.asyncio as redis
from redis.exceptions import RedisError

from channels.stores import holds
from channels.stores.holds import Mark
from core.errors import AppError
from core.floor import Floor
from core.home import Home, named_failure, write_private
from core.ids import CompanyId
from core.logging import get_logger

_KEY: Final = "masteria:newest-attempt"
_FILE: Final = "newest-attempt"

log = get_logger(__name__)


async def hold_after_restore(floor: Floor) -> bool:
    """Whether this start found the database behind what was sent; then nothing leaves."""
    for mark in await _marks(floor):
        if await holds.hold_if_lost(floor.database, mark):
            return True
    return False


async def remember(floor: Floor, mark: Mark | None) -> None:
    """Never an older mark than the one that is there, for several engines share the note. Ids grow with time.

    A note that cannot be written is no reason to stop: the other place may do.
    """
    if mark is None or any(known[1] >= mark[1] for known in await _marks(floor)):
        return
    words = f"{mark[0]} {mark[1]}"
    try:
        await floor.valkey.set(_KEY, words)
    except (RedisError, OSError) as error:
        log.warning("recovery.note_waits", place="valkey", reason=type(error).__name__)
    try:
        await asyncio.to_thread(_write, _file(floor), words)
    except AppError as error:
        log.warning("recovery.note_waits", place="home", reason=error.detail.en)


async def forget(valkey: redis.Redis, home: Path) -> None:
    """A person has looked: what was lost is known, and must not hold the next start again."""
    await asyncio.to_thread((home / _FILE).unlink, missing_ok=True)
    try:
        await valkey.delete(_KEY)
    except (RedisError, OSError) as error:
        log.warning("recovery.note_stays", place="valkey", reason=type(error).__name__)


async def _marks(floor: Floor) -> list[Mark]:
    """Of two places, because either may be new while the database is old."""
    notes = [await asyncio.to_thread(_read, _file(floor))]
    try:
        noted = await floor.valkey.get(_KEY)
        notes.append(noted.decode() if isinstance(noted, bytes) else noted)
    except (RedisError, OSError) as error:
        log.warning("recovery.note_unread", place="valkey", reason=type(error).__name__)
    return [mark for note in notes if (mark := _parse(note)) is not None]


def _parse(note: str | None) -> Mark | None:
    words = (note or "").split()
    try:
        company, attempt = (UUID(word) for word in words)
    except ValueError:
        return None
    return CompanyId(company), attempt


def _file(floor: Floor) -> Path:
    return Home(floor.settings.masteria_home).folder / _FILE


def _read(file: Path) -> str | None:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, words: str) -> None:
    with named_failure(file):
        write_private(file, words)
