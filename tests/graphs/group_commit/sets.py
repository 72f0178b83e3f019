"""Turns that have run and are to be committed, all at once; what came of each, and what was written together."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event, select, text

from core.db.sessions import TenantSession
from core.models.stream import Conversation, Message, Turn, TurnOutcome, TurnState
from graphs.committing import Unfenced
from graphs.conversation.state import Bubble, Committed, Outcome
from graphs.group_commit import GroupCommit
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon, decided

TOGETHER: Final = 4


async def ended(salon: Salon, who: Somebody, *words: str, **told: Any) -> Ended:
    """A turn that has run, and says these."""
    async with salon.world.session() as session:
        return _ended(await salon.begin(session, who), *words, **told)


async def each(salon: Salon, crowd: Sequence[Somebody]) -> list[Ended]:
    async with salon.world.session() as session:
        return [_ended(await salon.begin(session, who)) for who in crowd]


def _ended(begun: Begun, *words: str, **told: Any) -> Ended:
    bubbles = tuple(Bubble(text=one) for one in words or ("Oi!",))
    outcome = told.pop("outcome", TurnOutcome.REPLIED)
    return Ended(begun=begun, outcome=Outcome(decision=decided(begun, **told), outcome=outcome, bubbles=bubbles))


async def all_at_once(group: GroupCommit, turns: Sequence[Ended]) -> list[Committed | str]:
    """What came of each."""
    told = await asyncio.gather(*(group.commit(one) for one in turns), return_exceptions=True)
    return [in_a_word(one) for one in told]


def in_a_word(told: BaseException | None) -> Committed | str:
    if isinstance(told, Unfenced):
        return told.committed
    return Committed.DONE if told is None else type(told).__name__


async def transactions(salon: Salon, table: str = "turns") -> list[int]:
    """That wrote the rows as they are: how many rows each has written."""
    written = text(f"SELECT count(*) FROM {table} GROUP BY xmin::text ORDER BY 1")  # noqa: S608 - a table of ours
    async with salon.world.session() as session:
        return list(await session.scalars(written))


async def states(salon: Salon) -> list[TurnState]:
    return [turn.state for turn in await salon.rows(Turn, Turn.created_at, Turn.id)]


async def said(salon: Salon) -> set[str | None]:
    return {message.text for message in await salon.rows(Message)}


@contextmanager
def counted(salon: Salon) -> Iterator[list[str]]:
    """The statements that go to the database meanwhile."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    engine = salon.world.floor.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def hold(session: TenantSession, who: Somebody) -> None:
    await session.execute(select(Conversation.id).where(Conversation.id == who.conversation).with_for_update())


async def hold_events(session: TenantSession) -> None:
    """What every commit of a company wants at its end."""
    await session.execute(
        text("""
            INSERT INTO event_counters (tenant_id, last_seq) VALUES (current_tenant(), 0)
            ON CONFLICT (tenant_id) DO UPDATE SET last_seq = event_counters.last_seq
        """)
    )
