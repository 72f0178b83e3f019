"""A customer on WhatsApp and staff in Telegram, over both wires: what each of them sees in the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.floor import Floor
from core.models.stream import Control, Conversation
from sandbox.telegram.acts import PLAIN
from sandbox.telegram.book import Act
from sandbox.telegram.contents import Photo, Voice
from tests.admin_api.staff.shop import Ana, Shop, bind, open_shop


@pytest.fixture
async def shop(floor: Floor) -> AsyncIterator[Shop]:
    async with open_shop(floor) as shop:
        await bind(shop)
        yield shop


@pytest.fixture
async def ana(shop: Shop) -> Ana:
    """She waits."""
    ana = await shop.customer()
    await shop.wait(ana)
    return ana


async def control(shop: Shop, ana: Ana) -> Control:
    async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
        return (await session.get_one(Conversation, (shop.desk.company, ana.conversation))).control


class TestDesk:
    async def test_she_waits_is_taken_and_hears_a_person(self, shop: Shop, ana: Ana) -> None:
        thread = await shop.thread(ana)
        card = await shop.card(thread)
        assert "Ana" in card.done.text
        assert "Quero falar com alguém" in card.done.text

        shop.press(shop.desk.bia, card.done.message_id, "✋ Aceitar")
        await shop.desk.until_said("✋ Bia assumiu.")
        said = shop.type(shop.desk.bia, thread, "Oi Ana, aqui é a Bia!")

        await shop.until_heard(ana, "Oi Ana, aqui é a Bia!")
        assert shop.heard(ana) == ["Oi Ana, aqui é a Bia!"]
        reaction = (await shop.desk.until(lambda: shop.said(thread, Act.REACTION)))[-1]
        assert reaction.done.message_id == said.id
        assert await control(shop, ana) is Control.HUMAN

    async def test_two_who_press_at_once(self, shop: Shop, ana: Ana) -> None:
        desk = shop.desk
        caio = desk.user("Caio")
        desk.sandbox.telegram.join(desk.forum, caio, by=desk.owner)
        await desk.link(caio)
        card = await shop.card(await shop.thread(ana))

        presses = [shop.press(who, card.done.message_id, "✋ Aceitar") for who in (desk.bia, caio)]
        await asyncio.gather(*(desk.sandbox.telegram.answered(press.id, seconds=10) for press in presses))

        assert sorted(press.text == "Agora é com você." for press in presses) == [False, True]

    async def test_a_topic_that_somebody_deleted_loses_no_line(self, shop: Shop, ana: Ana) -> None:
        thread = await shop.thread(ana)
        await shop.card(thread)
        await shop.desk.until(lambda: any("Quero falar" in one.done.text for one in shop.said(thread)[1:]))
        shop.delete_topic(thread)

        await shop.write(ana, "alguém aí?")

        await shop.desk.until_said("👤 alguém aí?")
        again = await shop.thread(ana)
        assert again != thread
        assert "Ana" in (await shop.card(again)).done.text

    async def test_a_voice_note_and_an_album_reach_her_as_they_are(self, shop: Shop, ana: Ana) -> None:
        desk, thread = shop.desk, await shop.thread(ana)
        await shop.card(thread)
        acts, manner = desk.sandbox.telegram.acts, replace(PLAIN, thread_id=thread)

        acts.write(desk.forum, desk.bia, Voice(words="já estou vendo isso"), manner)
        await desk.until(lambda: shop.kinds(ana) == ["audio"], 10)
        acts.send_album(desk.forum, desk.bia, [Photo(caption="as duas"), Photo()], manner)

        await desk.until(lambda: shop.kinds(ana) == ["audio", "image", "image"], 10)
        assert [text for text in shop.heard(ana) if text] == ["as duas"]

    @pytest.mark.parametrize("words", ["/fila", "/base adicionar geral", "@{bot} o que é isto?"])
    async def test_of_an_album_that_was_no_line_to_her_nothing_reaches_her(
        self, shop: Shop, ana: Ana, words: str
    ) -> None:
        """Done, refused to an attendant, or asked of the bot."""
        desk, thread = shop.desk, await shop.thread(ana)
        await shop.card(thread)
        caption = words.format(bot=desk.bot.user.username)

        manner = replace(PLAIN, thread_id=thread)
        desk.sandbox.telegram.acts.send_album(desk.forum, desk.bia, [Photo(caption=caption), Photo(), Photo()], manner)
        shop.type(desk.bia, thread, "um momento")

        await shop.until_heard(ana, "um momento")
        assert shop.kinds(ana) == ["text"]

    async def test_what_the_bot_may_not_send_is_said_and_nothing_leaves(self, shop: Shop, ana: Ana) -> None:
        thread = await shop.thread(ana)
        await shop.card(thread)

        shop.type(shop.desk.bia, thread, "olha isto", forwarded_from="Alguém")

        await shop.desk.until_said("Mensagem encaminhada não vai para o cliente")
        assert shop.heard(ana) == []
        assert await control(shop, ana) is Control.QUEUED
