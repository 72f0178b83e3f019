"""F20: many pictures at once, each in a webhook of its own, all of them concurrently."""

import asyncio

from tests.chaos.pictures import PICTURE
from tests.chaos.world import WEBHOOKS, World


async def post_albums(world: World, *, people: int, pictures: int) -> None:
    """Of people who never wrote before, so that their conversation is opened by whichever comes first."""
    await world.panel.webhooks(**WEBHOOKS | {"batch_size": 1, "concurrency": 10})
    await world.panel.post("/whatsapp/webhooks/pause")
    strangers = world.crowd.strangers(people)
    for person in strangers:
        for _ in range(pictures):
            await world.show(person, PICTURE)
    await world.panel.post("/whatsapp/webhooks/resume")
    await asyncio.sleep(0)
