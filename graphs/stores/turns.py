"""Turns as rows: opened when somebody writes, put off while they still do, closed by whoever took them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from agents.gateway.port import Usage
from core.db.sessions import TenantSession
from core.ids import CompanyId, ConversationId, TurnId, new_id
from core.models.stream import MessageKind, TurnState
from graphs.debounce import Arrival

MOST_ARRIVALS: Final = 8  # of one turn: enough to tell whether somebody still writes
BUTTON_FORMS: Final = frozenset({"button", "list", "template_button"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A turn that is ours until the lease ends."""

    company: CompanyId
    turn: TurnId
    fence: int
    tries: int = 1  # this one too


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What open turns are about already, and how many seconds of silence this company wants before its answers."""

    arrivals: Mapping[ConversationId, list[Arrival]]
    answer_wait: float | None


async def waiting(session: TenantSession, conversations: Collection[ConversationId], *, since: datetime) -> Waiting:
    """Of those that have an open turn: when it was opened and, if that was since then, what was said before now."""
    found: dict[ConversationId, list[Arrival]] = {}
    bound = {"conversations": list(conversations), "most": MOST_ARRIVALS, "since": since}
    rows = (await session.execute(_WAITING, bound)).all()
    for row in rows:
        if row.conversation_id is None:
            continue
        arrivals = found.setdefault(
            ConversationId(row.conversation_id), [Arrival(at=row.opened_at, kind=MessageKind.SYSTEM)]
        )
        if row.created_at is not None:
            kind, is_button = MessageKind(row.kind), row.form in BUTTON_FORMS
            arrivals.append(
                Arrival(
                    at=row.created_at, kind=kind, text=row.words, is_button=is_button, awaits_words=row.awaits_words
                )
            )
    return Waiting(arrivals=found, answer_wait=rows[0].answer_wait_seconds if rows else None)


async def open_turns(session: TenantSession, dues: Mapping[ConversationId, datetime]) -> None:
    """One for each conversation; where there is an open one, it is put off."""
    if dues:
        bound = {"ids": [new_id() for _ in dues], "conversations": list(dues), "dues": list(dues.values())}
        await session.execute(_OPEN, bound)
        await session.execute(_NUDGE)


async def move(session: TenantSession, source: ConversationId, into: ConversationId) -> None:
    """What waits in one conversation waits in the other. A turn that runs in it will fail: it is owed there anew."""
    bound = {"source": source, "into": into}
    await session.execute(_SHARE, bound)
    await session.execute(_MOVE, bound)
    await session.execute(_OWE, {**bound, "id": new_id()})
    await session.execute(_NUDGE)


async def hurry(session: TenantSession, conversation: ConversationId, due: datetime) -> None:
    """The open one need not wait any longer than until then."""
    moved = await session.execute(_HURRY, {"conversation": conversation, "due": due})
    if moved.first() is not None:
        await session.execute(_NUDGE)


async def close(session: TenantSession, claims: Sequence[Claim], *, state: TurnState, reason: str) -> int:
    """Those that are still ours."""
    bound = {
        "ids": [claim.turn for claim in claims],
        "fences": [claim.fence for claim in claims],
        "state": state.value,
        "reason": reason,
    }
    return len((await session.execute(_CLOSE, bound)).all())


async def give_way(session: TenantSession, claim: Claim, *, reason: str, is_restart: bool) -> None:
    """To the turn that is open in the same conversation by now; where there is none, it waits for its time again.

    `is_restart`: because the customer wrote on, which is heeded so many times.
    """
    bound = {"turn": claim.turn, "fence": claim.fence, "reason": reason, "restart": int(is_restart)}
    if (await session.execute(_HEIR, bound)).first() is not None:
        await session.execute(_YIELD, bound)
    else:
        await session.execute(_REOPEN, bound)
    await session.execute(_NUDGE)


async def has_more(session: TenantSession, conversation: ConversationId, *, seen: int) -> bool:
    """Whether the customer has written since."""
    return bool(await session.scalar(_HAS_MORE, {"conversation": conversation, "seen": seen}))


async def charge(session: TenantSession, turn: TurnId, usage: Usage) -> None:
    """What models took for a turn beside what its commit has written, so that no budget forgets it."""
    counts = {"input": usage.input_tokens, "output": usage.output_tokens, "cached": usage.cached_tokens}
    bound = {"turn": turn, "calls": usage.calls, "cost": usage.cost_micros, **counts}
    await session.execute(_CHARGE, bound)


async def give_back(session: TenantSession, claim: Claim) -> None:
    """To whoever comes next, a little later. It was no try of the turn's: it has not come to anything of its own."""
    await session.execute(_GIVE_BACK, {"turn": claim.turn, "fence": claim.fence})


async def leave(session: TenantSession, claim: Claim, *, tries: int) -> None:
    """To whoever comes next, a little later each time; after so many tries it has failed."""
    await session.execute(_LEAVE, {"turn": claim.turn, "fence": claim.fence, "tries": tries})


_WAITING: Final = text("""
    SELECT k.answer_wait_seconds, t.conversation_id, t.created_at AS opened_at, m.created_at, m.kind, m.words, m.form,
        m.awaits_words
    FROM companies k LEFT JOIN turns t
        ON t.tenant_id = k.id AND t.conversation_id = ANY (CAST(:conversations AS uuid[])) AND t.state = 'open'
    LEFT JOIN LATERAL (
        SELECT l.created_at, l.kind, l.text AS words, l.content ->> 'form' AS form,
            CASE WHEN l.kind IN ('voice', 'audio', 'image') THEN EXISTS (
                SELECT FROM media_files f WHERE f.message_id = l.id AND f.words_state = 'awaited') ELSE false
            END AS awaits_words
        FROM (SELECT * FROM messages WHERE conversation_id = t.conversation_id ORDER BY seq DESC LIMIT :most) l
        WHERE l.created_at >= t.created_at AND l.created_at < app_now()
          AND l.author = 'customer' AND l.kind NOT IN ('reaction', 'system')
    ) m ON t.created_at > :since
    WHERE k.id = current_tenant()
""")

_OPEN: Final = text("""
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, due_at)
    SELECT current_tenant(), w.id, w.conversation, 'inbound', w.due
    FROM unnest(CAST(:ids AS uuid[]), CAST(:conversations AS uuid[]), CAST(:dues AS timestamptz[]))
        AS w (id, conversation, due)
    ON CONFLICT (tenant_id, conversation_id) WHERE state = 'open' DO UPDATE SET due_at = excluded.due_at,
        trigger = CASE WHEN turns.trigger = 'staff_return' THEN turns.trigger ELSE excluded.trigger END
""")

_SHARE: Final = text("""
    WITH shared AS (
        UPDATE turns s SET state = 'ignored', reason = 'merged', ended_at = app_now()
        FROM turns k WHERE s.conversation_id = :source AND s.state = 'open'
            AND k.conversation_id = :into AND k.state = 'open'
        RETURNING k.id, s.created_at, s.due_at
    )
    UPDATE turns k SET created_at = least(k.created_at, s.created_at), due_at = least(k.due_at, s.due_at)
    FROM shared s WHERE k.id = s.id
""")

_MOVE: Final = text("UPDATE turns SET conversation_id = :into WHERE conversation_id = :source AND state = 'open'")

_OWE: Final = text("""
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, due_at)
    SELECT current_tenant(), :id, :into, 'inbound', app_now()
    FROM turns WHERE conversation_id = :source AND state = 'running'
    ON CONFLICT (tenant_id, conversation_id) WHERE state = 'open' DO NOTHING
""")

_HURRY: Final = text("""
    UPDATE turns SET due_at = greatest(:due, app_now())
    WHERE conversation_id = :conversation AND state = 'open' AND trigger = 'inbound'
      AND due_at > greatest(:due, app_now())
    RETURNING id
""")

_CLOSE: Final = text("""
    UPDATE turns t SET state = :state, reason = :reason, ended_at = app_now(), lease_until = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[])) AS w (id, fence)
    WHERE t.id = w.id AND t.fence = w.fence AND t.state = 'running' RETURNING t.id
""")

_HEIR: Final = text("""
    UPDATE turns o SET restarts = greatest(o.restarts, t.restarts + :restart), trigger = CASE
            WHEN t.trigger = 'staff_return' THEN t.trigger ELSE o.trigger END,
        payload = t.payload || o.payload || CASE WHEN t.payload ? 'effects' THEN jsonb_build_object('effects',
            (t.payload -> 'effects') || coalesce(o.payload -> 'effects', '[]')) ELSE '{}' END
    FROM turns t WHERE t.id = :turn AND t.fence = :fence AND t.state = 'running'
        AND o.conversation_id = t.conversation_id AND o.state = 'open'
    RETURNING o.id
""")

_YIELD: Final = text("""
    UPDATE turns SET state = 'ignored', reason = :reason, ended_at = app_now(), lease_until = NULL
    WHERE id = :turn AND fence = :fence AND state = 'running'
""")

_REOPEN: Final = text("""
    UPDATE turns SET state = 'open', restarts = restarts + :restart, attempts = attempts - 1, lease_until = NULL,
        due_at = app_now()
    WHERE id = :turn AND fence = :fence AND state = 'running'
""")

_HAS_MORE: Final = text("SELECT last_inbound_seq > :seen FROM conversations WHERE id = :conversation")

_CHARGE: Final = text("""
    UPDATE turns SET model_calls = model_calls + :calls, input_tokens = input_tokens + :input,
        output_tokens = output_tokens + :output, cached_tokens = cached_tokens + :cached,
        cost_micros = CASE WHEN model_calls = 0 THEN CAST(:cost AS bigint)
            ELSE cost_micros + CAST(:cost AS bigint) END
    WHERE id = :turn
""")

_GIVE_BACK: Final = text("""
    UPDATE turns SET attempts = attempts - 1, lease_until = now() + interval '2 seconds'
    WHERE id = :turn AND fence = :fence AND state = 'running'
""")

_LEAVE: Final = text("""
    UPDATE turns SET
        state = CASE WHEN attempts >= :tries THEN 'failed' ELSE state END,
        reason = CASE WHEN attempts >= :tries THEN 'tried_out' ELSE reason END,
        ended_at = CASE WHEN attempts >= :tries THEN app_now() END,
        lease_until = CASE WHEN attempts < :tries THEN now() + attempts * interval '2 seconds' END
    WHERE id = :turn AND fence = :fence AND state = 'running'
""")

_NUDGE: Final = text("SELECT pg_notify('turns', '')")
