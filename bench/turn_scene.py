"""The world of `bench-turn`: embedded servers, companies with their persona, and customers who have just written."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from pydantic import SecretStr

from admin_api.engine import POOL
from admin_api.prepare import upgrade_database
from admin_api.tenants.store import NewCompany, create_company
from admin_api.tenants.welcome import furnish
from bench.turn_talk import SCRIPT
from core.audit import OPERATOR
from core.crypto import InstallationKey
from core.db import roles
from core.embedded import DATABASE, Embedded
from core.floor import Floor, open_floor
from core.home import Home
from core.ids import CompanyId
from core.settings import Settings, bare_asyncpg

COMPANIES: Final = 8  # events are numbered in commit order, so one company's turns commit one after the other
_BARE_TABLES: Final = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
BARE: Final = "bare"  # the yardstick's database


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    floor: Floor
    companies: tuple[CompanyId, ...]
    eye: "asyncpg.Connection[Any]"  # sees all companies
    database: str
    bare_database: str


@asynccontextmanager
async def open_scene() -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="masteria-bench-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        embedded = Embedded.of(Home.open(Path(folder) / "home"))
        await embedded.start(log=subprocess.DEVNULL)
        try:
            async with _stage(embedded, Path(folder)) as scene:
                yield scene
        finally:
            embedded.stop()


@asynccontextmanager
async def _stage(embedded: Embedded, folder: Path) -> AsyncIterator[Scene]:
    urls = embedded.urls(DATABASE)
    await upgrade_database(urls.migrator.replace("postgresql://", "postgresql+asyncpg://"))
    await _make_bare(embedded)
    settings = Settings(
        masteria_home=folder / "home",
        database_url=SecretStr(urls.app),
        redis_url=SecretStr(embedded.valkey.url),
        masteria_secret_keys=SecretStr(InstallationKey.new().line),
        masteria_embedded=True,
    )
    async with open_floor(settings, POOL) as floor:
        companies = [await _company(floor, number) for number in range(COMPANIES)]
        eye = await embedded.postgres.connect(DATABASE)
        try:
            yield Scene(
                floor=floor,
                companies=tuple(companies),
                eye=eye,
                database=urls.migrator,
                bare_database=bare_asyncpg(embedded.urls(BARE).migrator),
            )
        finally:
            await eye.close()


async def _make_bare(embedded: Embedded) -> None:
    superuser = await embedded.postgres.connect()
    try:
        await roles.make_database(superuser, BARE)
    finally:
        await superuser.close()


async def _company(floor: Floor, number: int) -> CompanyId:
    company = await create_company(floor.database, floor.ring, NewCompany(slug=f"b{number}", name="Bench"), OPERATOR)
    async with floor.database.tenant_session(company) as session:
        await furnish(session)
    return company


async def add_people(scene: Scene, count: int) -> None:
    """So many customers with a conversation each, spread over the companies, who have said nothing yet."""
    for place, company in enumerate(scene.companies):
        await sql(scene, company, _LINE)
        await sql(scene, company, _PEOPLE, count // COMPANIES + (place < count % COMPANIES))


async def let_speak(scene: Scene, number: int, *, most: int | None = None, only_new: bool = False) -> None:
    """Every customer, or so many of each company, has just sent this line of the script and is owed a turn.

    Made inside the database: how messages get there is what `bench-inbound` measures.
    """
    for company in scene.companies:
        await sql(scene, company, _SPEAK, SCRIPT[number].words, most, only_new)


async def bare_bytes(scene: Scene) -> int:
    """What the yardstick's tables take, without their indexes."""
    connection = await asyncpg.connect(scene.bare_database)
    try:
        tables = ", ".join(f"pg_table_size('{name}')" for name in _BARE_TABLES)
        row = await connection.fetchrow(f"SELECT {tables}")
        return sum(row.values()) if row else 0
    finally:
        await connection.close()


async def tidy(scene: Scene) -> None:
    """As autovacuum does in time, so that no round is the one in which it happens."""
    for table in ("conversations", "messages", "turns", "outbound", "leads", "timers", "event_counters"):
        await scene.eye.execute(f"VACUUM (ANALYZE) {table}")


async def sql(scene: Scene, company: CompanyId, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(bare_asyncpg(scene.database))
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(company))
            await connection.execute(statement, *values)
    finally:
        await connection.close()


_LINE: Final = """
    INSERT INTO connections (tenant_id, id, kind, name)
        SELECT current_tenant(), gen_random_uuid(), 'whatsapp', 'Linha'
        WHERE NOT EXISTS (SELECT FROM connections)
"""

_PEOPLE: Final = """
    WITH people AS (INSERT INTO contacts (tenant_id, id, name)
        SELECT current_tenant(), gen_random_uuid(), 'Ana' FROM generate_series(1, $1::integer) RETURNING id)
    INSERT INTO conversations (tenant_id, id, contact_id, connection_id)
        SELECT current_tenant(), gen_random_uuid(), p.id, c.id FROM people p, connections c
"""

_SPEAK: Final = """
    WITH threads AS MATERIALIZED (
        SELECT id, connection_id, message_seq + 1 AS seq FROM conversations
        WHERE NOT $3::boolean OR message_seq = 0 ORDER BY id LIMIT $2::integer),
    said AS (INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text,
            content, provider_id, provider_at)
        SELECT current_tenant(), gen_random_uuid(), id, connection_id, seq, 'in', 'customer', 'text', $1,
            jsonb_build_object('type', 'text', 'body', $1::text), 'wamid.' || gen_random_uuid(), now() FROM threads),
    moved AS (UPDATE conversations c SET message_seq = t.seq, last_inbound_seq = t.seq, last_inbound_at = now(),
            last_message_at = now() FROM threads t WHERE c.id = t.id)
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, due_at)
        SELECT current_tenant(), gen_random_uuid(), id, 'inbound', now() - interval '1 second' FROM threads
"""
