"""What the control plane names by numbers, found or refused; and the acts that Telegram does not allow."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from sandbox.panel import Refusal, not_there
from sandbox.telegram.acts import Impossible
from sandbox.telegram.bots import Bot
from sandbox.telegram.chats import Chat
from sandbox.telegram.office import Office
from sandbox.telegram.people import User


class Finding:
    def __init__(self, office: Office) -> None:
        self._office = office

    def number(self, request: web.Request, name: str) -> int:
        told = request.match_info.get(name) or request.query.get(name, "")
        try:
            return int(told)
        except ValueError:
            raise Refusal(422, f"{name} é um número inteiro.", f"{name} is a whole number.") from None

    def bot(self, request: web.Request) -> Bot:
        return self.bot_of(self.number(request, "bot_id"))

    def bot_of(self, bot_id: int) -> Bot:
        if (bot := self._office.bots.find(bot_id)) is None:
            raise not_there("bot_id")
        return bot

    def user(self, user_id: int) -> User:
        """A person or a bot."""
        if (user := self._office.user(user_id)) is None:
            raise not_there("user_id")
        return user

    def chat(self, chat_id: int, *, bot_id: int | None) -> Chat:
        """A group; or a person's private chat with a bot, which may be named where there are several."""
        if chat_id <= 0:
            if (chat := self._office.chats.group(chat_id)) is None:
                raise not_there("chat_id")
            return chat
        bots = list(self._office.bots) if bot_id is None else [self.bot_of(bot_id)]
        if len(bots) != 1:
            pt, en = "Há mais de um bot: diga bot_id.", "There are several bots: name bot_id."
            raise Refusal(422, pt, en)
        return self._office.chats.private(bots[0].id, self.user(chat_id))


@contextmanager
def possible() -> Iterator[None]:
    """What Telegram's application would not let somebody do is refused by the control plane too."""
    try:
        yield
    except Impossible as error:
        raise Refusal(409, f"O Telegram não deixa: {error}.", f"Telegram does not allow it: {error}.") from error
