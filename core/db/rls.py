"""Row-level security: the statements that put a table under it, and the question whether every table is.

Each tenant table carries two policies, and those that work is claimed from carry a third:

- `tenant`: the app sees the company its transaction was opened for; without one it sees nothing.
- `owner`: the migrator too sees one company at a time; without one it fails aloud, because a backfill that silently
  changes no row is how data gets lost.
- `priv`: the functions that work across companies see all of it, and return ids only. Of a table that is only added to
  they see the company of the transaction, and blank what it says of a person who was erased.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.roles import APP, PRIV

# Tables that a function of `priv` reads across companies. A name added here needs a reason in review.
CLAIMED_TABLES: Final = frozenset(
    {
        "connections",
        "effects",
        "embedding_spaces",
        "handoffs",
        "incoming_events",
        "ingestion_jobs",
        "media_files",
        "memberships",
        "outbound",
        "parked_news",
        "send_batches",
        "staff_bots",
        "timers",
        "turns",
    }
)

# Tables that are only added to, with what a function of `priv` blanks there once a person is erased.
BLANKED_COLUMNS: Final = MappingProxyType(
    {
        "audit_log": ("detail",),
        "consent_events": ("quote",),
        "contact_events": ("detail",),
        "lead_stage_events": ("criteria", "reason", "slots_before"),
    }
)

_OWN: Final = "tenant_id = current_tenant()"
_OWN_OR_AN_ERROR: Final = "tenant_id = required_tenant()"
_AN_ERROR: Final = "through_priv()"
_READ_BY_ALL: Final = "clock_shift"  # `app_now()` reads it for whoever asks the time, the owner among them
_EVERYTHING: Final = "SELECT, INSERT, UPDATE, DELETE"
# Where a lease is written; and the inbox keeps what came in for several companies at once.
_PRIV_GRANTS: Final = {
    "effects": "SELECT, UPDATE",
    "incoming_events": "SELECT, INSERT, UPDATE",
    "media_files": "SELECT, UPDATE",
    "staff_bots": "SELECT, INSERT, UPDATE",
    "timers": "SELECT, UPDATE",
    "turns": "SELECT, UPDATE",
}
_GRANTS: Final = {
    "audit_log": "SELECT, INSERT",
    "consent_events": "SELECT, INSERT",
    "contact_events": "SELECT, INSERT",
    "domain_events": "SELECT, INSERT, DELETE",
    "erasures": "SELECT, INSERT",
    "lead_stage_events": "SELECT, INSERT",
}


def protect_tenant_table(table: str) -> list[str]:
    return [
        *_force(table),
        _policy("tenant", table, APP, _OWN),
        _policy("owner", table, "CURRENT_USER", _OWN_OR_AN_ERROR),
        f"GRANT {_GRANTS.get(table, _EVERYTHING)} ON {table} TO {APP}",
    ]


def let_priv_claim(table: str) -> list[str]:
    return [_policy("priv", table, PRIV, "true"), f"GRANT {_PRIV_GRANTS.get(table, 'SELECT')} ON {table} TO {PRIV}"]


def let_priv_blank(table: str) -> list[str]:
    """Of one company at a time, and these columns alone."""
    columns = ", ".join(BLANKED_COLUMNS[table])
    return [_policy("priv", table, PRIV, _OWN), f"GRANT SELECT, UPDATE ({columns}) ON {table} TO {PRIV}"]


def protect_installation_table(table: str) -> list[str]:
    """Nobody but the functions of `priv`; the owner too works through them, and is told so."""
    return [
        *_force(table),
        _policy("priv", table, PRIV, "true"),
        f"GRANT {_EVERYTHING} ON {table} TO {PRIV}",
        *([] if table == _READ_BY_ALL else [_policy("owner", table, "CURRENT_USER", _AN_ERROR)]),
    ]


def protect_partition(partition: str) -> list[str]:
    """Asked directly, a partition shows nothing: it has no policy and no grant of its own."""
    return _force(partition)


def _force(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {table} FROM PUBLIC",
    ]


def _policy(name: str, table: str, role: str, rule: str) -> str:
    return f"CREATE POLICY {name} ON {table} TO {role} USING ({rule}) WITH CHECK ({rule})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What the models say about the tables, for the catalogue to be held against."""

    tenant_tables: frozenset[str]
    installation_tables: frozenset[str]


async def find_gaps(connection: AsyncConnection, expected: Expected) -> list[str]:
    """Every way in which the database isolates less than it should, in words; empty when there is none."""
    gaps = [f"{row.name}: {row.gap}" for row in await connection.execute(_CATALOGUE_GAPS)]
    found = {(row.table, row.name): row.rule for row in await connection.execute(_POLICIES)}
    wanted = _wanted_policies(expected)
    gaps += [f"{table}: policy {name} is missing" for table, name in sorted(wanted.keys() - found.keys())]
    gaps += [f"{table}: policy {name} is not on the list" for table, name in sorted(found.keys() - wanted.keys())]
    changed = sorted(key for key in wanted.keys() & found.keys() if wanted[key] != found[key])
    return gaps + [f"{table}: policy {name} is not the one of this release" for table, name in changed]


def _wanted_policies(expected: Expected) -> dict[tuple[str, str], str]:
    """Every policy there may be, with its rule the way `_POLICIES` prints it."""
    wanted = {(table, "tenant"): f"ALL {APP} ({_OWN}) ({_OWN})" for table in expected.tenant_tables}
    for table in expected.tenant_tables:
        wanted[table, "owner"] = f"ALL owner ({_OWN_OR_AN_ERROR}) ({_OWN_OR_AN_ERROR})"
    for table in (CLAIMED_TABLES & expected.tenant_tables) | expected.installation_tables:
        wanted[table, "priv"] = f"ALL {PRIV} true true"
    for table in BLANKED_COLUMNS.keys() & expected.tenant_tables:
        wanted[table, "priv"] = f"ALL {PRIV} ({_OWN}) ({_OWN})"
    for table in expected.installation_tables - {_READ_BY_ALL}:
        wanted[table, "owner"] = f"ALL owner {_AN_ERROR} {_AN_ERROR}"
    own_row = f"ALL {APP} (id = current_tenant()) (id = current_tenant())"
    others = {("companies", "tenant"): own_row, ("clock_shift", "everyone"): "SELECT public true"}
    return wanted | {key: rule for key, rule in others.items() if key[0] in expected.installation_tables}


_POLICIES: Final = text("""
    SELECT p.tablename AS table, p.policyname AS name, concat_ws(' ', nullif(p.permissive, 'PERMISSIVE'), p.cmd,
           CASE WHEN p.roles = ARRAY[t.tableowner] THEN 'owner' ELSE array_to_string(p.roles, ',') END,
           p.qual, p.with_check) AS rule
    FROM pg_policies p JOIN pg_tables t ON t.schemaname = p.schemaname AND t.tablename = p.tablename
    WHERE p.schemaname = 'public'
""")

_CATALOGUE_GAPS: Final = text(f"""
    WITH ours AS (
        SELECT c.oid, c.relname AS name, c.relkind AS kind, c.relrowsecurity AS enabled,
               c.relforcerowsecurity AS forced, c.relispartition AS is_partition, c.reloptions AS options,
               c.relnamespace AS schema
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'priv') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
          AND c.relname <> 'alembic_version'
    )
    SELECT name, 'row-level security is not enabled and forced' AS gap FROM ours
        WHERE kind IN ('r', 'p') AND NOT (enabled AND forced)
    UNION ALL SELECT name, 'a materialised view holds rows of every company' FROM ours WHERE kind = 'm'
    UNION ALL SELECT name, 'a view without security_invoker shows what its owner sees' FROM ours
        WHERE kind = 'v' AND NOT coalesce(options @> '{{security_invoker=true}}', false)
    UNION ALL SELECT name, 'a partition has a grant of its own' FROM ours
        WHERE is_partition AND (has_table_privilege('{APP}', oid, 'DELETE')
          OR has_any_column_privilege('{APP}', oid, 'SELECT, INSERT, UPDATE'))
    UNION ALL SELECT name, 'a sequence tells how many rows there are' FROM ours
        WHERE CASE kind WHEN 'S' THEN has_sequence_privilege('{APP}', oid, 'SELECT, USAGE') ELSE false END
    UNION ALL SELECT name, 'the app may truncate, reference or hang triggers on it' FROM ours
        WHERE kind IN ('r', 'p') AND has_table_privilege('{APP}', oid, 'TRUNCATE, REFERENCES, TRIGGER')
    UNION ALL SELECT p.proname, 'a definer function outside priv, or not owned by the priv role' FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname IN ('public', 'priv')
          AND (n.nspname <> 'priv' OR p.proowner <> '{PRIV}'::regrole)
    UNION ALL SELECT p.proname, 'a function in priv without a pinned search_path' FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'priv' AND NOT coalesce(array_to_string(p.proconfig, ',') LIKE '%search_path=%', false)
    UNION ALL SELECT p.proname, 'a function in priv that everybody may call' FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'priv'
          AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
    UNION ALL SELECT i.relname, 'a unique key of a tenant table that does not start with tenant_id' FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN ours o ON o.oid = x.indrelid AND o.schema = 'public'::regnamespace
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = 'tenant_id'
        WHERE x.indisunique AND x.indkey[0] <> a.attnum
    UNION ALL SELECT k.conname, 'a foreign key between tenant tables that does not carry tenant_id' FROM pg_constraint k
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id'
        WHERE k.contype = 'f' AND NOT (a.attnum = ANY (k.conkey) AND b.attnum = ANY (k.confkey))
    UNION ALL SELECT r.rolname, 'the app must own nothing and be a member of nothing' FROM pg_roles r
        WHERE r.rolname = '{APP}' AND (r.rolsuper OR r.rolbypassrls
          OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
          OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid))
""")
