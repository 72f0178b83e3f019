"""News of messages that we do not know yet: kept until the message turns up, or for a week."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Interval, bindparam, text

from core.db.sessions import TenantSession
from core.ids import new_id
from core.models.stream import ParkedKind

KEPT: Final = timedelta(days=7)
_WINDOW: Final = 2000  # what is to be known at all is known soon: so many of the newest are looked at each time


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """Told twice, it is parked once: what it says is its name."""

    connection: UUID
    target: str  # the provider's id of the message
    kind: ParkedKind
    said: dict[str, Any]

    @property
    def digest(self) -> str:
        plain = json.dumps([self.kind.value, self.said], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(plain.encode()).hexdigest()


async def park(session: TenantSession, news: Sequence[News]) -> None:
    """But for what became of a message that somebody wrote on the business's phone: its statuses are nobody's."""
    if news:
        bound = {
            "ids": [new_id() for _ in news],
            "connections": [one.connection for one in news],
            "targets": [one.target for one in news],
            "kinds": [one.kind.value for one in news],
            "digests": [one.digest for one in news],
            "said": [json.dumps(one.said, ensure_ascii=False) for one in news],
        }
        await session.execute(_PARK, bound)


async def take_changes(session: TenantSession, names: Collection[tuple[UUID, str]] | None = None) -> list[News]:
    """Edits and removals of these messages, or of all that we know by now. They are not parked any more."""
    if names is None:
        return _news(await session.execute(_TAKE_CHANGES, {"window": _WINDOW}))
    if not names:
        return []
    bound = {"connections": [connection for connection, _ in names], "targets": [name for _, name in names]}
    return _news(await session.execute(_TAKE_CHANGES_OF, bound))


async def take_statuses(session: TenantSession) -> list[News]:
    """Those of messages that are known as ours by now; those of messages from the business's phone are dropped."""
    await session.execute(_DROP_FOREIGN, {"window": _WINDOW})
    return _news(await session.execute(_TAKE_STATUSES, {"window": _WINDOW}))


async def drop_old(session: TenantSession) -> dict[str, int]:
    """How many were given up, by channel."""
    return {row.kind: row.dropped for row in await session.execute(_DROP_OLD, {"kept": KEPT})}


def _news(rows: Any) -> list[News]:
    return [
        News(
            connection=row.connection_id,
            target=row.provider_id,
            kind=ParkedKind(row.kind),
            said=json.loads(row.news),
        )
        for row in rows
    ]


_PARK: Final = text("""
    INSERT INTO parked_news (tenant_id, id, connection_id, provider_id, kind, digest, news)
    SELECT current_tenant(), w.id, w.connection, w.target, w.kind, w.digest, CAST(w.said AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:connections AS uuid[]), CAST(:targets AS text[]), CAST(:kinds AS text[]),
        CAST(:digests AS text[]), CAST(:said AS text[])) AS w (id, connection, target, kind, digest, said)
    WHERE w.kind <> 'status' OR NOT EXISTS (
        SELECT FROM messages m WHERE m.connection_id = w.connection AND m.provider_id = w.target)
    ON CONFLICT (tenant_id, connection_id, provider_id, digest) DO NOTHING
""")

_TAKE_CHANGES_OF: Final = text("""
    DELETE FROM parked_news p
    USING unnest(CAST(:connections AS uuid[]), CAST(:targets AS text[])) AS w (connection, target)
    WHERE p.connection_id = w.connection AND p.provider_id = w.target AND p.kind IN ('edit', 'delete')
    RETURNING p.connection_id, p.provider_id, p.kind, CAST(p.news AS text) AS news
""")

# One probe of an index for each, however many messages there are: a join might be planned to read all of them.
_TAKE_CHANGES: Final = text("""
    WITH newest AS MATERIALIZED (
        SELECT id, connection_id, provider_id, kind FROM parked_news ORDER BY id DESC LIMIT :window
    )
    DELETE FROM parked_news WHERE id = ANY (ARRAY(
        SELECT n.id FROM newest n, LATERAL (
            SELECT FROM messages m
            WHERE m.connection_id = n.connection_id AND m.provider_id = n.provider_id LIMIT 1) m
        WHERE n.kind IN ('edit', 'delete')))
    RETURNING connection_id, provider_id, kind, CAST(news AS text) AS news
""")

_TAKE_STATUSES: Final = text("""
    WITH newest AS MATERIALIZED (
        SELECT id, connection_id, provider_id, kind, news ->> 'tag' AS tag, news ->> 'intent' AS intent
        FROM parked_news ORDER BY id DESC LIMIT :window
    )
    DELETE FROM parked_news WHERE id = ANY (ARRAY(
        SELECT n.id FROM newest n
        WHERE n.kind = 'status' AND (
            (SELECT true FROM outbound o
                WHERE o.connection_id = n.connection_id AND o.provider_id = n.provider_id LIMIT 1)
            OR (SELECT o.connection_id = n.connection_id FROM outbound_attempts a,
                LATERAL (SELECT connection_id FROM outbound WHERE id = a.outbound_id LIMIT 1) o
                WHERE a.tag = n.tag LIMIT 1)
            OR (SELECT o.connection_id = n.connection_id FROM outbound o WHERE o.intent_key = n.intent LIMIT 1))))
    RETURNING connection_id, provider_id, kind, CAST(news AS text) AS news
""")

_DROP_FOREIGN: Final = text("""
    WITH newest AS MATERIALIZED (
        SELECT id, connection_id, provider_id, kind FROM parked_news ORDER BY id DESC LIMIT :window
    )
    DELETE FROM parked_news WHERE id = ANY (ARRAY(
        SELECT n.id FROM newest n, LATERAL (
            SELECT FROM messages m
            WHERE m.connection_id = n.connection_id AND m.provider_id = n.provider_id LIMIT 1) m
        WHERE n.kind = 'status'))
""")

_DROP_OLD: Final = text("""
    WITH gone AS (DELETE FROM parked_news WHERE created_at < app_now() - :kept RETURNING connection_id)
    SELECT c.kind, count(*) AS dropped FROM gone JOIN connections c ON c.id = gone.connection_id GROUP BY 1
""").bindparams(bindparam("kept", type_=Interval))
