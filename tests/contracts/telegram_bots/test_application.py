"""A whole program of python-telegram-bot, at the simulated Telegram."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes
from telegram.request import HTTPXRequest

from tests.sandbox.conftest import TLS
from tests.sandbox.telegram.scene import BIA, TOKEN, Scene


class TestApplication:
    async def test_a_program_of_python_telegram_bot_runs_on_it(self, scene: Scene) -> None:
        heard: list[str] = []
        done = asyncio.Event()

        async def queue(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
            assert update.effective_message is not None
            heard.append(f"fila {context.args}")
            markup = InlineKeyboardMarkup([[InlineKeyboardButton("Assumir", callback_data="take:1")]])
            await update.effective_message.reply_text("1 espera", reply_markup=markup)

        async def take(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            assert update.callback_query is not None
            heard.append(str(update.callback_query.data))
            await update.callback_query.answer("É seu")
            await update.callback_query.edit_message_text("Bia assumiu")
            done.set()

        async with _application(scene, [CommandHandler("fila", queue), CallbackQueryHandler(take)]):
            scene.says("/fila@EquipeBot urgente")
            [card] = [each async for each in _messages(scene, "1 espera")]
            press = scene.telegram.acts.press(scene.forum, BIA, card, label="Assumir")
            async with asyncio.timeout(5):
                await done.wait()

        assert heard == ["fila ['urgente']", "take:1"]
        assert press.text == "É seu"
        assert scene.forum.messages[card].text == "Bia assumiu"


async def _messages(scene: Scene, text: str) -> AsyncIterator[int]:
    async with asyncio.timeout(5):
        seen = await scene.telegram.office.chats.seen(scene.forum, after=0, seconds=0, limit=100)
        while not (found := [each.id for each in seen if each.text == text]):
            last = seen[-1].version
            seen = await scene.telegram.office.chats.seen(scene.forum, after=last, seconds=5, limit=100)
    for number in found:
        yield number


@asynccontextmanager
async def _application(scene: Scene, handlers: list[Any]) -> AsyncIterator[None]:
    url = scene.sandbox.url
    builder = Application.builder().token(TOKEN).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
    requests = [HTTPXRequest(httpx_kwargs={"verify": TLS}) for _ in range(2)]
    application = builder.request(requests[0]).get_updates_request(requests[1]).build()
    application.add_handlers(handlers)
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(allowed_updates=Update.ALL_TYPES)
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()
