"""Telegram, put together: what tests and the control plane hold, and the routes that the product calls."""

import asyncio

import aiohttp
from aiohttp import web

from sandbox.ground import Ground
from sandbox.telegram.acts import Acts
from sandbox.telegram.api import Api
from sandbox.telegram.book import Book
from sandbox.telegram.bots import Account, Bot, Bots
from sandbox.telegram.chat_methods import ChatMethods
from sandbox.telegram.chats import Chat, Chats, Kind
from sandbox.telegram.command_methods import CommandMethods
from sandbox.telegram.deliveries import Deliveries
from sandbox.telegram.downloads import Downloads
from sandbox.telegram.editing import Editing
from sandbox.telegram.files import Shelf
from sandbox.telegram.flood import Flood
from sandbox.telegram.hearing import Hearing
from sandbox.telegram.members import USUAL_RIGHTS, Member, Right, Status
from sandbox.telegram.office import Office
from sandbox.telegram.people import People, User
from sandbox.telegram.presses import Press, Presses
from sandbox.telegram.receiving import Receiving
from sandbox.telegram.rooms import become, open_group
from sandbox.telegram.sending import Sending
from sandbox.telegram.topic_methods import TopicMethods


class Telegram:
    def __init__(self, ground: Ground, client: aiohttp.ClientSession) -> None:
        self.people = People()
        self.bots = Bots(ground.clock.seconds)
        self.book = Book()
        deliveries = Deliveries(ground, client)
        self.office = Office(
            ground=ground,
            people=self.people,
            bots=self.bots,
            chats=Chats(),
            shelf=Shelf(ground.clock),
            flood=Flood(ground.clock),
            book=self.book,
            presses=Presses(ground.clock),
            deliveries=deliveries,
            hearing=Hearing(self.bots, deliveries, ground.faults, ground.clock),
        )
        self.acts = Acts(self.office)
        self._receiving = Receiving(self.office)

    @property
    def pending(self) -> int:
        """Updates that no webhook has taken yet."""
        return self.office.deliveries.pending(self.bots)

    @property
    def polls(self) -> int:
        """How many bots wait for news just now."""
        return self._receiving.waiting

    def connect(self, account: Account) -> Bot:
        """The same account again changes nothing."""
        return self.bots.add(account)

    def forum(self, title: str, *, creator: User, bot: Bot, rights: frozenset[Right] = USUAL_RIGHTS) -> Chat:
        """A group with topics, as staff make it: theirs, with the bot as an administrator."""
        chat = open_group(self.office, title, creator=creator, kind=Kind.SUPERGROUP, is_forum=True)
        member = Member(user=bot.user, status=Status.ADMINISTRATOR, rights=rights)
        become(self.office, chat, member, by=creator)
        return chat

    def join(self, chat: Chat, user: User, *, by: User) -> None:
        become(self.office, chat, Member(user=user), by=by)

    async def answered(self, press_id: str, *, seconds: float) -> Press | None:
        """The press once the bot answered it, or as it is when the time is over."""
        press = self.office.presses.find(press_id)
        if press is not None and seconds > 0 and not press.is_answered:
            waiting = asyncio.ensure_future(press.answered.wait())
            await asyncio.wait({waiting}, timeout=seconds)
            waiting.cancel()
        return press

    def add_routes(self, app: web.Application) -> None:
        downloads = Downloads(self.office)
        parts = (Sending, Editing, TopicMethods, ChatMethods, CommandMethods)
        tables = [part(self.office).table() for part in parts]
        methods = {name: method for each in tables for name, method in each.items()}
        methods |= {**downloads.table(), **self._receiving.table()}
        app.router.add_route("*", "/bot{token}/{method}", Api(self.office, methods).handle)
        app.router.add_get("/file/bot{token}/{path:.+}", downloads.handle)
        app.on_shutdown.append(self._end)

    async def _end(self, _app: web.Application) -> None:
        self._receiving.end_polls()

    def reset(self) -> None:
        """Forgets what happened and who is where; the bots stay."""
        self.bots.reset()
        self.office.chats.clear()
        self.people.clear()
        self.office.shelf.clear()
        self.office.flood.reset()
        self.book.clear()
        self.office.presses.clear()
        self.office.deliveries.reset()
        self._receiving.reset()
