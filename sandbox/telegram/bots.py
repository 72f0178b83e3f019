"""Bots: their tokens, what they are told and how, and the commands that people see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sandbox.strict import strict
from sandbox.telegram.people import User
from sandbox.telegram.updates import Updates
from sandbox.telegram.wire import Json

MOST_CONNECTIONS: Final = 100
_ABILITIES: Final = {
    "supports_inline_queries": False,
    "supports_guest_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
    "has_topics_enabled": False,
    "allows_users_to_create_topics": False,
    "can_manage_bots": False,
}


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """As BotFather makes it. Without privacy it reads everything in every group."""

    token: str = field(repr=False)
    username: str
    first_name: str = "Bot"
    can_join_groups: bool = True
    has_privacy: bool = True

    @property
    def bot_id(self) -> int:
        return int(self.token.partition(":")[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    url: str
    secret: str = field(default="", repr=False)
    max_connections: int = 40
    ip_address: str = "127.0.0.1"


@dataclass(kw_only=True, slots=True, eq=False)
class Bot:
    account: Account
    user: User
    updates: Updates
    webhook: Webhook | None = None
    has_privacy: bool = True
    is_revoked: bool = False
    last_error: str = ""
    last_error_at: int = 0
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # of a scope and a language

    @property
    def id(self) -> int:
        return self.user.id

    def wire(self) -> Json:
        """As `getMe` tells it."""
        reads_all = not self.has_privacy
        joins = {"can_join_groups": self.account.can_join_groups, "can_read_all_group_messages": reads_all}
        return self.user.wire() | joins | _ABILITIES


class Bots:
    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._bots: dict[int, Bot] = {}

    def __iter__(self) -> Iterator[Bot]:
        return iter(self._bots.values())

    def add(self, account: Account) -> Bot:
        """The same account again changes nothing; another token for its number takes the place of the old one."""
        number, separator, secret = account.token.partition(":")
        if not (number.isdecimal() and separator and secret):
            raise ValueError("a token is <number>:<secret>")
        known = self._bots.get(int(number))
        if known is not None and known.account == account:
            return known
        user = User(id=int(number), first_name=account.first_name, username=account.username, is_bot=True)
        bot = Bot(account=account, user=user, updates=Updates(self._seconds)) if known is None else known
        bot.account, bot.user, bot.has_privacy, bot.is_revoked = account, user, account.has_privacy, False
        self._bots[bot.id] = bot
        return bot

    def remove(self, bot_id: int) -> None:
        self._bots.pop(bot_id, None)

    def find(self, bot_id: int) -> Bot | None:
        return self._bots.get(bot_id)

    def of_token(self, token: str) -> Bot | None:
        number = token.partition(":")[0]
        bot = self._bots.get(int(number)) if number.isascii() and number.isdecimal() else None
        return bot if bot is not None and bot.account.token == token and not bot.is_revoked else None

    def reset(self) -> None:
        """Nothing was ever told or set; tokens and names stay."""
        for bot in self:
            bot.updates.reset()
            bot.webhook, bot.has_privacy, bot.is_revoked = None, bot.account.has_privacy, False
            bot.last_error, bot.last_error_at = "", 0
            bot.commands.clear()
