"""F26 and F27: one message in a hundred ends or starves whoever reads it."""

import time

from tests.chaos.world import WEBHOOKS, World


async def drown(world: World, word: str) -> None:
    """A hundred messages, one of them poison: the others are done within half a minute of its first death."""
    await world.panel.webhooks(**WEBHOOKS | {"batch_size": 1})  # what is posted with it would share its fate
    people = await world.crowd.people(101)
    await world.stage.api.start()
    await world.stage.api.serves()
    for number, person in enumerate(people):
        if number == 50:
            await world.crowd.say(person, f"um pouco de {word}")
        else:
            await world.say(person)
    began = time.monotonic()
    async with world.stage.running():
        await world.until("SELECT count(*) = 100 FROM messages WHERE direction = 'in'", seconds=30)
        await world.until("SELECT count(*) = 1 FROM incoming_events WHERE state = 'quarantined'")
        await world.quiet(30)
    assert time.monotonic() - began < 90
    facts = await world.check(but_for=frozenset({"nothing_is_left"}))
    assert facts.waiting.quarantined == 1
