"""Business phone numbers: to whom they belong, how they are reached, and which token opens them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sandbox.strict import strict
from sandbox.whatsapp.errors import GraphError, unknown_object
from sandbox.whatsapp.limits import Rate

_ORDINARY: Final = 80.0
_COEXISTENCE: Final = 20.0
_LONGEST_OVERRIDE: Final = 200


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """None of a kind: no limit of that kind."""

    per_second: float | None = None
    pair_seconds: float | None = 6.0
    pair_burst: int = 45


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One number. Numbers of one app share its secret, numbers of one WABA its templates."""

    phone_id: str
    waba_id: str
    display_phone_number: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(default="", repr=False)
    app_id: str = ""  # empty: the app that has this secret
    webhook_url: str = ""
    webhook_version: str = "v23.0"  # the shape of what is told, whatever version is called
    verified_name: str = "Sandbox"
    is_coexistence: bool = False
    is_subscribed: bool = True
    requires_proof: bool = False
    pace: Pace | None = None  # None: what Meta allows such a number
    allowed_recipients: frozenset[str] | None = None  # of a test number

    @property
    def app(self) -> str:
        return self.app_id or str(int(hashlib.sha256(self.app_secret.encode()).hexdigest()[:13], 16))


@dataclass(frozen=True, slots=True)
class Destination:
    url: str
    secret: str = field(repr=False)


@dataclass(kw_only=True, slots=True, eq=False)
class Number:
    """An account and what changes about it."""

    account: Account
    business: "Business"
    per_second: Rate | None
    pair: Rate | None
    override: str = ""
    quality_rating: str = "GREEN"
    status: str = "CONNECTED"
    name_status: str = "APPROVED"
    messaging_limit: str = "TIER_2K"
    token_is_valid: bool = True
    version: int = 23

    def recover(self) -> None:
        """Healthy again, with every limit unused; addresses and subscriptions stay."""
        self.quality_rating, self.status, self.name_status = "GREEN", "CONNECTED", "APPROVED"
        self.messaging_limit, self.token_is_valid = "TIER_2K", True
        for rate in (self.per_second, self.pair):
            if rate is not None:
                rate.clear()

    @property
    def id(self) -> str:
        return self.account.phone_id

    @property
    def metadata(self) -> dict[str, str]:
        return {
            "display_phone_number": self.account.display_phone_number.lstrip("+"),
            "phone_number_id": self.account.phone_id,
        }

    @property
    def destination(self) -> Destination | None:
        """Where the number's messages are told: its own address, else the WABA's, else the app's."""
        url = self.override or self.business.override or self.account.webhook_url
        return Destination(url, self.account.app_secret) if url and self.business.is_subscribed else None


@dataclass(kw_only=True, slots=True, eq=False)
class Business:
    """A WhatsApp Business Account."""

    id: str
    is_subscribed: bool
    override: str = ""
    numbers: list[Number] = field(default_factory=list)

    @property
    def destinations(self) -> list[Destination]:
        """Where account and template events are told: overrides are for messages only."""
        found = [Destination(number.account.webhook_url, number.account.app_secret) for number in self.numbers]
        return list(dict.fromkeys(each for each in found if each.url and self.is_subscribed))


class Accounts:
    def __init__(self) -> None:
        self._numbers: dict[str, Number] = {}
        self._businesses: dict[str, Business] = {}
        self._by_token: dict[str, list[Number]] = {}

    def __iter__(self) -> Iterator[Number]:
        return iter(self._numbers.values())

    def add(self, account: Account) -> Number:
        """The same account again changes nothing; another with its number takes its place in the WABA."""
        known = self._numbers.get(account.phone_id)
        if known is not None and known.account == account:
            return known
        self._refuse_contradiction(account)
        business = self._businesses.get(account.waba_id)
        if business is None:
            business = Business(id=account.waba_id, is_subscribed=account.is_subscribed)
        elif known is not None and known.account.is_subscribed != account.is_subscribed:
            business.is_subscribed = account.is_subscribed
        self.remove(account.phone_id)
        self._businesses[account.waba_id] = business
        pace = account.pace or Pace(per_second=_COEXISTENCE if account.is_coexistence else _ORDINARY)
        number = Number(
            account=account,
            business=business,
            per_second=Rate(rate=pace.per_second, burst=max(1, pace.per_second)) if pace.per_second else None,
            pair=Rate(rate=1 / pace.pair_seconds, burst=pace.pair_burst) if pace.pair_seconds else None,
            version=int(account.webhook_version.lstrip("v").split(".")[0]),
        )
        business.numbers.append(number)
        self._numbers[number.id] = number
        self._by_token.setdefault(account.access_token, []).append(number)
        return number

    def remove(self, phone_id: str) -> None:
        number = self._numbers.pop(phone_id, None)
        if number is None:
            return
        number.business.numbers.remove(number)
        self._by_token[number.account.access_token].remove(number)
        if not number.business.numbers:
            del self._businesses[number.business.id]

    def number(self, phone_id: str) -> Number:
        if (number := self._numbers.get(phone_id)) is None:
            raise unknown_object(phone_id)
        return number

    def find(self, phone_id: str) -> Number | None:
        return self._numbers.get(phone_id)

    def business(self, waba_id: str) -> Business:
        if (business := self._businesses.get(waba_id)) is None:
            raise unknown_object(waba_id)
        return business

    def find_business(self, waba_id: str) -> Business | None:
        return self._businesses.get(waba_id)

    def of_token(self, token: str) -> list[Number]:
        """The numbers that this token opens, while it is valid."""
        return [number for number in self._by_token.get(token, ()) if number.token_is_valid]

    def knows_token(self, token: str) -> bool:
        """Also one that is not valid any more."""
        return bool(self._by_token.get(token))

    def of_app(self, app_id: str) -> list[Number]:
        return [number for number in self if number.account.app == app_id]

    def _refuse_contradiction(self, account: Account) -> None:
        others = [number.account for number in self.of_app(account.app) if number.id != account.phone_id]
        if any(other.app_secret != account.app_secret for other in others):
            raise ValueError(f"app {account.app} has another secret already")
        if account.phone_id in self._businesses or account.waba_id in self._numbers:
            raise ValueError("an id is a number or a WABA, not both")


def checked_override(url: object) -> str:
    if not isinstance(url, str) or len(url) > _LONGEST_OVERRIDE:
        raise GraphError(100, f"override_callback_uri is a text of at most {_LONGEST_OVERRIDE} characters")
    return url
