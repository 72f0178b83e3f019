"""The sixteen traps of row-level security (docs/architecture.md, "Tenancy"): first those that a wrong schema sets."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.migrate import EXPECTED, find_drift
from core.db.rls import find_gaps
from core.db.roles import APP, MIGRATOR, PRIV
from core.db.sessions import Database
from core.db.strength import refuse_strong_role
from core.errors import Misconfigured
from tests.fixtures.isolation import NOT_ALLOWED, RAISED, Attempt, Scene, attempt, open_scene, within
from tests.fixtures.servers import Servers

CONTACTS = text("SELECT FROM contacts")
# What gives text has its reason: the name of a queue; an outside address that nobody owns; why a person stopped sends;
# the people who work for the company of the transaction.
NAMES_NO_CUSTOMER = {"next_due", "queue_depths", "stray_counts", "why_sends_are_held", "members"}


@pytest.fixture(scope="module")
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    async with open_scene(servers) as scene:
        yield scene


async def test_the_shipped_schema_sets_none_of_the_traps(scene: Scene) -> None:
    for role in (MIGRATOR, APP):
        async with scene.logged_in(role) as connection:
            assert await find_gaps(connection, EXPECTED) == []
            assert await find_drift(connection) == []


class TestTrap01OwnerWithoutForce:
    async def test_trap_01_the_owner_sees_no_more_than_one_company(self, scene: Scene) -> None:
        async with scene.logged_in(MIGRATOR, scene.ana.company) as connection:
            assert await attempt(connection, CONTACTS) == Attempt(rows=1)
        async with scene.logged_in(MIGRATOR) as connection:
            assert await attempt(connection, CONTACTS) == Attempt(refusal=RAISED)

    async def test_trap_01_an_owner_who_is_not_bound_sees_all_and_is_found(self, scene: Scene) -> None:
        async with scene.planted("ALTER TABLE contacts NO FORCE ROW LEVEL SECURITY") as connection:
            async with within(connection)(MIGRATOR) as as_owner:
                assert await attempt(as_owner, CONTACTS) == Attempt(rows=2)
            assert await _gaps(connection) == ["contacts: row-level security is not enabled and forced"]


class TestTrap02StrongRoles:
    async def test_trap_02_the_app_owns_nothing_and_is_a_member_of_nothing(self, scene: Scene) -> None:
        async with scene.logged_in(APP) as connection:
            await refuse_strong_role(connection)

    async def test_trap_02_an_app_that_is_a_member_of_the_owner_is_found_and_refused(self, scene: Scene) -> None:
        async with scene.planted(f"GRANT {MIGRATOR} TO {APP}") as connection:
            assert "app: the app must own nothing and be a member of nothing" in await _gaps(connection)
            assert await _refusal(connection, APP) == "member of another role"

    @pytest.mark.parametrize(
        "mistake",
        [f"ALTER ROLE {APP} BYPASSRLS", f"ALTER ROLE {APP} SUPERUSER", f"ALTER TABLE contacts OWNER TO {APP}"],
    )
    async def test_trap_02_an_app_with_powers_of_its_own_is_found(self, scene: Scene, mistake: str) -> None:
        async with scene.planted(mistake) as connection:
            assert "app: the app must own nothing and be a member of nothing" in await _gaps(connection)
            assert await _refusal(connection, APP) is not None

    @pytest.mark.parametrize(
        ("powers", "named"),
        [
            ("BYPASSRLS", "BYPASSRLS"),
            ("SUPERUSER", "SUPERUSER"),
            (f"IN ROLE {APP}", "member of another role"),
            (f"IN ROLE {MIGRATOR}", "member of another role"),
            (f"IN ROLE {PRIV}", "member of another role"),
            ("NOINHERIT IN ROLE pg_read_all_data", "member of another role"),
        ],
    )
    async def test_trap_02_a_process_refuses_to_run_as_a_strong_role(
        self, scene: Scene, powers: str, named: str
    ) -> None:
        """Roles belong to all databases of the server: this one is never committed."""
        async with scene.planted(f"CREATE ROLE throw_away {powers}") as connection:
            assert await _refusal(connection, "throw_away") == named

    async def test_trap_02_a_process_refuses_to_start_with_the_logins_of_others(self, scene: Scene) -> None:
        for engine in (scene.migrator, scene.superuser):
            database = Database(engine.url.render_as_string(hide_password=False))
            with pytest.raises(Misconfigured, match="too strong"):
                await database.check()
            await database.close()

    async def test_trap_02_a_process_starts_with_the_login_of_the_app(self, scene: Scene) -> None:
        database = Database(scene.app.url.render_as_string(hide_password=False))
        await database.check()
        await database.close()


class TestTraps03And04Views:
    async def test_trap_03_a_view_that_sees_what_its_owner_sees_is_found(self, scene: Scene) -> None:
        made = ("CREATE VIEW everybody AS SELECT * FROM contacts", f"GRANT SELECT ON everybody TO {APP}")
        async with scene.planted(*made) as connection:
            async with within(connection)(APP, scene.ana.company) as as_app:
                assert await attempt(as_app, text("SELECT FROM everybody")) == Attempt(rows=2)
            gaps = await _gaps(connection)
            assert gaps == ["everybody: a view without security_invoker shows what its owner sees"]

    async def test_trap_03_a_view_that_asks_as_its_caller_is_fine(self, scene: Scene) -> None:
        view = "CREATE VIEW mine WITH (security_invoker = true) AS SELECT * FROM contacts"
        async with scene.planted(view, f"GRANT SELECT ON mine TO {APP}") as connection:
            async with within(connection)(APP, scene.ana.company) as as_app:
                assert await attempt(as_app, text("SELECT FROM mine")) == Attempt(rows=1)
            assert await _gaps(connection) == []

    async def test_trap_04_a_materialised_view_is_found(self, scene: Scene) -> None:
        async with scene.planted("CREATE MATERIALIZED VIEW everybody AS SELECT * FROM contacts") as connection:
            assert await _gaps(connection) == ["everybody: a materialised view holds rows of every company"]


class TestTrap05DefinerFunctions:
    async def test_trap_05_one_outside_priv_is_found(self, scene: Scene) -> None:
        made = "CREATE FUNCTION peek() RETURNS SETOF text SECURITY DEFINER RETURN (SELECT name FROM contacts)"
        async with scene.planted(made) as connection:
            assert await _gaps(connection) == ["peek: a definer function outside priv, or not owned by the priv role"]

    async def test_trap_05_one_in_priv_that_a_stronger_role_owns_is_found(self, scene: Scene) -> None:
        async with scene.planted("ALTER FUNCTION priv.companies() OWNER TO postgres") as connection:
            gaps = await _gaps(connection)
            assert gaps == ["companies: a definer function outside priv, or not owned by the priv role"]

    async def test_trap_05_one_that_looks_names_up_in_the_callers_path_is_found(self, scene: Scene) -> None:
        async with scene.planted("ALTER FUNCTION priv.companies() RESET search_path") as connection:
            assert await _gaps(connection) == ["companies: a function in priv without a pinned search_path"]

    async def test_trap_05_one_that_everybody_may_call_is_found(self, scene: Scene) -> None:
        async with scene.planted("GRANT EXECUTE ON FUNCTION priv.companies() TO PUBLIC") as connection:
            assert await _gaps(connection) == ["companies: a function in priv that everybody may call"]

    async def test_trap_05_a_new_one_is_not_everybodys_unless_somebody_says_so(self, scene: Scene) -> None:
        """The default of PostgreSQL is the other way round; the migration turns it for the role that owns them."""
        made = f"""SET LOCAL ROLE {PRIV};
            CREATE FUNCTION priv.later() RETURNS integer SET search_path = pg_catalog RETURN 1; RESET ROLE"""
        async with scene.planted(*made.split(";")) as connection:
            assert await _gaps(connection) == []

    async def test_trap_05_they_return_ids_and_numbers_but_never_what_a_customer_wrote(self, scene: Scene) -> None:
        wordy = text("""
            SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'priv'::regnamespace AND EXISTS (
                SELECT FROM unnest(p.proallargtypes, p.proargmodes) AS a (type, mode)
                WHERE a.mode IN ('o', 'b', 't') AND a.type IN ('text'::regtype, 'jsonb'::regtype, 'bytea'::regtype)
                UNION ALL SELECT WHERE p.prorettype IN ('text'::regtype, 'jsonb'::regtype, 'bytea'::regtype))
        """)
        async with scene.superuser.connect() as connection:
            assert set(await connection.scalars(wordy)) == NAMES_NO_CUSTOMER

    async def test_trap_05_somebody_without_the_grant_cannot_enter_priv(self, scene: Scene) -> None:
        async with (
            scene.planted("CREATE ROLE throw_away") as connection,
            within(connection)("throw_away") as nobody,
        ):
            assert await attempt(nobody, text("SELECT priv.companies()")) == Attempt(refusal=NOT_ALLOWED)


class TestTraps06And07Keys:
    async def test_trap_06_a_foreign_key_without_the_company_is_found(self, scene: Scene) -> None:
        unique = "ALTER TABLE contacts ADD CONSTRAINT lone UNIQUE (id)"
        key = "ALTER TABLE turns ADD CONSTRAINT crossing FOREIGN KEY (id) REFERENCES contacts (id) NOT VALID"
        async with scene.planted(unique, key) as connection:
            gap = "crossing: a foreign key between tenant tables that does not carry tenant_id"
            assert gap in await _gaps(connection)

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE contacts ADD CONSTRAINT greedy UNIQUE (locale)",
            "ALTER TABLE contacts ADD CONSTRAINT greedy UNIQUE (id, tenant_id)",
            "CREATE UNIQUE INDEX greedy ON contacts (lower(name))",
            "CREATE UNIQUE INDEX greedy ON contacts (id) WHERE opted_out_at IS NULL",
        ],
    )
    async def test_trap_07_a_unique_key_across_companies_is_found(self, scene: Scene, statement: str) -> None:
        async with scene.planted(statement) as connection:
            gaps = await _gaps(connection)
            assert gaps == ["greedy: a unique key of a tenant table that does not start with tenant_id"]


class TestTrap08Partitions:
    async def test_trap_08_a_partition_asked_directly_shows_nothing(self, scene: Scene) -> None:
        async with scene.planted() as connection:
            found = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
            partitions = list(await connection.scalars(found))
            for partition in partitions:
                async with within(connection)(APP, scene.ana.company) as as_app:
                    refused = await attempt(as_app, text(f"SELECT FROM {partition}"))
                assert refused == Attempt(refusal=NOT_ALLOWED), partition
        assert len(partitions) > 12

    @pytest.mark.parametrize("grant", ["SELECT", "SELECT (body)", "DELETE"])
    @pytest.mark.parametrize("to", [APP, "PUBLIC"])
    async def test_trap_08_a_partition_with_a_grant_is_found(self, scene: Scene, grant: str, to: str) -> None:
        async with scene.planted(f"GRANT {grant} ON incoming_events_default TO {to}") as connection:
            assert await _gaps(connection) == ["incoming_events_default: a partition has a grant of its own"]

    @pytest.mark.parametrize("weakened", ["DISABLE", "NO FORCE"])
    async def test_trap_08_a_partition_whose_security_is_off_is_found(self, scene: Scene, weakened: str) -> None:
        statement = f"ALTER TABLE incoming_events_default {weakened} ROW LEVEL SECURITY"
        async with scene.planted(statement) as connection:
            gaps = await _gaps(connection)
            assert gaps == ["incoming_events_default: row-level security is not enabled and forced"]

    async def test_trap_08_a_partition_made_by_hand_is_found(self, scene: Scene) -> None:
        bounds = "FROM ('1999-01-01') TO ('2000-01-01')"
        made = f"CREATE TABLE incoming_events_1999 PARTITION OF incoming_events FOR VALUES {bounds}"
        async with scene.planted(made) as connection:
            assert await _gaps(connection) == ["incoming_events_1999: row-level security is not enabled and forced"]


class TestTraps09And16Grants:
    @pytest.mark.parametrize("grant", ["SELECT", "USAGE"])
    async def test_trap_09_a_sequence_whose_last_value_the_app_can_learn_is_found(
        self, scene: Scene, grant: str
    ) -> None:
        async with scene.planted("CREATE SEQUENCE planted", f"GRANT {grant} ON planted TO {APP}") as connection:
            assert await _gaps(connection) == ["planted: a sequence tells how many rows there are"]

    async def test_trap_09_there_is_no_sequence(self, scene: Scene) -> None:
        async with scene.superuser.connect() as connection:
            assert list(await connection.scalars(text("SELECT relname FROM pg_class WHERE relkind = 'S'"))) == []

    @pytest.mark.parametrize("grant", ["TRUNCATE", "REFERENCES", "TRIGGER", "ALL"])
    @pytest.mark.parametrize("table", ["contacts", "clock_shift", "incoming_events"])
    async def test_trap_16_a_grant_that_reaches_past_policies_is_found(
        self, scene: Scene, grant: str, table: str
    ) -> None:
        async with scene.planted(f"GRANT {grant} ON {table} TO {APP}") as connection:
            assert f"{table}: the app may truncate, reference or hang triggers on it" in await _gaps(connection)

    async def test_trap_16_the_app_cannot_empty_a_table(self, scene: Scene) -> None:
        async with scene.logged_in(APP, scene.ana.company) as connection:
            assert await attempt(connection, text("TRUNCATE event_progress")) == Attempt(refusal=NOT_ALLOWED)


class TestPoliciesNobodyReviewed:
    """Policies are joined with OR: one more of them opens what all the others close."""

    async def test_one_more_policy_is_found(self, scene: Scene) -> None:
        async with scene.planted(f"CREATE POLICY debug ON contacts TO {APP} USING (true)") as connection:
            async with within(connection)(APP) as as_app:
                assert await attempt(as_app, CONTACTS) == Attempt(rows=2)
            assert await _gaps(connection) == ["contacts: policy debug is not on the list"]

    async def test_a_table_that_priv_reads_without_review_is_found(self, scene: Scene) -> None:
        async with scene.planted(f"CREATE POLICY priv ON contacts TO {PRIV} USING (true)") as connection:
            assert await _gaps(connection) == ["contacts: policy priv is not on the list"]

    async def test_a_policy_that_holds_for_everybody_is_found(self, scene: Scene) -> None:
        async with scene.planted("ALTER POLICY priv ON turns TO PUBLIC") as connection:
            assert await _gaps(connection) == ["turns: policy priv is not the one of this release"]


async def _gaps(connection: AsyncConnection) -> list[str]:
    return await find_gaps(connection, EXPECTED)


async def _refusal(connection: AsyncConnection, role: str) -> str | None:
    """The power for which a process would not start as this role."""
    async with within(connection)(role) as as_role:
        try:
            await refuse_strong_role(as_role)
        except Misconfigured as refused:
            return refused.detail.en.split("(")[1].split(")")[0]
    return None
