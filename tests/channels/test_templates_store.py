"""Templates as the provider last told of them; and the refusal of free text that would not arrive."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from channels.base import KnownTemplate
from channels.stores.templates import (
    WITH_WINDOW,
    Usable,
    WindowClosed,
    note_status,
    refuse_closed_window,
    replace_all,
    usable,
)
from channels.whatsapp_cloud.capabilities import CLOUD
from core import clock
from core.errors import Conflict, NotFound
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.outbox import MessageTemplate
from core.models.people import Connection, ConnectionKind
from core.models.stream import Conversation
from tests.fixtures.outbox import World, make_world

GREETING: Final = KnownTemplate(
    provider_id="1",
    name="saudacao",
    language="pt_BR",
    status="APPROVED",
    category="UTILITY",
    components=({"type": "BODY", "text": "Oi, {{1}}!"},),
    quality="GREEN",
)
REMINDER: Final = replace(GREETING, provider_id="2", name="lembrete")


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


async def list_of(world: World, *known: KnownTemplate) -> None:
    async with world.session() as session:
        await replace_all(session, world.connection, known)


async def kept(world: World) -> list[MessageTemplate]:
    async with world.session() as session:
        return list(await session.scalars(select(MessageTemplate).order_by(MessageTemplate.provider_id)))


async def last_wrote(world: World, conversation: ConversationId, **values: Any) -> None:
    async with world.session() as session:
        await session.execute(update(Conversation).where(Conversation.id == conversation).values(**values))


class TestReplaceAll:
    async def test_they_are_kept_as_told(self, world: World) -> None:
        await list_of(world, GREETING)
        [row] = await kept(world)
        told = (row.provider_id, row.name, row.language, row.status, row.category, row.quality)
        assert told == ("1", "saudacao", "pt_BR", "APPROVED", "UTILITY", "GREEN")
        assert row.components == [{"type": "BODY", "text": "Oi, {{1}}!"}]

    async def test_told_again_they_are_changed_in_place(self, world: World) -> None:
        await list_of(world, GREETING)
        [before] = await kept(world)
        await list_of(world, replace(GREETING, provider_id="9", status="PAUSED"))
        [after] = await kept(world)
        assert (after.id, after.provider_id, after.status) == (before.id, "9", "PAUSED")

    async def test_what_is_not_listed_any_more_is_gone(self, world: World) -> None:
        english = replace(GREETING, provider_id="3", language="en")
        await list_of(world, GREETING, REMINDER, english)
        await list_of(world, GREETING)
        assert [row.provider_id for row in await kept(world)] == ["1"]
        await list_of(world)
        assert await kept(world) == []

    async def test_f45_whatever_time_the_process_thinks_it_is(self, world: World) -> None:
        clock.follow_shift(timedelta(hours=2))
        try:
            await list_of(world, GREETING, REMINDER)
        finally:
            clock.follow_shift(timedelta(0))
        await list_of(world, REMINDER)
        assert [row.provider_id for row in await kept(world)] == ["2"]

    async def test_one_that_is_listed_twice_is_kept_once(self, world: World) -> None:
        await list_of(world, GREETING, replace(GREETING, provider_id="7"))
        assert [row.provider_id for row in await kept(world)] == ["7"]

    async def test_those_of_another_connection_stay(self, world: World) -> None:
        other = await world.another_line("Outra")
        await list_of(world, GREETING)
        await list_of(other, REMINDER)
        await list_of(world)
        assert [row.provider_id for row in await kept(world)] == ["2"]


class TestNoteStatus:
    async def test_news_of_one_changes_it(self, world: World) -> None:
        await list_of(world, GREETING, REMINDER)
        async with world.session() as session:
            assert await note_status(session, world.connection, provider_id="1", status="PAUSED")
            assert [one.name for one in await usable(session, world.connection)] == ["lembrete"]

    async def test_news_of_one_that_is_unknown_is_said_so(self, world: World) -> None:
        async with world.session() as session:
            assert not await note_status(session, world.connection, provider_id="1", status="PAUSED")


class TestUsable:
    async def test_only_approved_ones_by_name(self, world: World) -> None:
        statuses = ("PENDING", "REJECTED", "PAUSED", "DISABLED", "IN_APPEAL")
        others = [replace(GREETING, provider_id=status, name=status.lower(), status=status) for status in statuses]
        await list_of(world, GREETING, REMINDER, *others)
        async with world.session() as session:
            assert [one.name for one in await usable(session, world.connection)] == ["lembrete", "saudacao"]


class TestClosedWindow:
    async def refuse(self, world: World, conversation: ConversationId) -> None:
        async with world.session() as session:
            await refuse_closed_window(session, conversation)

    async def test_within_a_day_free_text_may_be_written(self, world: World) -> None:
        await self.refuse(world, await world.person())

    @pytest.mark.parametrize("ago", [timedelta(hours=24, seconds=1), timedelta(days=30), None])
    async def test_after_a_day_it_is_refused_with_what_may_be_sent_instead(
        self, world: World, ago: timedelta | None
    ) -> None:
        await list_of(world, GREETING, replace(REMINDER, status="PAUSED"))
        ana = await world.person()
        await last_wrote(world, ana, last_inbound_at=None if ago is None else clock.now() - ago)

        with pytest.raises(WindowClosed) as caught:
            await self.refuse(world, ana)

        assert isinstance(caught.value, Conflict)
        assert caught.value.usable == (Usable(name="saudacao", language="pt_BR", category="UTILITY"),)
        assert "use um modelo aprovado (saudacao [pt_BR])" in caught.value.detail.pt
        assert "use an approved template (saudacao [pt_BR])" in caught.value.detail.en

    async def test_without_an_approved_template_it_says_what_to_do(self, world: World) -> None:
        ana = await world.person()
        await last_wrote(world, ana, last_inbound_at=None)
        with pytest.raises(WindowClosed, match="make one in the provider's panel") as caught:
            await self.refuse(world, ana)
        assert caught.value.usable == ()

    async def test_of_many_templates_the_text_names_some(self, world: World) -> None:
        many = [replace(GREETING, provider_id=str(n), name=f"modelo_{n:02}") for n in range(30)]
        await list_of(world, *many)
        ana = await world.person()
        await last_wrote(world, ana, last_inbound_at=None)
        with pytest.raises(WindowClosed) as caught:
            await self.refuse(world, ana)
        assert len(caught.value.usable) == 30
        assert caught.value.detail.pt.count("modelo_") == 10

    async def test_a_channel_without_a_window_refuses_nothing(self, world: World) -> None:
        ana = await world.person()
        await last_wrote(world, ana, last_inbound_at=None)
        async with world.session() as session:
            await session.execute(update(Connection).values(kind=ConnectionKind.SMS))
        await self.refuse(world, ana)

    async def test_somebody_elses_conversation_is_not_found(self, world: World, floor: Floor) -> None:
        theirs = await (await make_world(floor)).person()
        for conversation in (theirs, ConversationId(new_id())):
            with pytest.raises(NotFound):
                await self.refuse(world, conversation)

    def test_the_channels_with_a_window_are_those_whose_adapter_says_so(self) -> None:
        assert (ConnectionKind.WHATSAPP in WITH_WINDOW) == CLOUD.has_window
