"""The same four ways over real wires, held against the ledger of the simulated WhatsApp."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import select

from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.cards import TAKE
from channels.contents import Text
from channels.registry import Registry
from channels.stores import outbox
from channels.stores.outbox import NewOutbound
from core import clock
from core.audit import Actor
from core.floor import Floor
from core.ids import new_id
from core.models.outbox import Outbound, OutboundState, Purpose
from core.models.record import ActorKind
from core.models.stream import Control, Conversation
from graphs import control
from graphs.control import Wanted
from tests.admin_api.staff.shop import Ana, Shop, bind, open_shop
from tests.fixtures.gates import in_hands
from tests.fixtures.inbound import Customer as Written
from tests.fixtures.inbound import Inbox, Reader, echo
from tests.fixtures.sizes import size

ROUTES: Final = ("button", "line", "api", "phone")
EACH: Final = size(2, chaos=25)
_LOOK_SECONDS: Final = 0.005
_NAMES: Final = itertools.count()


@pytest.fixture
async def shop(floor: Floor) -> AsyncIterator[Shop]:
    async with open_shop(floor) as shop:
        await bind(shop)
        yield shop


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    ana: Ana
    at: int  # when the database said that a person has it, which is after the commit


async def speak(shop: Shop, ana: Ana) -> None:
    """The bot says six things, one after the other, over a second and a half."""
    now = clock.now()
    news = [
        NewOutbound(
            conversation=ana.conversation,
            intent=f"bot:{ana.conversation}:{number}",
            content=Text(body=f"robô {number}"),
            purpose=Purpose.REPLY,
            not_before=now + timedelta(seconds=0.25 * number),
        )
        for number in range(6)
    ]
    async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
        await outbox.queue_many(session, news)


async def take(shop: Shop, ana: Ana, route: str) -> Taken:
    """While the bot is speaking."""
    await speak(shop, ana)
    await asyncio.sleep(random.uniform(0, 1))  # noqa: S311 - no secret
    match route:
        case "button":
            await _press(shop, ana)
        case "line":
            shop.type(shop.desk.bia, await shop.thread(ana), "Oi, aqui é a Bia.")
        case "api":
            async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
                wanted = Wanted(to=Control.HUMAN, by=Actor(ActorKind.API_KEY, new_id()))
                await control.change(session, ana.conversation, wanted)
        case "phone":
            await _echo(shop, ana)
    while await _control(shop, ana) is not Control.HUMAN:  # noqa: ASYNC110 - it is a row that is waited for
        await asyncio.sleep(_LOOK_SECONDS)
    return Taken(ana=ana, at=time.monotonic_ns())


async def _press(shop: Shop, ana: Ana) -> None:
    thread = await shop.thread(ana)
    async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
        row = await session.get_one(Conversation, (shop.desk.company, ana.conversation))
        choice = Choice(text="Aceitar", action=TAKE, conversation=ana.conversation, epoch=row.control_epoch)
        button = await Buttons(shop.desk.floor.ring).make(session, new_id(), choice)
    shop.desk.sandbox.telegram.acts.press(shop.desk.forum, shop.desk.bia, thread, data=button.data)


async def _echo(shop: Shop, ana: Ana) -> None:
    """Somebody answers from the business's own phone; told as Meta tells it."""
    reader = Reader()
    inbox = Inbox(
        floor=shop.desk.floor,
        registry=Registry({reader.kind: reader}),
        company=shop.desk.company,
        connection=shop.line,
        number=shop.phone_id,
    )
    person = Written(number=ana.number.removeprefix("+"))
    await inbox.tell(echo(person, f"wamid.echo.{next(_NAMES)}.{new_id().hex}", "Oi, é o dono", at=clock.now()))


async def _control(shop: Shop, ana: Ana) -> Control:
    async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
        return (await session.get_one(Conversation, (shop.desk.company, ana.conversation))).control


async def _all_said(shop: Shop) -> None:
    """Nothing waits to leave any more, nor is on its way."""
    waiting = select(Outbound.id).where(Outbound.state.in_([OutboundState.QUEUED, OutboundState.SENDING])).limit(1)
    async with asyncio.timeout(20):
        while True:
            async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
                if await session.scalar(waiting) is None:
                    return
            await asyncio.sleep(_LOOK_SECONDS)


@pytest.mark.timeout(300)  # a hundred of them take a while, where all are tried
async def test_the_customers_phone_gets_nothing_of_the_bot_afterwards(shop: Shop) -> None:
    crowd = [await shop.customer() for _ in range(EACH * len(ROUTES))]
    for ana in crowd:
        await shop.wait(ana)
        await shop.thread(ana)

    routes, taken = itertools.cycle(ROUTES), []

    async def act(ana: Ana) -> None:
        taken.append(await take(shop, ana, next(routes)))

    await in_hands(crowd, act, hands=4)
    await _all_said(shop)

    calls = list(shop.desk.sandbox.ledger.calls)
    late = [
        (one.ana.number, call.tag)
        for one in taken
        for call in calls
        if call.recipient.lstrip("+") == one.ana.number.lstrip("+")
        and (call.tag or "").startswith("bot:")
        and call.at.monotonic_ns > one.at
    ]
    assert late == []
    said = [text for ana in crowd for text in shop.heard(ana)]
    assert 0 < len([text for text in said if text.startswith("robô")]) < 6 * len(crowd)
    assert said.count("Oi, aqui é a Bia.") == EACH
