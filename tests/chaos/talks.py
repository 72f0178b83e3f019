"""A persona that answers on a stage, what it owes to people, and what became of their conversations."""

from dataclasses import dataclass
from typing import Final

from agents.personas.shipped import shipped
from core.audit import SYSTEM
from graphs.stores import personas
from tests.chaos.world import World
from tests.graphs.turns.room import SALES


async def furnish(world: World, *, is_quick: bool = False) -> None:
    """`is_quick`: nothing waits as if it were typed."""
    source = shipped()[SALES]
    if is_quick:
        assert source.count(_TYPED) == 1
        source = source.replace(_TYPED, "{cps: 1000, min: 0s, max: 0s}")
    async with world.crowd.session() as session:
        await personas.publish(session, source, SYSTEM)
        await personas.set_default_where_none(session, SALES)


async def owe(world: World) -> None:
    """Something to be done, a timer that rings, and turns at once, to whoever has a conversation by now."""
    async with world.stage.superuser() as superuser:
        for statement in _OWED:
            await superuser.execute(statement)


async def effects(world: World) -> list[str]:
    async with world.stage.superuser() as superuser:
        return [row["state"] for row in await superuser.fetch("SELECT state FROM effects")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """How often they were greeted, and how much was never heard, never ended, or undone by somebody else."""

    greetings: int
    unheard: int
    unfinished: int
    lost: int

    @property
    def is_well(self) -> bool:
        return self.greetings <= 1 and not (self.unheard or self.unfinished or self.lost)


async def told(world: World) -> list[Told]:
    """Of each conversation."""
    async with world.stage.superuser() as superuser:
        return [Told(**dict(row)) for row in await superuser.fetch(_TOLD)]


ALL_DONE: Final = """
    WITH hurried AS (UPDATE effects SET lease_until = now() WHERE state = 'running' RETURNING id)
    SELECT NOT EXISTS (SELECT FROM effects WHERE state IN ('approved', 'running'))
"""
_TYPED: Final = "{cps: 28, min: 1s, max: 8s}"
_OWED: Final = (
    """
    INSERT INTO effects (tenant_id, id, conversation_id, contact_id, tool, arguments, approver, state, epoch)
    SELECT tenant_id, gen_random_uuid(), id, contact_id, 'agenda.cancelar', '{}', 'nobody', 'approved', control_epoch
    FROM conversations WHERE last_inbound_seq > 0
    """,
    """
    INSERT INTO timers (tenant_id, id, conversation_id, kind, epoch, due_at, payload)
    SELECT tenant_id, gen_random_uuid(), id, 'next_response', control_epoch, app_now(), '{"queue": "vendas"}'
    FROM conversations WHERE last_inbound_seq > 0
    ON CONFLICT (tenant_id, conversation_id, kind) WHERE done_at IS NULL
        DO UPDATE SET due_at = excluded.due_at, lease_until = NULL
    """,
    "UPDATE turns SET due_at = least(due_at, app_now()) WHERE state = 'open'",
)
_TOLD: Final = """
    SELECT (SELECT count(*) FROM messages m WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id
            AND m.direction = 'out' AND m.text LIKE '%inteligência artificial%') AS greetings,
        (SELECT count(*) FROM messages m WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id
            AND m.author = 'customer' AND m.seq > (c.dialogue ->> 'heard')::int
            AND NOT EXISTS (SELECT FROM consent_events e WHERE e.tenant_id = m.tenant_id AND e.message_id = m.id))
            AS unheard,
        (SELECT count(*) FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id
            AND t.state NOT IN ('done', 'ignored')) AS unfinished,
        c.turn_seq - (SELECT count(*) FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id
            AND t.state = 'done') AS lost
    FROM conversations c
"""
