"""The breaker of each connection: after several failures in a row its provider is left alone for a while."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Interval, Uuid, bindparam, text

from core.db.sessions import TenantSession
from core.ids import ConnectionId

FAILURES: Final = 5
FIRST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(seconds=20)  # a provider that is back is noticed within half a minute


async def note_failures(
    session: TenantSession, failures: Mapping[ConnectionId, int], *, trials: Collection[ConnectionId] = ()
) -> None:
    """From the fifth in a row on, leave it alone: 5 s, then twice as long each time that a trial fails.

    What had begun before it opened says nothing new: only a failed trial keeps it open for longer.
    """
    bound = {"ids": list(failures), "counts": list(failures.values()), "trials": list(trials)}
    await session.execute(_FAIL, {**bound, "most": FAILURES, "first": FIRST, "longest": LONGEST})


async def note_successes(
    session: TenantSession, connections: Collection[ConnectionId], *, trials: Collection[ConnectionId] = ()
) -> None:
    """The row of failures ends. An open breaker is closed by its trial alone."""
    await session.execute(_SUCCEED, {"ids": list(connections), "trials": list(trials)})


async def take_trials(session: TenantSession, connections: Collection[ConnectionId]) -> set[ConnectionId]:
    """Those of them that may be tried with one message now, and by nobody else until it is known what came of it."""
    if not connections:
        return set()
    rows = await session.scalars(_TRY, {"ids": list(connections), "longest": LONGEST})
    return {ConnectionId(connection) for connection in rows}


async def pace(session: TenantSession, connection: ConnectionId, *, interval: timedelta, count: int) -> bool:
    """The rate limit while Valkey is away, counted here for all engines at once; no bursts."""
    taken = await session.execute(_PACE, {"id": connection, "step": interval * count})
    return taken.first() is not None


_IDS: Final = bindparam("ids", type_=ARRAY(Uuid))
_TRIALS: Final = bindparam("trials", type_=ARRAY(Uuid))

_FAIL: Final = text("""
    WITH soon (open_until) AS (SELECT now() + :first)
    INSERT INTO send_breakers AS b (tenant_id, connection_id, failures, open_until)
        SELECT current_tenant(), w.id, least(w.count, :most), CASE WHEN w.count >= :most THEN soon.open_until END
        FROM unnest(:ids, :counts) AS w (id, count), soon ORDER BY w.id
    ON CONFLICT (tenant_id, connection_id) DO UPDATE SET updated_at = now(),
        failures = CASE WHEN b.open_until IS NULL THEN least(b.failures + excluded.failures, :most)
            WHEN b.connection_id = ANY (:trials) THEN b.failures + 1 ELSE b.failures END,
        open_until = CASE
            WHEN b.open_until IS NULL AND b.failures + excluded.failures >= :most THEN now() + :first
            WHEN b.open_until IS NOT NULL AND b.connection_id = ANY (:trials) THEN now()
                + least(:longest, :first * power(2, least(b.failures + 1 - :most, 8)))
            ELSE b.open_until END
""").bindparams(
    _IDS,
    _TRIALS,
    bindparam("counts", type_=ARRAY(BigInteger)),
    bindparam("most", type_=BigInteger),
    bindparam("first", type_=Interval),
    bindparam("longest", type_=Interval),
)

_SUCCEED: Final = text("""
    WITH held AS (
        SELECT tenant_id, connection_id FROM send_breakers
        WHERE connection_id = ANY (:ids) AND failures > 0
          AND (open_until IS NULL OR connection_id = ANY (:trials))
        ORDER BY connection_id FOR NO KEY UPDATE)
    UPDATE send_breakers b SET failures = 0, open_until = NULL, updated_at = now()
    FROM held h WHERE b.tenant_id = h.tenant_id AND b.connection_id = h.connection_id
""").bindparams(_IDS, _TRIALS)

# Whoever is changing a breaker right now is not waited for.
_TRY: Final = text("""
    WITH held AS (
        SELECT tenant_id, connection_id FROM send_breakers
        WHERE connection_id = ANY (:ids) AND open_until <= now()
        ORDER BY connection_id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE send_breakers b SET open_until = now() + :longest, updated_at = now()
    FROM held h WHERE b.tenant_id = h.tenant_id AND b.connection_id = h.connection_id
    RETURNING b.connection_id
""").bindparams(_IDS, bindparam("longest", type_=Interval))

_PACE: Final = text("""
    INSERT INTO send_breakers AS b (tenant_id, connection_id, paced_until) VALUES (current_tenant(), :id, now() + :step)
    ON CONFLICT (tenant_id, connection_id) DO UPDATE SET paced_until = greatest(b.paced_until, now()) + :step
        WHERE b.paced_until IS NULL OR b.paced_until <= now()
    RETURNING 1
""").bindparams(bindparam("step", type_=Interval))
