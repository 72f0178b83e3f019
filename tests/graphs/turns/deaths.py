"""Dialogues in which the process dies again and again, held against the same ones without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphs import effects, timers
from tests.fixtures.inbound import Customer
from tests.graphs.turns.dialogues import Script
from tests.graphs.turns.dying import End, Steps, walk, watched
from tests.graphs.turns.room import Room, tables

_LIVES = 3  # of a turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What a dialogue comes to where nobody dies."""

    script: Script
    told: Mapping[str, Sequence[Any]]


async def reference(room: Room, script: Script) -> Reference:
    told, _ = await live(room, script, End.KILLED, first=0, step=0)
    return Reference(script=script, told=told)


async def measured(room: Room, *script: str) -> int:
    """How often the turn of the last line waits."""
    who = room.person()
    steps = Steps(at=0)
    for words in script:
        await room.say((who, words))
        await room.hurry()
        steps = Steps(at=0)
        await walk(room.taker.run_due, steps)
    return steps.taken


async def live(
    room: Room, script: Script, end: End, *, first: int, step: int, wipes: bool = False
) -> tuple[Mapping[str, Sequence[Any]], int]:
    """At `first` of the first turn, and `step` later each time; what it all came to, and how often it died."""
    who = room.person()
    at, deaths = first, 0
    with watched(room.inbox.floor.database.engine) as lines:
        for words in script:
            await room.say((who, words))
            if wipes:
                await _forget(room, who)
            for _ in range(_LIVES):
                if not first:
                    break
                await room.hurry()
                steps = Steps(at=at, end=end, lines=lines)
                await walk(room.taker.run_due, steps)
                if not steps.has_ended:
                    at = first  # it was through before: the next begins early again
                    break
                at, deaths = at + step, deaths + 1
            await settle(room)
    return await tables(room.inbox, (await room.conversation(who)).id), deaths


async def settle(room: Room) -> None:
    """What is to be done is done, and told."""
    await room.settle()
    while await _act(room):
        await room.settle()


async def _act(room: Room) -> int:
    await room.execute("UPDATE effects SET lease_until = now() WHERE state = 'running'")
    return await effects.run_due(room.inbox.floor) + await timers.run_due(room.inbox.floor)


async def _forget(room: Room, who: Customer) -> None:
    """Where a turn follows: it is the one that finds it again."""
    bound = {"id": (await room.conversation(who)).id}
    await room.execute(
        """UPDATE conversations c SET dialogue = '{}' WHERE c.id = :id AND EXISTS (
            SELECT FROM turns t WHERE t.tenant_id = c.tenant_id AND t.conversation_id = c.id AND t.state = 'open')""",
        **bound,
    )
