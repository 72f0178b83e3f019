"""Commands over the wire: typed in the sandbox's Telegram, answered by the bot's own process."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from core.floor import Floor
from core.models.people import Role
from sandbox.telegram.book import Accepted, Act
from tests.admin_api.staff.shop import Shop, bind, open_shop


@pytest.fixture
async def shop(floor: Floor) -> AsyncIterator[Shop]:
    async with open_shop(floor) as shop:
        await bind(shop)
        yield shop


async def said(shop: Shop, part: str, act: Act = Act.MESSAGE) -> Accepted:
    """Of the bot, in the group."""

    def look() -> Accepted | None:
        found = shop.desk.accepted(act, chat_id=shop.desk.forum.id)
        return next((one for one in found if part in one.done.text), None)

    found: Accepted = await shop.desk.until(look, 10)
    return found


async def count(shop: Shop, sql: str) -> Any:
    async with shop.desk.floor.database.tenant_session(shop.desk.company) as session:
        return await session.scalar(text(sql))


class TestTyped:
    async def test_a_command_in_a_topic_is_about_its_customer_and_answered_there(self, shop: Shop) -> None:
        ana = await shop.customer()
        await shop.wait(ana)
        thread = await shop.thread(ana)

        typed = shop.type(shop.desk.bia, thread, "/etiqueta +vip")

        answer = await said(shop, "🏷 Etiquetas: vip")
        assert answer.done.thread_id == thread
        assert await count(shop, "SELECT tag FROM contact_tags") == "vip"
        bold = [one for one in answer.done.entities if one["type"] == "bold"]
        assert [answer.done.text[one["offset"] - 1 :] for one in bold] == ["Ana"]  # the sign before it is two units
        assert typed.id

        shop.type(shop.desk.bia, thread, "/histórico")  # which Telegram does not call a command
        assert (await said(shop, "Histórico de Ana")).done.thread_id == thread
        assert shop.heard(ana) == []

    async def test_what_is_risky_is_confirmed_in_place_once_and_by_whoever_asked(self, shop: Shop) -> None:
        ana = await shop.customer()
        desk = shop.desk
        caio = desk.user("Caio")
        desk.sandbox.telegram.join(desk.forum, caio, by=desk.owner)
        await desk.link(caio, Role.ADMIN)
        desk.says("/parar Ana: ligou pedindo")
        shown = await said(shop, "🚫 Parar de escrever para Ana")

        shop.press(caio, shown.done.message_id, "✅ Confirmar")
        await desk.until(lambda: desk.accepted(Act.CALLBACK_ANSWER), 10)
        assert await count(shop, "SELECT count(*) FROM consent_events") == 0

        shop.press(desk.bia, shown.done.message_id, "✅ Confirmar")
        changed = await said(shop, "não recebe mais nada que a empresa inicie", Act.EDIT)
        assert changed.done.message_id == shown.done.message_id
        assert not (changed.done.reply_markup or {}).get("inline_keyboard")
        assert await count(shop, "SELECT count(*) FROM consent_events") == 1
        assert ana.number

    async def test_only_fresh_words_of_ones_own_are_a_command(self, shop: Shop) -> None:
        """Forwarded, sent through another bot, anonymous, edited into one, or by a stranger: nothing is done."""
        desk, line = shop.desk, "/bot desligar"
        await shop.customer()
        stranger = desk.user("Estranho")
        desk.sandbox.telegram.join(desk.forum, stranger, by=desk.owner)
        desk.says("/nota Ana: ok", forwarded_from="Ana")
        desk.says("/nota Ana: ok", via_bot_id=desk.user("Outro", is_bot=True).id)
        desk.says("/nota Ana: ok", by=stranger)
        first = desk.says("bom dia")
        desk.sandbox.telegram.acts.edit(desk.forum, desk.bia, first.id, "/nota Ana: ok")
        desk.says("/nota@outro_bot Ana: ok")

        desk.says(f"{line} lua")  # the last of them: what came before was dealt with
        await said(shop, "Isto pede o papel de administrador")

        assert await count(shop, "SELECT count(*) FROM contact_notes") == 0
        assert await count(shop, "SELECT count(*) FROM connections WHERE bot_paused_at IS NOT NULL") == 0

    async def test_figures_come_as_a_photo_and_pages_turn_in_the_same_message(self, shop: Shop) -> None:
        await shop.customer()

        shop.desk.says("/numeros hoje")

        chart = await said(shop, "📊 Padaria")
        assert chart.done.kind == "photo"
        key = await count(shop, "SELECT body ->> 'storage_key' FROM staff_notes WHERE body ->> 'type' = 'show'")
        assert str(key).endswith(".png")

        for number in range(11):
            await shop.customer(name=f"Cliente {number:02}")
        shop.desk.says("/conversas")
        listed = await said(shop, "Conversas abertas\n1. ")

        shop.press(shop.desk.bia, listed.done.message_id, "»")

        second = await said(shop, "Conversas abertas\n11. ", Act.EDIT)
        assert second.done.message_id == listed.done.message_id
