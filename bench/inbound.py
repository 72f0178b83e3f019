"""`make bench-inbound`: signed webhooks through the real processes, against a bare endpoint with one insert.

Both are served by one process on the same PostgreSQL, driven by the same client on the same number of connections.
"""

import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from admin_api.commands.places import settings_here
from bench import load
from bench.stack import Stack, new_stack, wait_until
from core.servers.process import free_port
from core.settings import bare_asyncpg

SECRET: Final = "bench-app-secret"  # noqa: S105 - of a connection that lives as long as the benchmark
PHONE_ID: Final = "100000000000001"
CONNECTIONS: Final = 64
POSTS: Final = 6_000
STEADY_RATE: Final = 300
STEADY_SECONDS: Final = 60
STORED: Final = (10_000, 1_000_000)
ACKNOWLEDGED_TARGET: Final = 1.0
DRAINED_TARGET: Final = 0.6
P99_TARGET: Final = 0.25
GROWTH_TARGET: Final = 1.25
_ROUNDS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Per second."""

    bare: float
    acknowledged: float
    drained: float


def main() -> int:
    with new_stack() as stack:
        _prepare(stack)
        rounds = [_round(stack, number) for number in range(_ROUNDS)]
        steady = _steady(stack)
        costs = {stored: _cost_with(stack, stored) for stored in STORED}
    return _report(_median(rounds), steady, costs)


def _median(rounds: Sequence[Figures]) -> Figures:
    return Figures(
        bare=statistics.median(one.bare for one in rounds),
        acknowledged=statistics.median(one.acknowledged for one in rounds),
        drained=statistics.median(one.drained for one in rounds),
    )


def _report(figures: Figures, steady: load.Measured, costs: Mapping[int, float]) -> int:
    acknowledged, drained = figures.acknowledged / figures.bare, figures.drained / figures.bare
    growth, p99 = costs[STORED[1]] / costs[STORED[0]], steady.percentile(0.99)
    _row("bare endpoint with one insert, /s", figures.bare, "yardstick")
    _row("acknowledged webhooks, /s", figures.acknowledged, f"÷ bare {acknowledged:.2f}, target {ACKNOWLEDGED_TARGET}")
    _row("drained to message, contact, turn, /s", figures.drained, f"÷ bare {drained:.2f}, target {DRAINED_TARGET}")
    _row(f"p99 at {STEADY_RATE}/s for {STEADY_SECONDS} s, ms", p99 * 1000, f"target < {P99_TARGET * 1000:g}")
    _row("refused there", len(steady.refused), "target 0")
    for stored, cost in costs.items():
        _row(f"ms per message with {stored} stored", cost * 1000, "")
    _row("growth of that cost", growth, f"target < {GROWTH_TARGET}")
    result = {
        "bench": "inbound",
        "ratio": round(drained, 3),
        "acknowledged_ratio": round(acknowledged, 3),
        "bare_per_second": round(figures.bare),
        "acknowledged_per_second": round(figures.acknowledged),
        "drained_per_second": round(figures.drained),
        "steady_p50_ms": round(steady.percentile(0.5) * 1000, 1),
        "steady_p99_ms": round(p99 * 1000, 1),
        "steady_refused": len(steady.refused),
        "cost_ms": {str(stored): round(cost * 1000, 3) for stored, cost in costs.items()},
        "growth": round(growth, 3),
    }
    print(json.dumps(result))
    is_fast = acknowledged >= ACKNOWLEDGED_TARGET and drained >= DRAINED_TARGET and growth < GROWTH_TARGET
    return 0 if is_fast and p99 < P99_TARGET and not steady.refused else 1


def _steady(stack: Stack) -> load.Measured:
    posts = list(_posts("steady", STEADY_RATE * STEADY_SECONDS))
    return asyncio.run(load.pace(stack.port, posts, per_second=STEADY_RATE, connections=CONNECTIONS))


def _prepare(stack: Stack) -> None:
    _ok(stack.up("--no-sandbox"))
    _ok(
        stack.run(
            "connect",
            "whatsapp",
            "--company",
            "demo",
            "--phone-number-id",
            PHONE_ID,
            "--app-secret",
            SECRET,
            "--access-token",
            "token",
            "--verify-token",
            "verify",
        )
    )
    _sql(
        stack,
        "DELETE FROM persona_versions",  # nobody answers: what a turn costs is another benchmark
        "CREATE TABLE bare (id bigserial PRIMARY KEY, payload jsonb, body bytea, at timestamptz DEFAULT now())",
        "GRANT INSERT ON bare TO app",
        "GRANT USAGE ON SEQUENCE bare_id_seq TO app",
    )
    warm = asyncio.run(load.fire(stack.port, _posts("warm", 200), connections=8))
    if warm.refused:
        raise RuntimeError(f"refused: {warm.refused[0]!r}")


def _round(stack: Stack, number: int) -> Figures:
    with _bare(stack) as port:
        asyncio.run(load.fire(port, _bare_posts(200), connections=8))
        bare = asyncio.run(load.fire(port, _bare_posts(POSTS), connections=CONNECTIONS)).rate
    before, posts = _messages(stack), list(_posts(f"r{number}", POSTS))
    start = time.perf_counter()
    fired = asyncio.run(load.fire(stack.port, posts, connections=CONNECTIONS))
    if fired.refused:
        raise RuntimeError(f"refused: {fired.refused[0]!r}")
    _wait_until_drained(stack)
    drained = POSTS / (time.perf_counter() - start)
    _must_be(stack, before + POSTS)
    return Figures(bare=bare, acknowledged=fired.rate, drained=drained)


def _cost_with(stack: Stack, stored: int) -> float:
    """Seconds per message from the first post to the last turn, with so many messages stored."""
    _wait_until_drained(stack)
    _fill_up(stack, stored)
    count = 3_000
    before, posts = _messages(stack), list(_posts(f"s{stored}", count))
    start = time.perf_counter()
    asyncio.run(load.fire(stack.port, posts, connections=CONNECTIONS))
    _wait_until_drained(stack)
    took = time.perf_counter() - start
    _must_be(stack, before + count)
    return took / count


def _posts(mark: str, count: int) -> Iterator[bytes]:
    """One message each, of one of a thousand customers."""
    moment = str(int(time.time()))
    for number in range(count):
        sender = f"55119{10_000_000 + number % 1000}"
        body = json.dumps(_webhook(f"wamid.{mark}.{number}", sender, moment)).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        yield load.post("/webhooks/whatsapp", body, [("x-hub-signature-256", f"sha256={signature}")])


def _bare_posts(count: int) -> Iterator[bytes]:
    body = json.dumps(_webhook("wamid.bare", "5511910000000", str(int(time.time())))).encode()
    return iter([load.post("/bare", body)] * count)


def _webhook(name: str, sender: str, moment: str) -> dict[str, Any]:
    message = {"from": sender, "id": name, "timestamp": moment, "type": "text", "text": {"body": "Oi, ainda tem bolo?"}}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5511900000000", "phone_number_id": PHONE_ID},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": sender}],
        "messages": [message],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


@contextmanager
def _bare(stack: Stack) -> Iterator[int]:
    port = free_port()
    environment = os.environ | {"DATABASE_URL": _url(stack, "database_url")}
    with subprocess.Popen([sys.executable, "-m", "bench.bare", str(port)], env=environment) as server:
        wait_until("the bare endpoint serves", lambda: _listens(port))
        try:
            yield port
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    try:
        asyncio.run(load.fire(port, [], connections=1))
    except (OSError, ExceptionGroup):
        return False
    return True


def _fill_up(stack: Stack, stored: int) -> None:
    """Old messages of many conversations, made inside the database."""
    missing = stored - _messages(stack)
    if missing > 0:
        asyncio.run(_run(stack, _FILL, missing))


def _wait_until_drained(stack: Stack) -> None:
    """An event is done in the transaction that wrote its message and turn."""
    waiting = "SELECT EXISTS (SELECT FROM incoming_events WHERE consumer = 'engine' AND state = 'new')"
    wait_until("all drained", lambda: not asyncio.run(_run(stack, waiting))[0][0], 120)


def _must_be(stack: Stack, expected: int) -> None:
    if (found := _messages(stack)) != expected:
        raise RuntimeError(f"{found} messages, {expected} were posted")


def _messages(stack: Stack) -> int:
    return int(asyncio.run(_run(stack, "SELECT count(*) FROM messages"))[0][0])


def _url(stack: Stack, name: str) -> str:
    settings = settings_here(Namespace(home=str(stack.home)))
    return settings.require(name.upper())


def _sql(stack: Stack, *statements: str) -> None:
    for statement in statements:
        asyncio.run(_run(stack, statement))


async def _run(stack: Stack, statement: str, *values: Any) -> Sequence[Any]:
    connection = await asyncpg.connect(bare_asyncpg(_url(stack, "database_migrate_url")))
    try:
        async with connection.transaction():
            company = await connection.fetchval("SELECT priv.company_named('demo')")
            await connection.execute("SELECT set_config('app.tenant', $1, true)", str(company))
            rows: Sequence[Any] = await connection.fetch(statement, *values)
    finally:
        await connection.close()
    return rows


def _ok(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def _row(what: str, value: float, verdict: str) -> None:
    print(f"{what:<52} {value:>10.2f}  {verdict}")


_FILL: Final = """
    WITH line AS (SELECT id FROM connections ORDER BY created_at DESC LIMIT 1),
    people AS (INSERT INTO contacts (tenant_id, id, name)
        SELECT current_tenant(), gen_random_uuid(), 'Antiga' FROM generate_series(1, $1 / 20 + 1) RETURNING id),
    threads AS (INSERT INTO conversations (tenant_id, id, contact_id, connection_id, message_seq, last_message_at)
        SELECT current_tenant(), gen_random_uuid(), people.id, line.id, 20, now() FROM people, line
        RETURNING id, connection_id)
    INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text,
                          provider_id, provider_at)
        SELECT current_tenant(), gen_random_uuid(), t.id, t.connection_id, n, 'in', 'customer', 'text', 'oi',
               'wamid.old.' || t.id || n, now() - interval '90 days'
        FROM threads t, generate_series(1, 20) n LIMIT $1
"""

if __name__ == "__main__":
    sys.exit(main())
