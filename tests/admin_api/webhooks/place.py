"""An api's inbox on a real floor, the companies behind it, and what was kept."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from admin_api.app import make_app
from admin_api.tenants.store import NewCompany, create_company
from admin_api.webhooks.inbox import Inbox, open_inbox
from channels.stores import connections
from channels.stores.connections import NewConnection
from core.audit import OPERATOR
from core.clock import Deadline
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.models.people import ConnectionKind
from core.models.stream import IncomingEvent
from tests.admin_api.webhooks import meta
from tests.fixtures.api import client_of
from tests.fixtures.servers import Servers

_numbers: Final = itertools.count(1_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """A company with one WhatsApp number."""

    company: CompanyId
    connection: ConnectionId
    phone: str
    account: str
    app_secret: str
    verify_token: str

    def post(self, *messages: meta.Json) -> bytes:
        return meta.posted_to(self.phone, *messages, account=self.account)


@dataclass(frozen=True, slots=True)
class Place:
    floor: Floor
    app: FastAPI
    inbox: Inbox
    client: httpx.AsyncClient

    async def post(self, body: bytes, headers: dict[str, str] | list[tuple[str, str]]) -> httpx.Response:
        return await self.client.post(meta.URL, content=body, headers=headers)

    async def knows(self, shop: Shop) -> None:
        """Until the news of it has come from the database."""
        await within(5, lambda: self.inbox.doors.knows_token(shop.verify_token))

    async def open_shop(self, company: CompanyId | None = None, **given: str) -> Shop:
        """A shop that the inbox knows by now."""
        shop = await open_shop(self.floor, company, **given)
        await self.knows(shop)
        return shop

    async def deliver(self, shop: Shop, *messages: meta.Json) -> httpx.Response:
        body = shop.post(*messages)
        return await self.post(body, meta.headers(body, shop.app_secret))


@asynccontextmanager
async def open_place(floor: Floor) -> AsyncIterator[Place]:
    async with open_inbox(floor) as inbox:
        app = make_app(floor)
        app.state.inbox = inbox
        async with client_of(app) as client:
            yield Place(floor, app, inbox, client)


def with_spool_of(floor: Floor, size: int) -> Floor:
    return replace(floor, settings=floor.settings.model_copy(update={"masteria_spool_bytes": size}))


async def new_company(floor: Floor) -> CompanyId:
    slug = f"loja-{next(_numbers)}"
    return await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)


async def open_shop(floor: Floor, company: CompanyId | None = None, **given: str) -> Shop:
    """A new number, of a new company unless one is given."""
    number = next(_numbers)
    company = company or await new_company(floor)
    named = {
        "phone": f"11{number}",
        "account": f"99{number}",
        "app_secret": f"segredo-da-loja-{number}",
        "verify_token": f"token-{number}",
    } | given
    new = NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name=f"linha {number}",
        settings={"phone_number_id": named["phone"], "waba_id": named["account"]},
        secrets={"app_secret": named["app_secret"], "access_token": "t", "verify_token": named["verify_token"]},
    )
    async with floor.database.tenant_session(company) as session:
        row = await connections.create(session, floor.ring, new, OPERATOR)
    return Shop(company=company, connection=ConnectionId(row.id), **named)


async def rows_of(floor: Floor, company: CompanyId) -> Sequence[IncomingEvent]:
    async with floor.database.tenant_session(company) as session:
        found = await session.scalars(select(IncomingEvent).order_by(IncomingEvent.received_at, IncomingEvent.id))
        return found.all()


async def kept_ids(floor: Floor, company: CompanyId) -> list[str]:
    """Of all messages that were kept for the company, once per time they were."""
    return meta.ids_in([row.payload or {} for row in await rows_of(floor, company)])


async def strays(servers: Servers, floor: Floor) -> list[dict[str, Any]]:
    url = floor.settings.require("DATABASE_URL")
    connection = await servers.embedded.postgres.connect(url.rsplit("/", 1)[1])
    try:
        return [dict(row) for row in await connection.fetch("SELECT * FROM stray_events ORDER BY id")]
    finally:
        await connection.close()


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    """Until it holds; what is waited for happens in another task."""
    deadline = Deadline.after(seconds)
    while not condition():
        assert not deadline.passed, "it did not come to pass"
        await asyncio.sleep(0.01)
