"""However much a company has said already, intake reads no table from end to end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import event

from agents.ports import NoKnowledge
from channels.contents import Json
from channels.stores.statuses import join_parked
from core.embedded import Urls
from core.floor import Floor
from graphs.turn_taking import TurnTaker
from tests.fixtures import inbound as meta
from tests.fixtures.inbound import Customer, Inbox, later, message, open_inbox, someone
from tests.fixtures.servers import Servers
from tests.fixtures.talking import gateway_of

LARGE: Final = (
    *("contact_events", "contact_identities", "contacts", "consent_events", "conversations", "incoming_events"),
    *("media_files", "messages", "outbound", "outbound_attempts", "parked_news", "turns"),
)
FROM_END_TO_END: Final = re.compile(rf"Seq Scan on ({'|'.join(LARGE)})(?:_\w+)?\b")
# Straight into the tables: who may be referred to is not asked, and no row is of any use.
FILL: Final = """
    SET session_replication_role = replica;
    CREATE TEMPORARY TABLE rows AS
        SELECT n, CAST(lpad(to_hex(n), 32, '0') AS uuid) AS id, CAST('COMPANY' AS uuid) AS company,
            CAST('CONNECTION' AS uuid) AS line, CAST('{}' AS jsonb) AS nothing FROM generate_series(1, 50000) n;
    INSERT INTO contacts (tenant_id, id, name) SELECT company, id, 'P ' || n FROM rows;
    INSERT INTO contact_identities (tenant_id, id, contact_id, kind, value)
        SELECT company, id, id, 'bsuid', 'BR.old' || n FROM rows;
    INSERT INTO conversations (tenant_id, id, contact_id, connection_id, message_seq)
        SELECT company, id, id, line, 1 FROM rows;
    INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, provider_id)
        SELECT company, id, id, line, 1, 'in', 'customer', 'text', 'old.' || n FROM rows;
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, state, due_at)
        SELECT company, id, id, 'inbound', 'done', now() FROM rows;
    INSERT INTO outbound (tenant_id, id, intent_key, conversation_id, connection_id, contact_id, message_id, seq, lane,
            purpose, state, content, control_epoch, provider_id)
        SELECT company, id, 'old:' || n, id, line, id, id, 1, 'reply', 'reply', 'read', nothing, 0, 'out.' || n
        FROM rows;
    INSERT INTO outbound_attempts (tenant_id, id, outbound_id, number, tag, outcome)
        SELECT company, id, id, 1, 'old:' || n, 'accepted' FROM rows;
    INSERT INTO media_files (tenant_id, id, message_id, connection_id, kind, state)
        SELECT company, id, id, line, 'image', 'stored' FROM rows;
    INSERT INTO suppressions (tenant_id, identity_hash, opted_out_at)
        SELECT company, sha256(CAST('old.' || n AS bytea)), now() FROM rows;
    INSERT INTO consent_events (tenant_id, id, contact_id, kind, source)
        SELECT company, id, id, 'opted_out', 'staff' FROM rows;
    INSERT INTO contact_events (tenant_id, id, contact_id, kind) SELECT company, id, id, 'merged' FROM rows;
    INSERT INTO parked_news (tenant_id, id, connection_id, provider_id, kind, digest, news)
        SELECT company, id, line, 'gone.' || n, 'status', n, nothing FROM rows;
    INSERT INTO incoming_events (tenant_id, id, connection_id, consumer, body, body_sha256, state)
        SELECT company, id, line, 'engine', '', '', 'done' FROM rows;
    ANALYZE;
"""

Statement = tuple[str, Any]


@pytest.fixture
async def inbox(floor: Floor, servers: Servers, floor_urls: Urls) -> Inbox:
    inbox = await open_inbox(floor)
    async with servers.superuser(floor_urls) as superuser:
        await superuser.execute(
            FILL.replace("COMPANY", str(inbox.company)).replace("CONNECTION", str(inbox.connection))
        )
    await floor.database.engine.dispose()  # what was planned while the tables were empty
    return inbox


@contextmanager
def noted(floor: Floor) -> Iterator[list[Statement]]:
    """Every statement that is run."""
    statements: list[Statement] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    engine = floor.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plans(inbox: Inbox, statements: list[Statement]) -> list[tuple[str, str]]:
    explained = []
    async with inbox.session() as session:
        connection = await session.connection()
        for statement, parameters in statements:
            if statement.split(maxsplit=1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
                rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                explained.append((statement, "\n".join(row[0] for row in rows)))
    return explained


def a_busy_minute() -> list[Json]:
    ana, bia, old, new = (someone(name="Ana", user_id=f"BR.{number}", username=f"u{number}") for number in range(4))
    people = [someone(name="P", user_id=f"BR.new{number}") for number in range(100)]
    return [
        *(message(one, f"w.{one.user_id}", text="oi") for one in people),
        *(message(Customer(user_id=f"BR.old{number}"), f"w.old.{number}", text="oi") for number in range(1, 150)),
        message(ana, "w.1", image={"id": "m.1", "mime_type": "image/jpeg"}),
        meta.echo(bia, "w.2", "olá"),
        meta.edit(ana, "w.3", "old.7", "oi!"),
        meta.revoke(ana, "w.4", "old.8"),
        meta.reaction(ana, "w.5", "old.9"),
        message(ana, "w.6", text="SAIR"),
        message(ana, "w.7", text="VOLTAR", context={"id": "w.6"}),
        meta.preference(bia, "stop"),
        message(old, "w.8", text="oi"),
        message(new, "w.9", text="oi"),
        *(meta.status(f"out.{number}", "delivered", tag=f"old:{number}", at=later(number)) for number in range(1, 100)),
        meta.status("nobody.knows", "read"),
        meta.new_number(old, new, "w.10"),
    ]


class TestPlans:
    @pytest.mark.timeout(180)
    async def test_nothing_is_read_from_end_to_end(self, floor: Floor, inbox: Inbox) -> None:
        with noted(floor) as statements:
            await inbox.tell(*a_busy_minute())
            await inbox.tell(message(someone(), "w.late", text="oi"), meta.status("out.9", "read"))
            async with inbox.session() as session:
                await join_parked(session)
            async with gateway_of(floor) as gateway:
                await TurnTaker(floor, gateway, lambda _: NoKnowledge()).run_due()

        explained = await plans(inbox, statements)

        assert await inbox.count("messages WHERE provider_id LIKE 'w.%'") > 250
        assert len({statement for statement, _ in explained}) > 40
        slow = {statement: plan for statement, plan in explained if FROM_END_TO_END.search(plan)}
        assert slow == {}
