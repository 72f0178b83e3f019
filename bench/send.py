"""`make bench-send`: the outbox against a local provider, against two bare loops with the same client.

The first yardstick only calls the provider; the second also does one insert and one update per message, each committed,
which is the least that a sender must do to know what it sent.
"""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import psutil
from pydantic import SecretStr

from admin_api.prepare import upgrade_database
from admin_api.tenants.store import NewCompany, create_company
from channels.lines import Lines
from channels.outbound import SLOTS, Sender
from channels.station import Station, open_station
from channels.stores.connections import NewConnection, create
from core.audit import OPERATOR
from core.clock import Deadline
from core.crypto import InstallationKey
from core.db.sessions import Pool
from core.embedded import DATABASE, Embedded
from core.floor import open_floor
from core.home import Home
from core.http import Limits, open_client, perform
from core.ids import CompanyId, ConnectionId
from core.models.people import ConnectionKind
from core.probe import Pulse
from core.settings import Settings, bare_asyncpg

LINES: Final = 8  # numbers, for one takes a thousand messages per second at most
MESSAGES: Final = 6_000
MANY: Final = 100_000
ROUNDS: Final = 3
TARGET: Final = 0.7
GROWTH_TARGET_MB: Final = 40
_PEOPLE: Final = 500
_NUMBERS: Final = 5511910000000
_MB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    station: Station
    company: CompanyId
    lines: tuple[ConnectionId, ...]
    provider: str
    database: str


def main() -> int:
    return asyncio.run(_measure())


async def _measure() -> int:
    async with _scene() as scene:
        await _ours(scene, 500)
        rounds = [
            (await _bare(scene, MESSAGES), await _bare_with_database(scene, MESSAGES), await _ours(scene, MESSAGES))
            for _ in range(ROUNDS)
        ]
        bare, with_database, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
        grown = await _memory_over_many(scene)
    ratio = ours / with_database
    _row("bare client loop, messages/s", bare, "published")
    _row("bare loop with one insert and one update, messages/s", with_database, "yardstick")
    _row("ours, messages/s", ours, f"÷ yardstick {ratio:.2f}, target {TARGET}")
    _row(f"memory grown from {MANY // 10} to {MANY} sends, MB", grown, f"target < {GROWTH_TARGET_MB}")
    result = {
        "bench": "send",
        "ratio": round(ratio, 3),
        "ours_per_second": round(ours),
        "yardstick_per_second": round(with_database),
        "bare_per_second": round(bare),
        "grown_mb": round(grown, 1),
    }
    print(json.dumps(result))
    return 0 if ratio >= TARGET and grown < GROWTH_TARGET_MB else 1


async def _bare(scene: Scene, count: int) -> float:
    async def one(client: httpx.AsyncClient, number: int) -> None:
        await _call(scene, client, number)

    return await _loop(count, one)


async def _bare_with_database(scene: Scene, count: int) -> float:
    async with asyncpg.create_pool(bare_asyncpg(scene.database), min_size=16, max_size=16) as pool:

        async def one(client: httpx.AsyncClient, number: int) -> None:
            row = await pool.fetchval("INSERT INTO bare (body) VALUES ($1) RETURNING id", json.dumps(_body(number)))
            name = await _call(scene, client, number)
            await pool.execute("UPDATE bare SET name = $2, done_at = now() WHERE id = $1", row, name)

        return await _loop(count, one)


async def _loop(count: int, one: Any) -> float:
    left = iter(range(count))

    async def work(client: httpx.AsyncClient) -> None:
        for number in left:
            await one(client, number)

    async with open_client(limits=Limits(connections=200)) as client:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(SLOTS):
                group.create_task(work(client))
        return count / (time.perf_counter() - start)


async def _call(scene: Scene, client: httpx.AsyncClient, number: int) -> str:
    request = client.build_request(
        "POST",
        f"{scene.provider}/v23.0/{_phone_id(number % LINES)}/messages",
        json=_body(number),
        headers={"authorization": "Bearer token"},
    )
    answer = await perform(client, request, deadline=Deadline.after(30), max_bytes=1 << 20)
    name: str = json.loads(answer.body)["messages"][0]["id"]
    return name


def _body(number: int) -> dict[str, Any]:
    to = f"+{_NUMBERS + 1 + number % _PEOPLE}"
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "Oi!"}}


async def _ours(scene: Scene, count: int) -> float:
    """Rows that wait in the outbox, until the last one is accepted."""
    await _fill(scene, count)
    stop = asyncio.Event()
    sender = Sender(
        scene.station.floor, scene.station.registry, Lines(scene.station.floor.database, scene.station.floor.ring)
    )
    start = time.perf_counter()
    working = asyncio.create_task(sender.run(stop, Pulse().loop("outbox")))
    while await _waiting(scene):  # noqa: ASYNC110 - what is waited for happens in the database
        await asyncio.sleep(0.1)
    took = time.perf_counter() - start
    stop.set()
    sender.wake.set()
    await working
    return count / took


async def _memory_over_many(scene: Scene) -> float:
    await _ours(scene, MANY // 10)
    before = _resident()
    await _ours(scene, MANY - MANY // 10)
    return _resident() - before


def _resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / _MB


async def _waiting(scene: Scene) -> bool:
    found = await _sql(scene, "SELECT EXISTS (SELECT FROM outbound WHERE state IN ('queued', 'sending'))")
    return bool(found[0][0])


async def _fill(scene: Scene, count: int) -> None:
    """Made inside the database, for how rows get into the outbox is not what is measured here."""
    await _sql(scene, _FILL, count)
    await _sql(scene, "ANALYZE outbound")


@asynccontextmanager
async def _scene() -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="masteria-bench-", ignore_cleanup_errors=True) as folder:
        await asyncio.to_thread(Path(folder).chmod, 0o711)
        embedded = Embedded.of(Home.open(Path(folder) / "home"))
        await embedded.start(log=subprocess.DEVNULL)
        try:
            async with _provider() as provider, _stage(embedded, Path(folder), provider) as scene:
                yield scene
        finally:
            embedded.stop()


@asynccontextmanager
async def _stage(embedded: Embedded, folder: Path, provider: str) -> AsyncIterator[Scene]:
    urls = embedded.urls(DATABASE)
    await upgrade_database(urls.migrator.replace("postgresql://", "postgresql+asyncpg://"))
    settings = Settings(
        masteria_home=folder / "home",
        database_url=SecretStr(urls.app),
        redis_url=SecretStr(embedded.valkey.url),
        masteria_secret_keys=SecretStr(InstallationKey.new().line),
        masteria_embedded=True,
        whatsapp_api_base=provider,
    )
    async with open_floor(settings, Pool(size=8, overflow=8)) as floor, open_station(floor) as station:
        company = await create_company(floor.database, floor.ring, NewCompany(slug="bench", name="Bench"), OPERATOR)
        lines = []
        for number in range(LINES):
            async with floor.database.tenant_session(company) as session:
                made = await create(session, floor.ring, _line(number), OPERATOR)
            lines.append(ConnectionId(made.id))
            await _connect(provider, number)
        scene = Scene(station=station, company=company, lines=tuple(lines), provider=provider, database=urls.migrator)
        await _sql(scene, "CREATE TABLE bare (id bigserial PRIMARY KEY, body text, name text, done_at timestamptz)")
        await _sql(scene, _PEOPLE_SQL, _PEOPLE)
        yield scene


def _line(number: int) -> NewConnection:
    return NewConnection(
        kind=ConnectionKind.WHATSAPP,
        name=f"Linha {number}",
        settings={"phone_number_id": _phone_id(number), "per_second": 1000},
        secrets={"access_token": "token", "app_secret": "bench-app-secret", "verify_token": "verify"},
    )


def _phone_id(number: int) -> str:
    return str(100_000_000_000_000 + number)


@asynccontextmanager
async def _provider() -> AsyncIterator[str]:
    """The sandbox in a process of its own, without statuses: it is a yardstick's and ours alike."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        if child.stdout is None:
            raise RuntimeError("the sandbox says nothing")
        line = (await child.stdout.readline()).decode().split()
        yield line[1]
    finally:
        child.terminate()
        await child.wait()


async def _connect(provider: str, number: int) -> None:
    """A number of the provider without limits, whose customers have all just written."""
    async with httpx.AsyncClient(base_url=provider) as client:
        account = {
            "phone_id": _phone_id(number),
            "waba_id": "1",
            "display_phone_number": "+5511900000000",
            "access_token": "token",
            "app_secret": "bench-app-secret",
            "pace": {"per_second": None, "pair_seconds": None},
        }
        (await client.post("/_sandbox/whatsapp/accounts", json={"account": account})).raise_for_status()
        (await client.put("/_sandbox/whatsapp/statuses", json={"is_on": False})).raise_for_status()
        greetings = [_greeting(number, person) for person in range(1, _PEOPLE + 1)]
        await asyncio.gather(*(client.post("/_sandbox/whatsapp/messages", json=each) for each in greetings))


def _greeting(number: int, person: int) -> dict[str, Any]:
    return {
        "phone_id": _phone_id(number),
        "person": {"phone": f"+{_NUMBERS + person}"},
        "content": {"type": "text", "body": "oi"},
    }


async def _sql(scene: Scene, statement: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(bare_asyncpg(scene.database))
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(scene.company))
            return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


def _row(what: str, value: float, verdict: str) -> None:
    print(f"{what:<56} {value:>10.2f}  {verdict}")


_PEOPLE_SQL: Final = """
    WITH people AS (INSERT INTO contacts (tenant_id, id)
        SELECT current_tenant(), gen_random_uuid() FROM generate_series(1, $1) RETURNING id),
    numbered AS (SELECT id, row_number() OVER () AS number FROM people),
    named AS (INSERT INTO contact_identities (tenant_id, id, contact_id, kind, value)
        SELECT current_tenant(), gen_random_uuid(), id, 'wa_id', (5511910000000 + number)::text FROM numbered)
    INSERT INTO conversations (tenant_id, id, contact_id, connection_id, last_inbound_at)
        SELECT current_tenant(), gen_random_uuid(), n.id, c.id, now() FROM numbered n, connections c
"""

_FILL: Final = """
    WITH threads AS MATERIALIZED (
        SELECT id, contact_id, connection_id, message_seq, row_number() OVER () - 1 AS number FROM conversations),
    total AS (SELECT count(*) AS threads FROM threads),
    chosen AS (SELECT t.*, t.message_seq + g / total.threads + 1 AS seq, g FROM total, generate_series(0, $1 - 1) g
        JOIN threads t ON t.number = g % (SELECT threads FROM total)),
    said AS (INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text)
        SELECT current_tenant(), gen_random_uuid(), id, connection_id, seq, 'out', 'staff', 'text', 'Oi!' FROM chosen
        RETURNING id, conversation_id, connection_id, seq),
    moved AS (UPDATE conversations c SET message_seq = m.seq
        FROM (SELECT conversation_id, max(seq) AS seq FROM said GROUP BY 1) m WHERE m.conversation_id = c.id)
    INSERT INTO outbound (tenant_id, id, intent_key, conversation_id, connection_id, contact_id, message_id, seq, lane,
                          purpose, content, control_epoch)
        SELECT current_tenant(), gen_random_uuid(), 'bench:' || s.id, s.conversation_id, s.connection_id, t.contact_id,
               s.id, s.seq, 'reply', 'staff', '{"type": "text", "body": "Oi!"}', 0
        FROM said s JOIN threads t ON t.id = s.conversation_id
"""

if __name__ == "__main__":
    sys.exit(main())
