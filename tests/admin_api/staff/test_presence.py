"""A customer sees that somebody is there as soon as somebody takes their conversation."""

from dataclasses import dataclass, field

import pytest
from typing_extensions import override

from admin_api.staff.following import Following
from admin_api.staff.presence import Presence
from admin_api.staff.ticks import INNER, SIGNS, WAITING
from channels.base import Line
from channels.errors import RateLimited
from channels.registry import Registry
from core.clock import Deadline
from core.floor import Floor
from core.models.stream import Control
from sandbox.telegram.reactions import FREE
from tests.admin_api.staff.scene import Group
from tests.fixtures.outbox import Provider


@dataclass
class Watched(Provider):
    shown: list[tuple[str, bool]] = field(default_factory=list)

    @override
    async def acknowledge(self, provider_id: str, line: Line, deadline: Deadline, *, is_typing: bool) -> None:
        if self.trouble:
            raise self.trouble
        self.shown.append((provider_id, is_typing))


@pytest.fixture
def watched(group: Group, floor: Floor) -> Watched:
    provider = Watched()
    group.following = Following(floor, Presence(floor, Registry({provider.kind: provider})))
    return provider


async def test_whoever_takes_it_has_read_it_and_seems_to_be_writing(group: Group, watched: Watched) -> None:
    ana = await group.customer()
    await group.wait(ana)
    await group.follow()
    assert watched.shown == []

    await group.hear("bia", ana, "aceitar")
    await group.follow()
    await group.follow()

    [row] = await group.rows("SELECT provider_id FROM messages WHERE author = 'customer'")
    assert watched.shown == [(row.provider_id, True)]


async def test_what_was_taken_elsewhere_or_given_back_since_is_left_alone(group: Group, watched: Watched) -> None:
    ana, beto = await group.customer(), await group.customer(name="Beto")
    for one in (ana, beto):
        await group.wait(one)
    await group.follow()

    await group.take_outside(ana, who="bia")
    await group.hear("bia", beto, "aceitar")
    await group.change(beto, to=Control.BOT)
    await group.follow()

    assert watched.shown == []


async def test_a_provider_in_trouble_keeps_nothing_from_being_shown(group: Group, watched: Watched) -> None:
    watched.trouble = RateLimited("4")
    ana = await group.customer()
    await group.wait(ana)
    await group.follow()

    await group.hear("bia", ana, "aceitar")

    assert "✋ Bia assumiu." in [one.text for one in await group.follow()]


def test_a_bot_may_use_every_sign_that_we_use() -> None:
    assert {*SIGNS.values(), WAITING, INNER} <= set(FREE)
