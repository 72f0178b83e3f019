"""What became of messages that we sent: monotone, so that the order in which it is told changes nothing.

A status is of the message with its provider's id; or of the attempt whose tag it carries, also where the answer to that
attempt never came. Then it is the proof that the provider took it.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.contents import Json
from channels.envelope import ProviderError, Status, StatusChanged
from channels.stores import parked
from channels.stores.edits import Changed, join_edits
from channels.stores.parked import News
from core import telemetry
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ContactId
from core.logging import get_logger
from core.models.outbox import OutboundState
from core.models.people import ConnectionKind
from core.models.stream import ParkedKind
from core.telemetry import InboundOutcome

_STATES: Final = {
    Status.SENT: OutboundState.SENT,
    Status.FAILED: OutboundState.FAILED,
    Status.DELIVERED: OutboundState.DELIVERED,
    Status.READ: OutboundState.READ,
    Status.PLAYED: OutboundState.READ,
}
# What is shown never goes back; states that are none of these only wait for proof.
_LATTICE: Final = [OutboundState.ACCEPTED.value, *dict.fromkeys(state.value for state in _STATES.values())]
_TAG: Final = re.compile(r"(?P<intent>.+)\.[0-9]+\.[0-9a-f]{8}")

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A status, and the connection that it came in on."""

    connection: UUID
    change: StatusChanged


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The message of ours that a status is about."""

    outbound: UUID
    contact: ContactId


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    changed: int = 0
    parked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """Of what had waited: how many statuses were told, and the messages that are not what they were."""

    statuses: int
    changed: Sequence[Changed]


async def find(session: TenantSession, told: Sequence[Told]) -> list[Found | None]:
    """Of each, without a lock. None: we do not know the message yet."""
    found: list[Found | None] = [None] * len(told)
    if told:
        bound = {
            "connections": [one.connection for one in told],
            "names": [one.change.provider_id for one in told],
            "tags": [one.change.tag for one in told],
            "intents": [intent_of(one.change.tag) for one in told],
        }
        for row in await session.execute(_FIND, bound):
            found[row.place - 1] = Found(outbound=row.id, contact=ContactId(row.contact_id))
    return found


async def sent_by_us(session: TenantSession, names: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Which of these, by connection and provider's id, are messages that we sent ourselves."""
    if not names:
        return set()
    bound = {"connections": [connection for connection, _ in names], "names": [name for _, name in names]}
    return {(row.connection_id, row.provider_id) for row in await session.execute(_OURS, bound)}


async def apply(session: TenantSession, told: Sequence[Told], found: Sequence[Found | None]) -> Applied:
    """Those of messages that we know are written, the others are parked."""
    known: dict[UUID, list[StatusChanged]] = {}
    for one, of in zip(told, found, strict=True):
        if of is not None:
            known.setdefault(of.outbound, []).append(one.change)
    changed = await _write(session, known) if known else []
    if changed:
        emit(session, Event(kind=EventKind.MESSAGE_STATUS, payload={"messages": [str(message) for message in changed]}))
    unknown = [_news(one) for one, of in zip(told, found, strict=True) if of is None]
    await parked.park(session, unknown)
    return Applied(changed=len(changed), parked=len(unknown))


async def join_parked(session: TenantSession) -> Joined:
    """News that waited for a message which we know by now; what waited for a week is given up."""
    told = [_told(news) for news in await parked.take_statuses(session)]
    await apply(session, told, await find(session, told))
    changed = await join_edits(session)
    for kind, count in (await parked.drop_old(session)).items():
        log.info("parked.given_up", channel=kind, count=count)
        counter = telemetry.inbound(channel=ConnectionKind(kind), outcome=InboundOutcome.IGNORED)
        session.after_commit(partial(counter.inc, count))
    return Joined(statuses=len(told), changed=changed)


def intent_of(tag: str | None) -> str | None:
    """Of a tag of ours: a database that was restored may know the intent and not the attempt."""
    match = _TAG.fullmatch(tag or "")
    return match["intent"] if match else None


async def _write(session: TenantSession, known: Mapping[UUID, Sequence[StatusChanged]]) -> list[UUID]:
    """The messages of which something is different now."""
    ordered = {outbound: sorted(changes, key=_order) for outbound, changes in sorted(known.items())}
    await session.execute(_HOLD, {"ids": list(ordered)})
    rows = (await session.execute(_WRITE, _columns(ordered))).all()
    tags = [change.tag for changes in ordered.values() for change in changes if change.tag]
    if tags:
        await session.execute(_PROVE, {"tags": tags})
    if any(row.was_open for row in rows):
        await session.execute(_NUDGE)
    return [row.message_id for row in rows]


def _order(change: StatusChanged) -> tuple[datetime, str, str]:
    return change.at, change.status, change.error.code if change.error else ""


def _columns(known: Mapping[UUID, Sequence[StatusChanged]]) -> dict[str, Any]:
    states = [
        max((_STATES[change.status].value for change in changes), key=_LATTICE.index) for changes in known.values()
    ]
    firsts = {status: [_first(changes, status) for changes in known.values()] for status in Status}
    return {
        "ids": list(known),
        "states": states,
        "lattice": _LATTICE,
        "names": [changes[0].provider_id for changes in known.values()],
        "earliest": [changes[0].at for changes in known.values()],
        "errors": [_dumped(_error(changes)) for changes in known.values()],
        "pricings": [_dumped(_pricing(changes)) for changes in known.values()],
        **{status.value: moments for status, moments in firsts.items()},
    }


def _first(changes: Iterable[StatusChanged], status: Status) -> datetime | None:
    return min((change.at for change in changes if change.status is status), default=None)


def _error(changes: Iterable[StatusChanged]) -> Json | None:
    errors = (_plain(change.error) for change in changes if change.status is Status.FAILED and change.error)
    return next(errors, None)


def _pricing(changes: Iterable[StatusChanged]) -> Json | None:
    merged: dict[str, Any] = {}
    for change in changes:
        merged = {**(change.pricing or {}), **merged}
    return merged or None


def _plain(error: ProviderError) -> Json:
    return {"kind": error.kind, "code": error.code, "title": error.title}


def _dumped(value: Json | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _news(one: Told) -> News:
    change = one.change
    said = {
        "status": change.status.value,
        "at": change.at.isoformat(),
        "tag": change.tag,
        "intent": intent_of(change.tag),
        "error": change.error and _plain(change.error),
        "pricing": change.pricing,
    }
    told = {name: value for name, value in said.items() if value is not None}
    return News(connection=one.connection, target=change.provider_id, kind=ParkedKind.STATUS, said=told)


def _told(news: News) -> Told:
    said = news.said
    change = StatusChanged(
        provider_id=news.target,
        status=Status(said["status"]),
        at=datetime.fromisoformat(said["at"]),
        tag=said.get("tag"),
        error=ProviderError(**said["error"]) if "error" in said else None,
        pricing=said.get("pricing"),
    )
    return Told(connection=news.connection, change=change)


# One by one, by key: joined as a whole, tables that nobody has analysed yet are read once for each pair of rows.
_FIND: Final = text("""
    SELECT w.place, o.id, o.contact_id
    FROM unnest(CAST(:connections AS uuid[]), CAST(:names AS text[]), CAST(:tags AS text[]), CAST(:intents AS text[]))
        WITH ORDINALITY AS w (connection, name, tag, intent, place),
    LATERAL (SELECT coalesce(
        (SELECT n.id FROM outbound n WHERE n.connection_id = w.connection AND n.provider_id = w.name),
        (SELECT a.outbound_id FROM outbound_attempts a WHERE a.tag = w.tag),
        (SELECT i.id FROM outbound i WHERE i.intent_key = w.intent)) AS id OFFSET 0) AS k,
    LATERAL (SELECT s.id, s.contact_id, s.connection_id FROM outbound s WHERE s.id = k.id OFFSET 0) AS o
    WHERE o.connection_id = w.connection
""")

_OURS: Final = text("""
    SELECT o.connection_id, o.provider_id
    FROM unnest(CAST(:connections AS uuid[]), CAST(:names AS text[])) AS w (connection, name)
    JOIN outbound o ON o.connection_id = w.connection AND o.provider_id = w.name
""")

_HOLD: Final = text("""
    SELECT id FROM outbound WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")

# Of a name that another message has already nothing is taken: ids at the provider are never shared.
_WRITE: Final = text("""
    WITH next AS (
        SELECT o.id, o.state AS was,
            CASE WHEN array_position(CAST(:lattice AS text[]), w.state)
                    > coalesce(array_position(CAST(:lattice AS text[]), o.state), 0)
                THEN w.state ELSE o.state END AS state,
            CASE WHEN o.provider_id IS NULL AND NOT EXISTS (
                    SELECT FROM outbound p WHERE p.connection_id = o.connection_id AND p.provider_id = w.name)
                THEN w.name ELSE o.provider_id END AS provider_id,
            coalesce(o.accepted_at, w.earliest) AS accepted_at,
            least(o.sent_at, w.sent) AS sent_at, least(o.delivered_at, w.delivered) AS delivered_at,
            least(o.read_at, w.read) AS read_at, least(o.played_at, w.played) AS played_at,
            least(o.failed_at, w.failed) AS failed_at,
            CASE WHEN o.error IS NULL OR o.failed_at IS NULL
                    OR (w.failed, w.error COLLATE "C") < (o.failed_at, CAST(o.error AS text))
                THEN coalesce(CAST(w.error AS jsonb), o.error) ELSE o.error END AS error,
            CASE WHEN w.pricing IS NULL THEN o.pricing
                ELSE CAST(w.pricing AS jsonb) || coalesce(o.pricing, '{}') END AS pricing
        FROM unnest(
            CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:names AS text[]), CAST(:earliest AS timestamptz[]),
            CAST(:sent AS timestamptz[]), CAST(:delivered AS timestamptz[]), CAST(:read AS timestamptz[]),
            CAST(:played AS timestamptz[]), CAST(:failed AS timestamptz[]), CAST(:errors AS text[]),
            CAST(:pricings AS text[])
        ) AS w (id, state, name, earliest, sent, delivered, read, played, failed, error, pricing)
        JOIN outbound o ON o.id = w.id
    )
    UPDATE outbound o SET state = n.state, provider_id = n.provider_id, accepted_at = n.accepted_at,
        sent_at = n.sent_at, delivered_at = n.delivered_at, read_at = n.read_at, played_at = n.played_at,
        failed_at = n.failed_at, error = n.error, pricing = n.pricing,
        reason = CASE WHEN n.state = o.state THEN o.reason WHEN n.state = 'failed' THEN n.error ->> 'kind' END,
        lease_until = NULL, unknown_since = NULL, retry_at = NULL
    FROM next n
    WHERE o.id = n.id AND (o.state, o.provider_id, o.accepted_at, o.sent_at, o.delivered_at, o.read_at, o.played_at,
        o.failed_at, o.error, o.pricing) IS DISTINCT FROM (n.state, n.provider_id, n.accepted_at, n.sent_at,
        n.delivered_at, n.read_at, n.played_at, n.failed_at, n.error, n.pricing)
    RETURNING o.message_id, n.was IN ('queued', 'sending', 'unknown', 'ambiguous') AS was_open
""")

_PROVE: Final = text("""
    UPDATE outbound_attempts SET outcome = 'accepted', done_at = coalesce(done_at, now())
    WHERE tag = ANY (CAST(:tags AS text[])) AND outcome IS DISTINCT FROM 'accepted'
""")

_NUDGE: Final = text("SELECT pg_notify('outbox', '')")
