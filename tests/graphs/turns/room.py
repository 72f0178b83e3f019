"""A company with a persona, people who write to it, and turns that are taken when a test says so."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import text

from agents.gateway.gateway import Gateway
from agents.personas.shipped import shipped
from agents.ports import NoKnowledge, Retriever
from channels.contents import Json
from core.audit import SYSTEM
from core.floor import Floor
from core.ids import CompanyId
from graphs.stores import personas
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import Customer, Inbox, message, open_inbox, someone

SALES: Final = "vendas-consultivas"
_NAMES: Final = itertools.count(1)
_MOST_ROUNDS: Final = 40


@dataclass(slots=True)
class Room:
    inbox: Inbox
    taker: TurnTaker
    people: list[Customer] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def person(self, name: str | None = "Ana") -> Customer:
        self.people.append(someone(name=name) if name else someone())
        return self.people[-1]

    async def say(self, *lines: tuple[Customer, str]) -> None:
        """All of it in one post, as a provider gathers what comes within a moment."""
        await self.post(*(message(who, wamid(), text=words) for who, words in lines))

    async def post(self, *things: Json) -> None:
        await self.inbox.post(self.inbox.body(*things))
        await self.inbox.take_in()

    async def settle(self) -> None:
        """Time flies until no turn is owed any more."""
        for _ in range(_MOST_ROUNDS):
            if not await self.hurry():
                return
            await self.taker.run_due()
        raise AssertionError(f"after {_MOST_ROUNDS} rounds there is still a turn to take")

    async def hurry(self) -> int:
        """How many turns are owed: they are due now, and whoever had one and died has lost it."""
        async with self.inbox.session() as session:
            return len((await session.execute(_HURRY)).all())

    async def answers(self, who: Customer) -> list[str]:
        """All that was ever said to them, oldest first."""
        return [row.text for row in await self.inbox.rows(_ANSWERS, number=who.number)]

    async def conversation(self, who: Customer) -> Any:
        [row] = await self.inbox.rows(_CONVERSATION, number=who.number)
        return row

    async def turns(self, who: Customer) -> Sequence[Any]:
        return await self.inbox.rows(_TURNS, number=who.number)

    async def execute(self, sql: str, **bound: Any) -> None:
        async with self.inbox.session() as session:
            await session.execute(text(sql), bound)


def wamid() -> str:
    return f"wamid.room.{next(_NAMES)}"


async def open_room(
    floor: Floor,
    model: object,
    persona: str = SALES,
    *,
    source: str | None = None,
    retriever_of: Callable[[CompanyId], Retriever] = lambda _: NoKnowledge(),
) -> Room:
    """`model` is a gateway, or what a test plays in its place; `source` is a persona that does not ship."""
    inbox = await open_inbox(floor)
    async with inbox.session() as session:
        await personas.publish(session, source or shipped()[persona], SYSTEM)
        await personas.set_default_where_none(session, persona)
    return Room(inbox=inbox, taker=taker_of(floor, model, retriever_of))


def taker_of(
    floor: Floor, model: object, retriever_of: Callable[[CompanyId], Retriever] = lambda _: NoKnowledge()
) -> TurnTaker:
    return TurnTaker(floor, cast("Gateway", model), retriever_of)


async def tables(inbox: Inbox, conversation: object) -> Mapping[str, list[Any]]:
    """What a conversation came to, without ids and times: two that went alike are equal."""
    return {
        name: [tuple(row) for row in await inbox.rows(sql, conversation=conversation)] for name, sql in _TABLES.items()
    }


_OF: Final = """
    FROM conversations c JOIN contacts p ON p.id = c.contact_id
        JOIN contact_identities i ON i.contact_id = p.id AND i.kind = 'wa_id' AND i.value = :number
"""
_CONVERSATION: Final = f"SELECT c.*, p.opted_out_at, p.name AS contact_name {_OF}"
_ANSWERS: Final = f"""
    SELECT m.text {_OF} JOIN messages m ON m.conversation_id = c.id
    WHERE m.direction = 'out' AND m.author IN ('bot', 'system') ORDER BY m.seq
"""
_TURNS: Final = f"SELECT t.* {_OF} JOIN turns t ON t.conversation_id = c.id ORDER BY t.created_at"
_HURRY: Final = text("""
    UPDATE turns SET due_at = least(due_at, app_now()),
        lease_until = CASE WHEN state = 'running' THEN now() - interval '1 second' END
    WHERE state IN ('open', 'running') RETURNING id
""")


def _timeless(dialogue: str) -> str:
    """But for the minutes in which something was looked up: one run of two may see a new one begin."""
    return f"CAST(regexp_replace(CAST({dialogue} AS text), '@[0-9]+\"', '\"', 'g') AS jsonb)"


_TABLES: Final = {
    "said": "SELECT seq, author, text FROM messages WHERE conversation_id = :conversation ORDER BY seq",
    "sent": "SELECT seq, purpose, state, content ->> 'body' FROM outbound WHERE conversation_id = :conversation"
    " ORDER BY seq",
    "conversation": f"SELECT {_timeless('dialogue')}, control, control_epoch, turn_seq FROM conversations"  # noqa: S608 - ours
    " WHERE id = :conversation",
    "effects": "SELECT tool, arguments, state, reason FROM effects WHERE conversation_id = :conversation"
    " ORDER BY created_at",
    "handoffs": "SELECT state, reason, brief -> 'slots' FROM handoffs WHERE conversation_id = :conversation",
    "timers": "SELECT kind, epoch, done_at IS NOT NULL FROM timers WHERE conversation_id = :conversation"
    " ORDER BY kind, epoch",
    "leads": "SELECT l.stage, l.seq FROM leads l JOIN conversations c ON c.contact_id = l.contact_id"
    " WHERE c.id = :conversation",
    "moves": "SELECT e.seq, e.from_stage, e.to_stage, e.rule_id FROM lead_stage_events e JOIN leads l ON"
    " l.id = e.lead_id JOIN conversations c ON c.contact_id = l.contact_id WHERE c.id = :conversation ORDER BY e.seq",
    "facts": "SELECT f.key, f.value, f.quote FROM contact_facts f JOIN conversations c ON c.contact_id = f.contact_id"
    " WHERE c.id = :conversation AND f.valid_to IS NULL ORDER BY f.key",
    "bookings": "SELECT a.service, a.state FROM appointments a JOIN conversations c ON c.contact_id = a.contact_id"
    " WHERE c.id = :conversation ORDER BY a.starts_at",
    "turns": f"SELECT outcome, {_timeless('dialogue_after')}, trace -> 'rules' FROM turns"  # noqa: S608 - ours
    " WHERE conversation_id = :conversation AND state = 'done' ORDER BY ended_at",
}
