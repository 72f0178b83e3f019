"""Notes on their way: the heads of their chains, claimed, said in steps, done. At least once, in order per topic."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from channels.telegram_staff.notes import About, Body, from_json
from core.db.sessions import TenantSession
from core.ids import ConnectionId, new_id
from core.models.staff import NoteState, StaffLine, StaffNote, StaffTopic

_MOST_MERGED: Final = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """Where it is to be said. Without a thread its topic has still to be opened."""

    chat: int
    group: UUID | None
    person: UUID | None
    topic: UUID | None
    thread: int | None
    name: str
    card: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """The first of its chain."""

    id: UUID
    goal: Goal
    body: Body
    tries: int  # before this one
    said: tuple[int, ...]  # the messages of the steps that are done
    behind: int  # how many of its group are due


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    id: UUID
    body: Body


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What can be said at all: the bound group of this bot, and whether topics can be opened in it."""

    connection: ConnectionId
    has_group: bool
    opens_topics: bool
    speaks_to_people: bool


async def heads(session: TenantSession, reach: Reach, most: int) -> list[Waiting]:
    """Of each chain the first that is not done, and that nobody is at: the most urgent ones."""
    bound = {
        "connection": reach.connection,
        "groups": reach.has_group,
        "topics": reach.opens_topics,
        "people": reach.speaks_to_people,
        "most": most,
    }
    rows = (await session.execute(_HEADS, bound)).all()
    found = {row.id: _waiting(row) for row in rows}
    if broken := [note for note, waiting in found.items() if waiting is None]:
        await fail(session, broken, "unreadable")
        return await heads(session, reach, most)
    return [waiting for waiting in found.values() if waiting is not None]


async def seconds_to_next(session: TenantSession) -> float | None:
    """Until a note that rests, or is for later, may be said. None: none waits."""
    seconds: float | None = await session.scalar(_NEXT)
    return seconds


async def hurry(session: TenantSession, group: UUID) -> None:
    """The group can be spoken to again: what was put off need not rest any longer."""
    await session.execute(_HURRY, {"group": group})


async def followers(session: TenantSession, head: Waiting) -> list[Follower]:
    """Those right behind it in its topic, up to the first that somebody is at, or that is half said."""
    bound = {"topic": head.goal.topic, "head": head.id, "most": _MOST_MERGED}
    rows = (await session.execute(_FOLLOWERS, bound)).all()
    found: list[Follower] = []
    for row in rows:
        body = _body(row)
        if row.is_held or body is None:
            break
        found.append(Follower(id=row.id, body=body))
    return found


async def begin(session: TenantSession, ids: Collection[UUID], lease: timedelta) -> set[UUID]:
    """Those that are ours until the lease ends; a try of each is counted."""
    return set((await session.scalars(_BEGIN, {"ids": list(ids), "lease": lease})).all())


async def note_step(session: TenantSession, head: UUID, message_ids: Sequence[int], lease: timedelta) -> None:
    """So much of it is said: whoever goes on with it does not begin anew."""
    await session.execute(_STEP, {"id": head, "said": list(message_ids), "lease": lease})


async def finish(session: TenantSession, head: UUID, merged: Collection[UUID], message_ids: Sequence[int]) -> None:
    bound = {"head": head, "ids": [head, *merged], "said": list(message_ids)}
    await session.execute(_FINISH, bound)


async def put_off(session: TenantSession, ids: Collection[UUID], seconds: float, reason: str) -> None:
    """It keeps its place, and holds up those behind it."""
    await session.execute(_PUT_OFF, {"ids": list(ids), "pause": timedelta(seconds=seconds), "reason": reason})


async def give_back(session: TenantSession, ids: Collection[UUID]) -> None:
    """Nothing was tried of it."""
    await session.execute(_GIVE_BACK, {"ids": list(ids)})


async def fail(session: TenantSession, ids: Collection[UUID], reason: str) -> None:
    failed = {"state": NoteState.FAILED, "reason": reason, "lease_until": None}
    await session.execute(update(StaffNote).where(StaffNote.id.in_(ids)).values(**failed))


async def keep_lines(session: TenantSession, goal: Goal, message_ids: Sequence[int], abouts: Collection[About]) -> None:
    """Which messages of the group stand for what was said in the conversation."""
    rows = [
        {
            "tenant_id": session.tenant_id,
            "id": new_id(),
            "group_id": goal.group,
            "message_id": message_id,
            "topic_id": goal.topic,
            "kind": about.kind,
            "said_id": about.said,
        }
        for message_id in message_ids
        for about in abouts
    ]
    if rows:
        await session.execute(upsert(StaffLine).on_conflict_do_nothing(), rows)


# --- topics: what only the sender knows of them ---------------------------------------------------------------------


async def opened(session: TenantSession, topic: UUID, thread: int) -> None:
    await session.execute(_OPENED, {"topic": topic, "thread": thread})


async def reopened(session: TenantSession, topic: UUID) -> None:
    await session.execute(_REOPENED, {"topic": topic})


async def lost(session: TenantSession, topic: UUID, thread: int) -> None:
    """Somebody deleted it: it has to be opened anew."""
    mine = (StaffTopic.id == topic) & (StaffTopic.thread_id == thread)
    await session.execute(update(StaffTopic).where(mine).values(thread_id=None, card_message_id=None))


async def drop(session: TenantSession, topic: UUID, note: UUID) -> None:
    """It was deleted for good by this note: what was to be said before is said nowhere, and its card never again."""
    await session.execute(_DROP, {"topic": topic, "note": note})


async def renew(session: TenantSession, head: UUID, lease: timedelta) -> None:
    """It takes longer: nobody else may begin it."""
    await session.execute(_RENEW, {"id": head, "lease": lease})


async def take_over(session: TenantSession) -> None:
    """Whoever was at them holds the bot no more."""
    await session.execute(_TAKE_OVER)


async def last_card(session: TenantSession, topic: UUID) -> Body | None:
    """As it was last said, to be said again where the topic is opened anew."""
    card: str | None = await session.scalar(_LAST_CARD, {"topic": topic})
    return None if card is None else from_json(json.loads(card))


async def carded(session: TenantSession, topic: UUID, message_id: int | None) -> None:
    await session.execute(update(StaffTopic).where(StaffTopic.id == topic).values(card_message_id=message_id))


async def forget_old(session: TenantSession, age: timedelta) -> None:
    """A card is kept as long as its topic: it may have to be said again."""
    await session.execute(_FORGET, {"age": age})


def _waiting(row: Any) -> Waiting | None:
    """None: it is of a kind that this release does not know."""
    body = _body(row)
    if body is None:
        return None
    goal = Goal(
        chat=row.chat,
        group=row.group_id,
        person=row.person_id,
        topic=row.topic_id,
        thread=row.thread_id,
        name=row.name or "",
        card=row.card_message_id,
    )
    return Waiting(
        id=row.id,
        goal=goal,
        body=body,
        tries=row.attempts,
        said=tuple(row.message_ids or ()),
        behind=row.behind,
    )


def _body(row: Any) -> Body | None:
    try:
        return from_json(json.loads(row.body))
    except (KeyError, TypeError, ValueError):
        return None


# A chain is a topic, a person, or what of one lane is for the General: there the urgent need not wait for news. It is
# as urgent as the most urgent that waits in it, for that comes only behind the others.
_HEADS: Final = text("""
    WITH due AS (
        SELECT n.*, coalesce(n.topic_id, n.person_id, n.group_id) AS place,
            CASE WHEN n.topic_id IS NULL AND n.person_id IS NULL THEN n.lane ELSE '' END AS strand
        FROM staff_notes n WHERE n.state IN ('queued', 'sending') AND n.not_before <= app_now()),
    ranked AS (
        SELECT *, min(array_position(ARRAY['answer', 'alert', 'relay', 'news'], CAST(lane AS text)))
            OVER (PARTITION BY place, strand) AS rank FROM due),
    firsts AS (SELECT DISTINCT ON (place, strand) * FROM ranked ORDER BY place, strand, id)
    SELECT f.id, f.group_id, f.person_id, f.topic_id, f.attempts, f.message_ids, CAST(f.body AS text) AS body,
        coalesce(g.chat_id, p.chat_id) AS chat, t.thread_id, t.name, t.card_message_id,
        (SELECT count(*) FROM due d WHERE d.group_id = f.group_id) AS behind
    FROM firsts f
    LEFT JOIN staff_groups g ON g.id = f.group_id
    LEFT JOIN staff_people p ON p.id = f.person_id
    LEFT JOIN staff_topics t ON t.id = f.topic_id
    WHERE (f.lease_until IS NULL OR f.lease_until < now())
      AND (f.person_id IS NOT NULL AND p.chat_id IS NOT NULL AND CAST(:people AS boolean)
        OR g.left_at IS NULL AND g.connection_id = :connection AND CAST(:groups AS boolean)
          AND (f.topic_id IS NULL OR t.thread_id IS NOT NULL OR CAST(:topics AS boolean)))
    ORDER BY f.rank, f.id
    LIMIT :most
""")

_NEXT: Final = text("""
    SELECT CAST(min(greatest(coalesce(extract(epoch FROM lease_until - now()), 0),
        extract(epoch FROM not_before - app_now()))) AS float)
    FROM staff_notes
    WHERE state IN ('queued', 'sending') AND (lease_until > now() OR not_before > app_now())
""")

_HURRY: Final = text("""
    WITH rested AS (
        UPDATE staff_notes SET lease_until = NULL
        WHERE group_id = :group AND state = 'sending' AND reason IS NOT NULL RETURNING tenant_id)
    SELECT pg_notify('staff', CAST(tenant_id AS text)) FROM (SELECT DISTINCT tenant_id FROM rested) AS one
""")

_FOLLOWERS: Final = text("""
    SELECT id, CAST(body AS text) AS body,
        coalesce(lease_until > now(), false) OR coalesce(cardinality(message_ids), 0) > 0 AS is_held
    FROM staff_notes
    WHERE topic_id = :topic AND id > :head AND state IN ('queued', 'sending') AND not_before <= app_now()
    ORDER BY id LIMIT :most
""")

_BEGIN: Final = text("""
    UPDATE staff_notes SET state = 'sending', attempts = attempts + 1, reason = NULL,
        lease_until = now() + CAST(:lease AS interval)
    WHERE id IN (
        SELECT id FROM staff_notes
        WHERE id = ANY (CAST(:ids AS uuid[])) AND state IN ('queued', 'sending')
          AND (lease_until IS NULL OR lease_until < now())
        ORDER BY id FOR UPDATE)
    RETURNING id
""")

_STEP: Final = text("""
    UPDATE staff_notes SET message_ids = CAST(:said AS bigint[]), lease_until = now() + CAST(:lease AS interval)
    WHERE id = :id AND state = 'sending'
""")

_FINISH: Final = text("""
    UPDATE staff_notes SET state = CASE WHEN id = :head THEN 'sent' ELSE 'merged' END, reason = NULL,
        lease_until = NULL, message_ids = CAST(:said AS bigint[]), sent_at = app_now()
    WHERE id = ANY (CAST(:ids AS uuid[])) AND state IN ('queued', 'sending')
""")

# It stays `sending`: a newer one may have taken its slot, and two of one slot cannot wait.
_PUT_OFF: Final = text("""
    UPDATE staff_notes SET lease_until = now() + CAST(:pause AS interval), reason = :reason
    WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'sending'
""")

_GIVE_BACK: Final = text("""
    UPDATE staff_notes SET lease_until = NULL, attempts = greatest(attempts - 1, 0)
    WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'sending'
""")

# Closing is the desk's to say, who may have said it meanwhile.
_OPENED: Final = text("""
    UPDATE staff_topics SET thread_id = :thread, card_message_id = NULL, opened_at = app_now(),
        state = CASE WHEN state = 'wanted' THEN 'open' ELSE state END
    WHERE id = :topic
""")

_REOPENED: Final = text("""
    UPDATE staff_topics SET state = 'open', opened_at = app_now() WHERE id = :topic AND state = 'wanted'
""")

_LAST_CARD: Final = text("""
    SELECT CAST(body AS text) FROM staff_notes
    WHERE topic_id = :topic AND body ->> 'type' = 'card' AND state = 'sent' ORDER BY id DESC LIMIT 1
""")

_DROP: Final = text("""
    UPDATE staff_notes SET state = 'failed', reason = 'topic_deleted', lease_until = NULL
    WHERE topic_id = :topic AND id < :note
      AND (state IN ('queued', 'sending') OR state = 'sent' AND body ->> 'type' = 'card')
""")

_RENEW: Final = text("""
    UPDATE staff_notes SET lease_until = now() + CAST(:lease AS interval) WHERE id = :id AND state = 'sending'
""")

_TAKE_OVER: Final = text("""
    UPDATE staff_notes SET lease_until = NULL WHERE state = 'sending' AND reason IS NULL AND lease_until > now()
""")

_FORGET: Final = text("""
    DELETE FROM staff_notes
    WHERE state NOT IN ('queued', 'sending') AND created_at < app_now() - CAST(:age AS interval)
      AND body ->> 'type' <> 'card'
""")
