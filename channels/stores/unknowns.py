"""Sends that nobody confirmed: those whose process died, and what is known when patience runs out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Interval, Text, Uuid, bindparam, text

from channels.policy import Reason, Settlement, Silence, settle_silence
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ConnectionId
from core.models.outbox import OutboundState, Purpose
from core.models.people import ConnectionKind

_MOST: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    kind: ConnectionKind
    settlement: Settlement


async def find_lapsed(database: Database) -> dict[CompanyId, list[UUID]]:
    """Attempts whose lease ended without a word."""
    return await _by_company(database, _FIND_LAPSED, {"most": _MOST})


async def find_old(database: Database, patience: timedelta) -> dict[CompanyId, list[UUID]]:
    return await _by_company(database, _FIND_OLD, {"most": _MOST, "patience": patience})


async def find_parked(database: Database) -> list[CompanyId]:
    """Companies with news that came before what it is about."""
    async with database.crossing() as session:
        return [CompanyId(company) for company in await session.scalars(_PARKED)]


async def mark_lapsed(session: TenantSession, ids: Sequence[UUID]) -> dict[ConnectionKind, int]:
    """How many became unknown, by channel. A lease that was given again meanwhile is left alone."""
    rows = await session.execute(_LAPSED, {"ids": list(ids), "reason": Reason.LAPSED})
    return {ConnectionKind(row.kind): row.lapsed for row in rows}


async def settle_old(
    session: TenantSession, ids: Sequence[UUID], *, echoing: Collection[ConnectionId], news: timedelta
) -> list[Settled]:
    """Sent again where silence is proof, listed by name where it is not. `echoing`: whose statuses carry our tag."""
    rows = (await session.execute(_OLD, {"ids": list(ids), "news": news})).all()
    settled = {row.id: settle_silence(_silence(row, echoing)) for row in rows}
    for settlement, (state, reason) in _STATES.items():
        chosen = [outbound for outbound, found in settled.items() if found is settlement]
        if chosen:
            await session.execute(_SETTLE, {"ids": chosen, "state": state.value, "reason": reason.value})
    return [Settled(kind=ConnectionKind(row.kind), settlement=settled[row.id]) for row in rows]


_STATES: Final[Mapping[Settlement, tuple[OutboundState, Reason]]] = {
    Settlement.RESEND: (OutboundState.QUEUED, Reason.PROVED_LOST),
    Settlement.LIST: (OutboundState.AMBIGUOUS, Reason.NO_PROOF),
}


def _silence(row: Any, echoing: Collection[ConnectionId]) -> Silence:
    return Silence(
        purpose=Purpose(row.purpose),
        is_template=row.is_template,
        inbox_had_no_gap=row.inbox_had_no_gap,
        inbox_was_reached=row.inbox_was_reached,
        later_ones_were_sent=row.later_ones_were_sent,
        successor_may_be_there=row.successor_may_be_there,
        templates_are_held=row.templates_are_held,
        echoes_tag=row.connection_id in echoing,
        was_silent_before=row.was_silent_before,
    )


async def _by_company(database: Database, statement: Any, bound: Mapping[str, Any]) -> dict[CompanyId, list[UUID]]:
    found: dict[CompanyId, list[UUID]] = {}
    async with database.crossing() as session:
        for row in await session.execute(statement, bound):
            found.setdefault(CompanyId(row.company), []).append(row.outbound)
    return found


_IDS: Final = bindparam("ids", type_=ARRAY(Uuid))

_FIND_LAPSED: Final = text("SELECT company, outbound FROM priv.lapsed_sends(:most)")

_FIND_OLD: Final = text("SELECT company, outbound FROM priv.old_unknowns(:patience, :most)").bindparams(
    bindparam("patience", type_=Interval)
)

_PARKED: Final = text("SELECT company FROM priv.companies_with_parked_news(interval '1 second') AS company").columns(
    company=Uuid
)

_LAPSED: Final = text("""
    WITH held AS (
        SELECT tenant_id, id FROM outbound WHERE id = ANY (:ids) AND state = 'sending' AND lease_until < now()
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED),
    gone AS (
        UPDATE outbound o SET state = 'unknown', reason = :reason, unknown_since = now(), lease_until = NULL
        FROM held h WHERE o.tenant_id = h.tenant_id AND o.id = h.id
        RETURNING o.tenant_id, o.id, o.attempt, o.connection_id),
    told AS (
        UPDATE outbound_attempts a SET done_at = now(), outcome = 'unknown',
            answer = jsonb_build_object('reason', CAST(:reason AS text))
        FROM gone g
        WHERE a.tenant_id = g.tenant_id AND a.outbound_id = g.id AND a.number = g.attempt AND a.outcome IS NULL)
    SELECT c.kind, count(*) AS lapsed
    FROM gone g JOIN connections c ON c.tenant_id = g.tenant_id AND c.id = g.connection_id GROUP BY 1
""").bindparams(_IDS, bindparam("reason", type_=Text))

# Something that reached us on the same line soon after the attempt shows that news of it could have, too: an inbox that
# is open behind a broken tunnel or an expired certificate hears nothing, and the provider brings it all later.
# What lies unread in the inbox may be the news that is missed: no verdict yet; what nobody could read may have been it.
# The conversation is locked as by a claim: while it is judged whether something may go again, no successor leaves.
# Of a line those are looked at that the provider reported last, and of templates those of a day: one that was held back
# tells that others may be, too.
_OLD: Final = text("""
    SELECT o.id, o.purpose, o.connection_id, o.content ->> 'type' = 'template' AS is_template,
        (SELECT c.kind FROM connections c WHERE c.tenant_id = o.tenant_id AND c.id = o.connection_id) AS kind,
        priv.inbox_was_open(o.started_at) AND NOT EXISTS (
            SELECT FROM incoming_events e WHERE e.tenant_id = o.tenant_id AND e.state = 'quarantined'
            AND e.received_at >= o.started_at + (app_now() - now())) AS inbox_had_no_gap,
        EXISTS (SELECT FROM incoming_events e WHERE e.tenant_id = o.tenant_id AND e.connection_id = o.connection_id
            AND e.received_at BETWEEN o.started_at + (app_now() - now()) AND o.started_at + (app_now() - now()) + :news
        ) AS inbox_was_reached,
        EXISTS (SELECT FROM (
            SELECT p.started_at FROM outbound p
            WHERE p.tenant_id = o.tenant_id AND p.connection_id = o.connection_id AND p.sent_at IS NOT NULL
            ORDER BY p.sent_at DESC LIMIT 200) AS latest
            WHERE latest.started_at > o.started_at) AS later_ones_were_sent,
        (SELECT count(*) > 1 FROM outbound_attempts a WHERE a.tenant_id = o.tenant_id AND a.outbound_id = o.id
            AND a.outcome = 'unknown') AS was_silent_before,
        EXISTS (SELECT FROM outbound p WHERE p.tenant_id = o.tenant_id AND p.conversation_id = o.conversation_id
            AND p.seq > o.seq AND (p.accepted_at IS NOT NULL OR p.state IN ('sending', 'unknown', 'ambiguous')))
            AS successor_may_be_there,
        o.content ->> 'type' = 'template' AND EXISTS (
            SELECT FROM outbound p WHERE p.tenant_id = o.tenant_id AND p.connection_id = o.connection_id
            AND p.is_held AND p.created_at > app_now() - interval '1 day'
            AND p.content ->> 'name' = o.content ->> 'name') AS templates_are_held
    FROM outbound o JOIN conversations t ON t.tenant_id = o.tenant_id AND t.id = o.conversation_id
    WHERE o.id = ANY (:ids) AND o.state = 'unknown' AND NOT EXISTS (
        SELECT FROM incoming_events e WHERE e.tenant_id = o.tenant_id AND e.consumer = 'engine' AND e.state = 'new'
        AND e.received_at < app_now() - interval '2 seconds')
    FOR NO KEY UPDATE OF t, o SKIP LOCKED
""").bindparams(_IDS, bindparam("news", type_=Interval))

_SETTLE: Final = text("""
    UPDATE outbound SET state = :state, reason = :reason, unknown_since = NULL
    WHERE id = ANY (:ids) AND state = 'unknown'
""").bindparams(_IDS)
