"""Bring the database to this release and, on the first run, make the demo company. `masteria up` runs it."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from typing import Final

from admin_api.frame import end_with_supervisor
from admin_api.staff import demo as demo_staff
from admin_api.tenants import demo_knowledge
from admin_api.tenants.store import NewCompany, all_companies, create_company, find_company
from admin_api.tenants.welcome import furnish
from admin_api.terminal import launch
from channels.stores.connections import Listing, NewConnection, create, list_some
from core import logging
from core.audit import SYSTEM
from core.db import migrate
from core.db.revision import Revisions
from core.db.server import begin_rehearsal
from core.db.sessions import Pool, open_engine
from core.floor import Floor, open_floor
from core.ids import CompanyId
from core.logging import get_logger
from core.models.people import ConnectionKind
from core.settings import Settings
from graphs.stores import hours
from graphs.stores.hours import Hours

DEMO: Final = NewCompany(slug="demo", name="Empresa de demonstração")
_DEMO_LINE: Final = "WhatsApp de demonstração"
_DEMO_NUMBER: Final = "+55 11 90000-0000"
# So that what the shipped personas offer can be booked there, too.
_DEMO_SERVICES: Final = ("demonstração", "primeira consulta", "retorno", "avaliação")
_DEMO_HOURS: Final = Hours(service="", opens=time(9), closes=time(18))
_WORKING_DAYS: Final = range(5)

log = get_logger("admin_api.prepare")


def main(_: Sequence[str]) -> int:
    settings = Settings.load()
    logging.configure("prepare", debug=settings.debug, as_json=settings.masteria_log_format == "json")
    if settings.masteria_lifeline is not None:
        end_with_supervisor(settings.masteria_lifeline)
    asyncio.run(prepare(settings))
    return 0


async def prepare(settings: Settings) -> None:
    if settings.database_migrate_url is not None:
        await upgrade_database(settings.database_migrate_url.get_secret_value())
    async with open_floor(settings, Pool(size=1)) as floor:
        if not await all_companies(floor.database):
            await create_company(floor.database, floor.ring, DEMO, SYSTEM)
            log.info("company.demo_created", slug=DEMO.slug)
        for company in await all_companies(floor.database):
            async with floor.database.tenant_session(company) as session:
                await furnish(session)
        demo = await find_company(floor.database, DEMO.slug)
        if demo is not None and settings.masteria_sandbox_url is not None:
            await _connect_demo(floor, demo)
            await _let_rehearse(floor, demo)
        if demo is not None:
            await _staff_demo(floor, demo)


async def _let_rehearse(floor: Floor, company: CompanyId) -> None:
    """Turning the clock turns it for every company: beside another one nobody rehearses."""
    if await all_companies(floor.database) == [company]:
        async with floor.database.engine.begin() as connection:
            await begin_rehearsal(connection)


async def _connect_demo(floor: Floor, company: CompanyId) -> None:
    """A newcomer's first number: played by the sandbox, on the very code that talks to the provider."""
    async with floor.database.tenant_session(company) as session:
        if await list_some(session, Listing(kind=ConnectionKind.WHATSAPP, most=1)):
            return
        await create(session, floor.ring, sandbox_connection(), SYSTEM)
        for service in _DEMO_SERVICES:
            await hours.open_on(session, _WORKING_DAYS, replace(_DEMO_HOURS, service=service), SYSTEM)
        await demo_knowledge.install(session)


async def _staff_demo(floor: Floor, company: CompanyId) -> None:
    """The bot that the environment names; without one, a group that the sandbox plays."""
    token = floor.settings.telegram_bot_token
    async with floor.database.tenant_session(company) as session:
        if token is not None:
            await demo_staff.use_own_bot(session, floor.ring, token.get_secret_value())
        elif floor.settings.masteria_sandbox_url is not None:
            await demo_staff.install(session, floor.ring)


def sandbox_connection(persona: str | None = None) -> NewConnection:
    """A number that the sandbox plays; it answers with the company's default persona unless it names one."""
    number = str(secrets.randbelow(9 * 10**14) + 10**14)
    return NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name=f"{_DEMO_LINE}: {persona}" if persona else _DEMO_LINE,
        persona=persona,
        settings={
            "phone_number_id": number,
            "waba_id": str(int(number) + 1),
            "display_phone_number": _DEMO_NUMBER,
            "is_sandbox": True,
        },
        secrets={name: secrets.token_hex(16) for name in ("access_token", "app_secret", "verify_token")},
    )


async def upgrade_database(url: str) -> Revisions:
    engine = open_engine(url, Pool(size=1))
    try:
        async with engine.connect() as connection:
            where = await migrate.upgrade(connection)
            log.info("database.migrated", revision=where.found)
            return where
    finally:
        await engine.dispose()


if __name__ == "__main__":
    launch(main)
