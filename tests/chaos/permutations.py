"""F18: the same day of many customers, each told in another order, and parts of it twice."""

import asyncio
import random
from typing import Any, Final

import httpx

from tests.chaos.crowd import Person
from tests.chaos.posting import Mailman, open_client
from tests.chaos.seeds import chance
from tests.chaos.world import World

_TWICE: Final = 0.3
_AT_ONCE: Final = 8
Day = tuple[Any, ...]


async def different_days(world: World, *, customers: int) -> set[Day]:
    """The end states that are not the first customer's."""
    await world.panel.statuses(is_on=False)
    people = await world.crowd.people(customers)
    await world.crowd.queue(people)
    await world.until_accepted(customers)
    taken = {each.recipient: each.wamid for each in await world.panel.accepted()}
    dice, places = chance("permutations"), asyncio.Semaphore(_AT_ONCE)
    async with open_client() as client, asyncio.TaskGroup() as group:
        for person in people:
            day = _shuffled(_day_of(world, person, taken[person.phone]), dice)
            group.create_task(_post(places, client, Mailman(world.crowd), day))
    await world.quiet()
    days = await _end_states(world)
    assert len(days) == customers
    return set(days) - {days[0]}


def _day_of(world: World, person: Person, wamid: str) -> list[bytes]:
    """Twelve things that happened, each told by itself."""
    mail, noon, own = Mailman(world.crowd), world.noon, person.phone
    texts = [
        mail.message(person, f"wamid.{own}.{number}", at=noon + number, text={"body": f"mensagem {number}"})
        for number in range(5)
    ]
    changes = [
        mail.message(person, f"wamid.{own}.r", at=noon + 6, reaction={"message_id": wamid, "emoji": "👍"}),
        mail.message(
            person,
            f"wamid.{own}.e",
            at=noon + 7,
            edit={
                "original_message_id": f"wamid.{own}.1",
                "message": {"type": "text", "text": {"body": "mensagem um, emendada"}},
            },
        ),
        mail.message(person, f"wamid.{own}.d", at=noon + 8, revoke={"original_message_id": f"wamid.{own}.2"}),
    ]
    statuses = [
        mail.status(person, wamid, status, at=noon + at)
        for at, status in enumerate(("sent", "delivered", "failed", "read"))
    ]
    return [*texts, *changes, *statuses]


def _shuffled(day: list[bytes], dice: random.Random) -> list[bytes]:
    told = [*day, *(body for body in day if dice.random() < _TWICE)]
    dice.shuffle(told)
    return told


async def _post(places: asyncio.Semaphore, client: httpx.AsyncClient, mail: Mailman, day: list[bytes]) -> None:
    async with places:
        for body in day:
            assert await mail.post(client, body) == httpx.codes.OK


async def _end_states(world: World) -> list[Day]:
    """Without what belongs to one customer alone, and without the order in which things were kept."""
    async with world.stage.superuser() as superuser:
        return [tuple(map(repr, row)) for row in await superuser.fetch(_STATES)]


_STATES: Final = """
    SELECT o.state, o.sent_at, o.delivered_at, o.read_at, o.failed_at, o.error,
        (SELECT array_agg(ROW (m.text, m.provider_at, m.kind, m.edited_at, m.deleted_at)::text
            ORDER BY m.provider_at, m.kind) FROM messages m
            WHERE m.conversation_id = o.conversation_id AND m.direction = 'in'),
        c.last_inbound_at, c.control, p.opted_out_at, p.name
    FROM outbound o JOIN conversations c ON c.id = o.conversation_id JOIN contacts p ON p.id = o.contact_id
    ORDER BY o.id
"""
