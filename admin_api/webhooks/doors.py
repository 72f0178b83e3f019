"""Whose doors there are and what proves a right to knock: every connection's address and secrets, in memory.

So a webhook is judged without the database, also while that is away. What changed is told by the database at once,
asked for when an unknown address turns up, and swept for every minute.
"""

import asyncio
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from admin_api.tenants.store import all_companies
from admin_api.webhooks import store
from admin_api.webhooks.grouping import Grouping, Limits, set_within
from admin_api.webhooks.quota import Quota
from admin_api.webhooks.seldom import Seldom
from admin_api.webhooks.store import Owner
from channels.base import Address, Line
from channels.connection_forms import form_of
from channels.stores.connections import OpenedLine, open_lines
from core.clock import Deadline
from core.crypto import KeyRing
from core.db.away import AWAY
from core.db.sessions import Database
from core.errors import AppError, NotFound, Unavailable
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.models.people import ConnectionKind, ConnectionState

SWEEP_SECONDS: Final = 60.0
UNKNOWN_SECONDS: Final = 2.0
MOST_UNKNOWN: Final = 10_000
MOST_ASKED: Final = 100  # unknown addresses of one post that the database is asked about
MOST_ASKED_A_SECOND: Final = 1_000
_RETRY_SECONDS: Final = 1.0
_LOAD_SECONDS: Final = 5.0
_LIMITS: Final = Limits(items=200, weight=5_000, waiting=50_000)
_RULES: Final = form_of(ConnectionKind.WHATSAPP).addresses
_SHARED: Final = frozenset(rule.kind for rule in _RULES if not rule.is_own)
_EVERYBODY: Final = ""  # what the listener says when it may have missed some

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """One connection, as far as it takes to let its provider in."""

    company: CompanyId
    connection: ConnectionId
    app_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A connection with an address of its own here, and what proves that its provider calls it."""

    company: CompanyId
    connection: ConnectionId
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Company:
    """An account may be shared by several connections of a company, each with an app of its own."""

    doors: Mapping[Address, tuple[Door, ...]]
    hooks: tuple[Hook, ...]
    app_secrets: frozenset[str] = field(repr=False)
    tokens: frozenset[bytes] = field(repr=False)


class Doors:
    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database
        self._ring = ring
        self._token_key = secrets.token_bytes(32)
        self._loading = asyncio.Lock()
        self._companies: dict[CompanyId, _Company] = {}
        self._unknown: dict[Address, Deadline] = {}
        self._asked = Quota(MOST_ASKED_A_SECOND, seconds=1)
        self._told: set[str] = set()
        self._wake = asyncio.Event()
        self._away = Seldom(log, "doors.database_away")
        self._asking = Grouping[Collection[Address], bool](self._ask_database, _LIMITS)
        self._merge()

    def known(self, addresses: Collection[Address]) -> dict[Address, tuple[Door, ...]]:
        return {address: self._doors[address] for address in addresses if address in self._doors}

    async def find(
        self, addresses: Collection[Address], *, most_asked: int = MOST_ASKED
    ) -> dict[Address, tuple[Door, ...]]:
        """Those that are known; about the others the database is asked, and if it is away nothing is said of any.

        Of a post with many unknown ones, the first are asked about: Meta sends each of our apps what is its own.
        """
        unknown = (address for address in addresses if address not in self._doors and not self._is_unknown(address))
        asked = list(islice(unknown, most_asked))
        if asked and not self._asked.take(len(asked)):
            raise _too_many()
        if asked and not await self._asking.ask(asked, weight=len(asked)):
            raise _database_away()
        return self.known(addresses)

    def hook(self, connection: str) -> Hook | None:
        """By its id, as it stands in the address that was called."""
        return self._hooks.get(connection)

    def knows_token(self, token: str) -> bool:
        """Looked up by a keyed digest, so that the time it takes tells nothing of how near a guess came."""
        return self._digest(token) in self._tokens

    @property
    def app_secrets(self) -> frozenset[str]:
        return self._app_secrets

    async def load(self) -> None:
        companies = await all_companies(self._database)
        for gone in self._companies.keys() - set(companies):
            del self._companies[gone]
        for company in companies:
            await self._load_company(company)
        self._merge()

    def hear(self, company: str) -> None:
        """News from the database that connections of a company changed, or "" where some may have been missed."""
        self._told.add(company if _is_id(company) else _EVERYBODY)
        self._wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._asking.run(lambda: None))
            group.create_task(self._refresh())

    async def _refresh(self) -> None:
        sweep = Deadline.after(SWEEP_SECONDS)
        while True:
            await set_within(self._wake, sweep.remaining)
            self._wake.clear()
            told, self._told = self._told, set()
            try:
                if sweep.passed or _EVERYBODY in told:
                    await self.load()
                    sweep = Deadline.after(SWEEP_SECONDS)
                else:
                    await self._load_companies(CompanyId(UUID(company)) for company in told)
            except AWAY as error:
                self._away.warn(reason=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
                self.hear(_EVERYBODY)

    async def _ask_database(self, asked: list[Collection[Address]]) -> list[bool]:
        """Whether each was answered: one question for all who ask."""
        addresses = {address for part in asked for address in part}
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                owners = await store.find_owners(self._database, addresses)
                await self._load_companies({owner.company for owner in owners.values()})
        except AWAY as error:
            self._away.warn(reason=type(error).__name__)
            return [False] * len(asked)
        self._remember_unknown(address for address in addresses if address not in self._doors)
        return [True] * len(asked)

    async def _load_companies(self, companies: Iterable[CompanyId]) -> None:
        for company in companies:
            await self._load_company(company)
        self._merge()

    async def _load_company(self, company: CompanyId) -> None:
        """One at a time: what was read earlier must not replace what was read later."""
        async with self._loading:
            try:
                async with asyncio.timeout(_LOAD_SECONDS):
                    loaded = await self._read_company(company)
            except NotFound:  # its keys are gone, and its secrets with them
                loaded = _NOTHING
            except AppError:
                log.exception("doors.company_unreadable", company=str(company))
                return
            self._companies.pop(company, None)
            self._companies[company] = loaded  # the last one read comes last, and wins an address that moved

    async def _read_company(self, company: CompanyId) -> _Company:
        async with self._database.tenant_session(company) as session:
            opened = await open_lines(session, self._ring)
            lines = [line.line for line in opened.values() if line.kind is ConnectionKind.WHATSAPP]
            called = [line.line for line in opened.values() if _is_called(line)]
            named = {address for line in lines for address in _addresses_of(line)}
            owners = await store.owners_of(session, named) if named else {}
        known = {address: _doors_of(company, address, owner, lines) for address, owner in owners.items()}
        return _Company(
            doors={address: doors for address, doors in known.items() if doors},
            hooks=tuple(_hooks_of(company, called)),
            app_secrets=frozenset(filter(None, (line.secrets.get("app_secret") for line in lines))),
            tokens=frozenset(self._digest(token) for line in lines if (token := line.secrets.get("verify_token"))),
        )

    def _merge(self) -> None:
        companies = self._companies.values()
        self._doors = {address: doors for company in companies for address, doors in company.doors.items()}
        self._hooks = {str(hook.connection): hook for company in companies for hook in company.hooks}
        self._app_secrets = frozenset(secret for company in companies for secret in company.app_secrets)
        self._tokens = frozenset(token for company in companies for token in company.tokens)

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._token_key, token.encode("utf-8", "surrogatepass"), "sha256")

    def _is_unknown(self, address: Address) -> bool:
        until = self._unknown.get(address)
        return until is not None and not until.passed

    def _remember_unknown(self, addresses: Iterable[Address]) -> None:
        until = Deadline.after(UNKNOWN_SECONDS)
        for address in addresses:
            self._unknown.pop(address, None)
            while len(self._unknown) >= MOST_UNKNOWN:  # the one that was asked about longest ago
                del self._unknown[next(iter(self._unknown))]
            self._unknown[address] = until


_NOTHING: Final = _Company(doors={}, hooks=(), app_secrets=frozenset(), tokens=frozenset())


def _doors_of(company: CompanyId, address: Address, owner: Owner, lines: Iterable[Line]) -> tuple[Door, ...]:
    """The owner's first, and behind it those of the company that share the address."""
    if owner.company != company:
        return ()
    named = [line for line in lines if address in _addresses_of(line) and line.secrets.get("app_secret")]
    own = [line for line in named if line.connection == owner.connection]
    others = [line for line in named if line not in own] if address.kind in _SHARED else []
    return tuple(
        Door(company=company, connection=line.connection, app_secret=line.secrets["app_secret"])
        for line in (*own, *others)
    )


def _is_called(opened: OpenedLine) -> bool:
    """Nobody works for a bot that is disabled: what came for it would wait for ever."""
    return opened.kind is ConnectionKind.TELEGRAM and opened.state is not ConnectionState.DISABLED


def _hooks_of(company: CompanyId, lines: Iterable[Line]) -> Iterator[Hook]:
    for line in lines:
        if secret := line.secrets.get("webhook_secret"):
            yield Hook(company=company, connection=line.connection, secret=secret)


def _addresses_of(line: Line) -> tuple[Address, ...]:
    return tuple(Address(rule.kind, value) for rule in _RULES if (value := line.settings.get(rule.setting)))


def _is_id(company: str) -> bool:
    try:
        UUID(company)
    except ValueError:
        return False
    return True


def _too_many() -> Unavailable:
    return Unavailable(
        "Há endereços desconhecidos demais neste momento: envie de novo.",
        "There are too many unknown addresses right now: send it again.",
    )


def _database_away() -> Unavailable:
    return Unavailable(
        "Não é possível saber agora de quem é este endereço: envie de novo.",
        "Whose address this is cannot be known right now: send it again.",
    )
