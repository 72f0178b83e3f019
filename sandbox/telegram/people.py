"""Who is on Telegram: people and bots, known by their number alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.strict import strict
from sandbox.telegram.wire import Json

ANONYMOUS_ID: Final = 1087968824


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    def wire(self) -> Json:
        told: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        more = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        return told | {name: value for name, value in more.items() if value}


ANONYMOUS: Final = User(id=ANONYMOUS_ID, first_name="Group", username="GroupAnonymousBot", is_bot=True)


class People:
    def __init__(self) -> None:
        self._known: dict[int, User] = {}

    def __iter__(self) -> Iterator[User]:
        return iter(self._known.values())

    def add(self, user: User) -> User:
        """Known by this number from now on, whatever was known before."""
        self._known[user.id] = user
        return user

    def find(self, user_id: int) -> User | None:
        return self._known.get(user_id)

    def clear(self) -> None:
        self._known.clear()
