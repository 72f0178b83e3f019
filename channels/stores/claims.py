"""Claims of the outbox: which heads are due, and whether they may be sent. What came of them: `results.py`."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Interval, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.contents import Content, content_from_json
from channels.envelope import Identity
from channels.policy import Reason, Ruling, Verdict
from channels.stores import breakers
from channels.stores.gates import Gates, Places, hold
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ConnectionId, ContactId, ConversationId, new_id
from core.logging import get_logger
from core.models.outbox import Lane, OutboundState
from core.models.people import ConnectionKind

_UUIDS: Final = ARRAY(Uuid)
_TEXTS: Final = ARRAY(Text)

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A head whose time has come, as a hint."""

    company: CompanyId
    outbound: UUID
    conversation: ConversationId
    connection: ConnectionId
    contact: ContactId


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An attempt that is durable, and not yet begun."""

    company: CompanyId
    outbound: UUID
    attempt: UUID
    number: int
    connection: ConnectionId
    kind: ConnectionKind
    contact: ContactId
    tag: str
    to: tuple[Identity, ...]
    content: Content
    reply_to: str | None
    refusals: int
    is_trial: bool  # the one message that finds out whether a provider in trouble is back


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A message that is not sent now, or not at all."""

    outbound: UUID
    connection: ConnectionId
    kind: ConnectionKind
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    claims: tuple[Claim, ...] = ()
    judged: tuple[Judged, ...] = ()
    closed: frozenset[ConnectionId] = frozenset()  # leave these alone for a while
    passed_over: frozenset[UUID] = frozenset()  # somebody else has them, or is deciding about them


async def find_due(database: Database, lane: Lane, *, most: int, skipped: Collection[ConnectionId]) -> list[Due]:
    async with database.crossing() as session:
        rows = await session.execute(_DUE, {"lane": lane.value, "most": most, "skipped": list(skipped)})
        return [
            Due(
                company=CompanyId(row.company),
                outbound=row.outbound,
                conversation=ConversationId(row.conversation),
                connection=ConnectionId(row.connection),
                contact=ContactId(row.contact),
            )
            for row in rows
        ]


async def claim(
    session: TenantSession, due: Sequence[Due], *, window: Collection[ConnectionId], lease: timedelta
) -> Claimed:
    """Judge every head under the locks that opt-out, takeover and pause must take too; whoever waits is passed over.

    `window` names the connections on which free text needs the customer's window. Commit, and only then call.
    """
    gates = await hold(session, _places(due), windows=window)
    heads = await _hold_heads(session, [one.outbound for one in due if gates.let_in(one.contact, one.conversation)])
    heads = _one_each([head for head in heads if gates.know(head.row)])
    judged = [(head, gates.judge(head.row) if head.content else _UNREADABLE) for head in heads]
    free = [head for head, verdict in judged if verdict.ruling is Ruling.SEND]
    trials = await breakers.take_trials(session, gates.on_trial(head.row for head in free))
    free, stopped = _within_breakers(free, gates, trials)
    aside = [_judged(head, verdict, gates) for head, verdict in judged if verdict.ruling is not Ruling.SEND] + stopped
    await _put_aside(session, aside)
    claims = [_claim(session.tenant_id, head, gates) for head in free]
    await _begin(session, claims, lease)
    return Claimed(
        claims=tuple(claims),
        judged=tuple(aside),
        closed=frozenset(one.connection for one in aside if one.verdict.reason in _OF_THE_LINE),
        passed_over=frozenset(one.outbound for one in due) - {head.row.id for head in heads},
    )


async def put_off(session: TenantSession, pauses: Mapping[UUID, float], reason: str) -> None:
    """For so many seconds, and with it what follows in its conversation. Who has it now is not waited for."""
    if pauses:
        delays = [timedelta(seconds=seconds) for seconds in pauses.values()]
        await session.execute(_PUT_OFF, {"ids": list(pauses), "delays": delays, "reason": reason})


_OF_THE_LINE: Final = frozenset({Reason.DISABLED, Reason.CONNECTION_BLOCKED, Reason.BREAKER_OPEN})
_UNREADABLE: Final = Verdict(ruling=Ruling.FAIL, reason=Reason.UNFIT)
_TRY_LATER: Final = Verdict(ruling=Ruling.HOLD, reason=Reason.BREAKER_OPEN)


@dataclass(frozen=True, slots=True)
class _Head:
    row: Any
    content: Content | None


def _one_each(heads: Sequence[_Head]) -> list[_Head]:
    """Of one conversation one at a time: a reply, a bulk message and one of another batch may all be due."""
    first: dict[UUID, _Head] = {}
    for head in sorted(heads, key=lambda head: (head.row.lane != Lane.REPLY, head.row.seq)):
        first.setdefault(head.row.conversation_id, head)
    return list(first.values())


def _places(due: Sequence[Due]) -> Places:
    return Places(
        contacts=[one.contact for one in due],
        conversations=[one.conversation for one in due],
        messages=[one.outbound for one in due],
        connections=[one.connection for one in due],
    )


async def _hold_heads(session: TenantSession, ids: Sequence[UUID]) -> list[_Head]:
    return [_Head(row, _read(row)) for row in await session.execute(_HEADS, {"ids": sorted(ids)})] if ids else []


def _read(row: Any) -> Content | None:
    """None where this release cannot read the message: it must not stop the others."""
    try:
        return content_from_json(row.content)
    except ValueError:
        log.error("outbox.unreadable", outbound=str(row.id))  # noqa: TRY400 - the error quotes what people wrote
        return None


def _within_breakers(
    heads: Sequence[_Head], gates: Gates, trials: Collection[ConnectionId]
) -> tuple[list[_Head], list[Judged]]:
    """Nothing while a breaker is open; one message when it is time to try again."""
    free, stopped, left = [], [], set(trials)
    for head in heads:
        connection = ConnectionId(head.row.connection_id)
        if gates.is_closed(connection) and connection not in left:
            stopped.append(_judged(head, _TRY_LATER, gates))
        else:
            left.discard(connection)
            free.append(head)
    return free, stopped


def _judged(head: _Head, verdict: Verdict, gates: Gates) -> Judged:
    connection = ConnectionId(head.row.connection_id)
    return Judged(outbound=head.row.id, connection=connection, kind=gates.kind_of(connection), verdict=verdict)


async def _put_aside(session: TenantSession, judged: Sequence[Judged]) -> None:
    if judged:
        await session.execute(
            _ASIDE,
            {
                "ids": [one.outbound for one in judged],
                "states": [_STATES[one.verdict.ruling].value for one in judged],
                "reasons": [one.verdict.reason for one in judged],
                "untils": [one.verdict.until for one in judged],
            },
        )


_STATES: Final = {
    Ruling.HOLD: OutboundState.QUEUED,
    Ruling.SUPPRESS: OutboundState.SUPPRESSED,
    Ruling.EXPIRE: OutboundState.EXPIRED,
    Ruling.FAIL: OutboundState.FAILED,
}


async def _begin(session: TenantSession, claims: Sequence[Claim], lease: timedelta) -> None:
    if claims:
        await session.execute(
            _BEGIN,
            {
                "ids": [claim.outbound for claim in claims],
                "attempts": [claim.attempt for claim in claims],
                "tags": [claim.tag for claim in claims],
                "lease": lease,
            },
        )


def _claim(company: CompanyId, head: _Head, gates: Gates) -> Claim:
    row, attempt = head.row, new_id()
    if head.content is None:
        raise AssertionError("what cannot be read is not sent")
    return Claim(
        company=company,
        outbound=row.id,
        attempt=attempt,
        number=row.attempt + 1,
        connection=ConnectionId(row.connection_id),
        kind=gates.kind_of(row.connection_id),
        contact=ContactId(row.contact_id),
        tag=_tag(row.intent_key, row.attempt + 1, attempt),
        to=gates.addresses(row.contact_id),
        content=head.content,
        reply_to=row.reply_to,
        refusals=row.refusals,
        is_trial=gates.is_closed(ConnectionId(row.connection_id)),
    )


def _tag(intent: str, number: int, attempt: UUID) -> str:
    """The mark is of the attempt's own random id, which is told to nobody: a tag cannot be made up."""
    return f"{intent}.{number}.{hmac.digest(attempt.bytes, intent.encode(), sha256).hex()[:8]}"


_DUE: Final = text(
    "SELECT company, outbound, conversation, connection, contact FROM priv.due_outbound(:lane, :most, :skipped)"
).bindparams(bindparam("skipped", type_=_UUIDS))

# One by one and by key: a planner without statistics would read the whole outbox of the company for each head.
_HEADS: Final = (
    text("""
    WITH moment AS MATERIALIZED (SELECT app_now() AS business)
    SELECT h.* FROM moment m, unnest(:ids) AS w (id), LATERAL (
        SELECT o.id, o.tenant_id, o.intent_key, o.conversation_id, o.connection_id, o.contact_id, o.batch_id, o.seq,
            o.lane, o.purpose, o.state, o.content, o.reply_to, o.control_epoch, o.answers_at, o.not_before,
            o.expires_at, o.retry_at, o.attempt, o.refusals
        FROM outbound o WHERE o.id = w.id FOR NO KEY UPDATE OF o SKIP LOCKED OFFSET 0) AS h
    WHERE h.state = 'queued' AND h.not_before <= m.business AND (h.retry_at IS NULL OR h.retry_at <= now())
      AND (SELECT true FROM outbound p
          WHERE p.tenant_id = h.tenant_id AND p.conversation_id = h.conversation_id
            AND p.state IN ('queued', 'sending', 'unknown')
            AND (p.state = 'sending' OR p.state = 'unknown' AND p.unknown_since > now() - interval '20 seconds'
              OR p.state = 'queued' AND p.lane = h.lane AND p.batch_id IS NOT DISTINCT FROM h.batch_id
                AND p.seq < h.seq AND p.not_before <= m.business)
          LIMIT 1) IS NULL
""")
    .bindparams(bindparam("ids", type_=_UUIDS))
    .columns(content=JSONB)
)

_ASIDE: Final = text("""
    UPDATE outbound o SET state = v.state, reason = v.reason, not_before = coalesce(v.until, o.not_before),
        retry_at = NULL, failed_at = CASE WHEN v.state = 'failed' THEN app_now() END
    FROM unnest(:ids, :states, :reasons, :untils) AS v (id, state, reason, until)
    WHERE o.id = v.id AND (o.state, o.reason, o.not_before)
        IS DISTINCT FROM (v.state, v.reason, coalesce(v.until, o.not_before))
""").bindparams(
    bindparam("ids", type_=_UUIDS),
    bindparam("states", type_=_TEXTS),
    bindparam("reasons", type_=_TEXTS),
    bindparam("untils", type_=ARRAY(DateTime(timezone=True))),
)

_PUT_OFF: Final = text("""
    WITH held AS (
        SELECT o.tenant_id, o.id, v.delay FROM unnest(:ids, :delays) AS v (id, delay)
        JOIN outbound o ON o.id = v.id AND o.state = 'queued'
        ORDER BY o.id FOR NO KEY UPDATE OF o SKIP LOCKED)
    UPDATE outbound o SET retry_at = now() + h.delay, reason = :reason
    FROM held h WHERE o.tenant_id = h.tenant_id AND o.id = h.id
""").bindparams(bindparam("ids", type_=_UUIDS), bindparam("delays", type_=ARRAY(Interval)))

_BEGIN: Final = text("""
    WITH begun AS (
        UPDATE outbound o SET state = 'sending', reason = NULL, attempt = o.attempt + 1, fence = o.fence + 1,
            started_at = now(), lease_until = now() + :lease, retry_at = NULL
        FROM unnest(:ids) AS v (id) WHERE o.id = v.id
        RETURNING o.tenant_id, o.id, o.attempt)
    INSERT INTO outbound_attempts (tenant_id, id, outbound_id, number, tag)
        SELECT b.tenant_id, v.attempt, b.id, b.attempt, v.tag
        FROM begun b JOIN unnest(:ids, :attempts, :tags) AS v (id, attempt, tag) ON v.id = b.id
""").bindparams(
    bindparam("ids", type_=_UUIDS),
    bindparam("attempts", type_=_UUIDS),
    bindparam("tags", type_=_TEXTS),
    bindparam("lease", type_=Interval),
)
