"""What there is to know after a run: the tables of one database, and the provider's book."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import asyncpg

from core.models.outbox import OutboundState, Purpose
from tests.chaos.panel import Call, Panel, Taken

ALL: Final = frozenset(Purpose)


class GateKind(StrEnum):
    OPT_OUT = "opt_out"
    TAKEOVER = "takeover"
    PAUSE = "pause"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """From its commit on, no call for this may begin; until somebody opened it again."""

    kind: GateKind
    of: UUID  # a contact, a conversation or a batch
    shut_ns: int
    opened_ns: int | None = None
    stops: frozenset[Purpose] = ALL

    def holds_at(self, moment_ns: int) -> bool:
        return moment_ns > self.shut_ns and (self.opened_ns is None or moment_ns < self.opened_ns)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An intent, as the table tells of it."""

    id: UUID
    intent: str
    conversation: UUID
    contact: UUID
    batch: UUID | None
    seq: int
    lane: str
    purpose: Purpose
    state: OutboundState
    reason: str | None
    attempt: int
    provider_id: str | None
    has_lease: bool
    is_dated: bool  # since when it is unknown is on record
    answers_later: bool  # what the person wrote after opting out


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    outbound: UUID
    number: int
    tag: str
    was_unknown: bool  # nobody answered for it; who proves it afterwards has only its tag
    is_open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a customer wrote, as we keep it."""

    provider_id: str
    conversation: UUID
    is_owed: bool  # a turn, by its kind
    has_turn: bool
    has_reason: bool  # a consent word, a person who answers, a conversation that was closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Rows that somebody still has to look at, by what they are."""

    incoming: int = 0
    quarantined: int = 0
    turns: int = 0
    media: int = 0
    parked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    rows: Sequence[Row] = ()
    attempts: Sequence[Attempt] = ()
    said: Sequence[Said] = ()
    waiting: Waiting = Waiting()
    calls: Sequence[Call] = ()
    accepted: Sequence[Taken] = ()
    gates: Sequence[Gate] = ()
    acknowledged: Sequence[str] = ()  # messages of customers, which somebody answered 200 to
    counts: Mapping[UUID, Mapping[str, int]] = field(default_factory=dict)  # of batches, as the product tells them


async def gather(superuser: "asyncpg.Connection[Any]", panel: Panel, **known: Any) -> Facts:
    """All of one database; it belongs to the test alone."""
    async with superuser.transaction(isolation="repeatable_read", readonly=True):
        rows = [_row(found) for found in await superuser.fetch(_ROWS)]
        attempts = [Attempt(**dict(found)) for found in await superuser.fetch(_ATTEMPTS)]
        said = [Said(**dict(found)) for found in await superuser.fetch(_SAID)]
        waiting = Waiting(**dict((await superuser.fetch(_WAITING))[0]))
    return Facts(
        rows=rows,
        attempts=attempts,
        said=said,
        waiting=waiting,
        calls=await panel.calls(),
        accepted=await panel.accepted(),
        **known,
    )


def _row(found: "asyncpg.Record") -> Row:
    told = dict(found)
    return Row(**told | {"purpose": Purpose(told["purpose"]), "state": OutboundState(told["state"])})


def wall_offset_ns() -> int:
    """What the wall clock is ahead of the monotonic one. A run in which somebody turns it is no run."""
    return time.time_ns() - time.monotonic_ns()


async def opt_outs(superuser: "asyncpg.Connection[Any]") -> list[Gate]:
    """As they were committed, whoever wrote them: a merge tells of somebody else's."""
    stopped = ALL - {Purpose.NOTICE}
    return [
        Gate(kind=GateKind.OPT_OUT, of=found["of"], shut_ns=at_ns(found["shut"]), stops=stopped)
        for found in await superuser.fetch(_OPT_OUTS)
    ]


async def takeovers(superuser: "asyncpg.Connection[Any]") -> list[Gate]:
    stopped = frozenset({Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING})
    return [
        Gate(kind=GateKind.TAKEOVER, of=found["of"], shut_ns=at_ns(found["shut"]), stops=stopped)
        for found in await superuser.fetch(_TAKEOVERS)
    ]


async def commit_of_batch(superuser: "asyncpg.Connection[Any]", batch: UUID) -> int:
    """When its row was changed for the last time."""
    return at_ns(await superuser.fetchval(_COMMIT_OF_BATCH, batch))


def at_ns(moment: datetime) -> int:
    """On the monotonic clock; in whole numbers, for a float of today's seconds is too coarse."""
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000 - wall_offset_ns()


_ROWS: Final = """
    SELECT o.id, o.intent_key AS intent, o.conversation_id AS conversation, o.contact_id AS contact,
        o.batch_id AS batch, o.seq, o.lane, o.purpose, o.state, o.reason, o.attempt, o.provider_id,
        o.lease_until IS NOT NULL AS has_lease, o.unknown_since IS NOT NULL AS is_dated,
        coalesce(o.answers_at > c.opted_out_at, false) AS answers_later
    FROM outbound o JOIN contacts c ON c.tenant_id = o.tenant_id AND c.id = o.contact_id
"""
_ATTEMPTS: Final = """
    SELECT outbound_id AS outbound, number, tag, outcome IS NULL AS is_open,
        coalesce(outcome = 'unknown' OR outcome = 'accepted' AND NOT answer ? 'provider_id', false) AS was_unknown
    FROM outbound_attempts
"""
_SAID: Final = """
    SELECT m.provider_id, m.conversation_id AS conversation, m.kind NOT IN ('reaction', 'system') AS is_owed,
        EXISTS (SELECT FROM turns t WHERE t.tenant_id = m.tenant_id AND t.conversation_id = m.conversation_id
            AND coalesce(t.ended_at, 'infinity') >= m.created_at) AS has_turn,
        EXISTS (SELECT FROM consent_events e WHERE e.tenant_id = m.tenant_id AND e.message_id = m.id)
            OR EXISTS (SELECT FROM conversations c WHERE c.tenant_id = m.tenant_id AND c.id = m.conversation_id
                AND c.control IN ('human', 'closed')) AS has_reason
    FROM messages m WHERE m.author = 'customer' AND m.provider_id IS NOT NULL
"""
_WAITING: Final = """
    SELECT (SELECT count(*) FROM incoming_events WHERE state = 'new') AS incoming,
        (SELECT count(*) FROM incoming_events WHERE state = 'quarantined') AS quarantined,
        (SELECT count(*) FROM turns WHERE state IN ('open', 'running')) AS turns,
        (SELECT count(*) FROM media_files WHERE state = 'pending' AND provider_media_id IS NOT NULL) AS media,
        (SELECT count(*) FROM parked_news) AS parked
"""
_OPT_OUTS: Final = """
    SELECT contact_id AS of, min(pg_xact_commit_timestamp(xmin)) AS shut
    FROM consent_events WHERE kind = 'opted_out' AND source <> 'merge' GROUP BY 1
"""
_TAKEOVERS: Final = """
    SELECT subject_id AS of, min(pg_xact_commit_timestamp(xmin)) AS shut
    FROM domain_events WHERE kind = 'conversation.taken_over' GROUP BY 1
"""
_COMMIT_OF_BATCH: Final = "SELECT pg_xact_commit_timestamp(xmin) FROM send_batches WHERE id = $1"
