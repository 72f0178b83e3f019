"""What is asked of the database server itself: its age, its clock."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Interval, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Conflict, Misconfigured

# Below these, published holes let a person with SQL access read memory or files of the server.
_LOWEST_MINOR: Final = {16: 15, 17: 11, 18: 6}
_LOWEST_VECTOR: Final = (0, 8, 2)
_NOT_A_REHEARSAL: Final = "55000"


async def server_too_old(connection: AsyncConnection) -> str | None:
    """What has known holes, in words."""
    major, minor = divmod(int(await connection.scalar(text("SHOW server_version_num")) or 0), 10_000)
    if major < min(_LOWEST_MINOR) or minor < _LOWEST_MINOR.get(major, 0):
        wanted = f"{major}.{_LOWEST_MINOR[major]}" if major in _LOWEST_MINOR else str(min(_LOWEST_MINOR))
        return f"PostgreSQL {major}.{minor} < {wanted}"
    installed = await connection.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'"))
    if installed is not None and tuple(int(part) for part in installed.split(".")) < _LOWEST_VECTOR:
        return f"pgvector {installed} < {'.'.join(map(str, _LOWEST_VECTOR))}"
    return None


async def refuse_old_server(connection: AsyncConnection) -> None:
    old = await server_too_old(connection)
    if old is not None:
        raise Misconfigured(
            f"O servidor de DATABASE_URL tem falhas conhecidas ({old}): atualize-o.",
            f"The server in DATABASE_URL has known holes ({old}): update it.",
        )


async def clock_shift(connection: AsyncConnection) -> timedelta:
    """By how much a rehearsal has turned the clock of the business."""
    shift: timedelta = (await connection.execute(text("SELECT shift FROM clock_shift"))).scalar_one()
    return shift


async def server_time(connection: AsyncConnection) -> datetime:
    theirs: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return theirs


async def begin_rehearsal(connection: AsyncConnection) -> None:
    """From now on the clock may be turned, as long as the installation has one company."""
    await connection.execute(text("SELECT priv.begin_rehearsal()"))


async def turn_clock(connection: AsyncConnection, shift: timedelta) -> None:
    """For rehearsals: everybody's business clock, from the next look at it on. Refused by the database elsewhere."""
    turned = text("SELECT priv.turn_clock(:shift)").bindparams(bindparam("shift", type_=Interval))
    try:
        await connection.execute(turned, {"shift": shift})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_A_REHEARSAL:
            raise
        raise Conflict("O relógio só gira em ensaios.", "The clock is turned in rehearsals alone.") from error
