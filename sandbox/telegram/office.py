"""What every method of the Bot API and every act of a person works on."""

from dataclasses import dataclass

from sandbox.ground import Ground
from sandbox.telegram.book import Book
from sandbox.telegram.bots import Bots
from sandbox.telegram.chats import Chat, Chats, Message
from sandbox.telegram.deliveries import Deliveries
from sandbox.telegram.files import Shelf
from sandbox.telegram.flood import Flood
from sandbox.telegram.hearing import Hearing
from sandbox.telegram.people import People, User
from sandbox.telegram.presses import Presses
from sandbox.telegram.wire import Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    ground: Ground
    people: People
    bots: Bots
    chats: Chats
    shelf: Shelf
    flood: Flood
    book: Book
    presses: Presses
    deliveries: Deliveries
    hearing: Hearing

    def now(self) -> int:
        return int(self.ground.clock.seconds())

    def user(self, user_id: int) -> User | None:
        """A person or a bot."""
        bot = self.bots.find(user_id)
        return self.people.find(user_id) if bot is None else bot.user

    def announce(self, chat: Chat, by: User, content: Json, *, thread_id: int | None = None) -> Message:
        """A service message: what Telegram itself writes into a chat."""
        kind = next(iter(content))
        message = Message(
            id=chat.next_id(),
            sender=by,
            date=self.now(),
            kind=kind,
            content=content,
            is_service=True,
            thread_id=thread_id,
            is_topic=thread_id is not None,
        )
        self.chats.keep(chat, message)
        return message

    def tell(self, chat: Chat, message: Message) -> Message:
        self.hearing.told(chat, message)
        return message
