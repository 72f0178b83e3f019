"""What a database must hold besides columns and policies: functions, grants, constraints, indexes, word for word.

`core/migrations/catalogue.txt` is what this release's migrations make; `make check` refuses one that is not fresh, and
`python -m tests.check_database --write` writes it anew.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FILE: Final = Path(__file__).parents[1] / "migrations" / "catalogue.txt"


async def read(connection: AsyncConnection) -> list[str]:
    return sorted((await connection.scalars(_LINES)).all())


def wanted() -> list[str]:
    return FILE.read_text().splitlines()


async def find_differences(connection: AsyncConnection) -> list[str]:
    found, expected = set(await read(connection)), set(wanted())
    missing = [f"missing: {line}" for line in sorted(expected - found)]
    return missing + [f"not of this release: {line}" for line in sorted(found - expected)]


# Partitions come and go with the months, and are looked at by themselves. Extensions bring their own.
_LINES: Final = text("""
    WITH own AS (SELECT relowner AS id FROM pg_class WHERE oid = 'public.companies'::regclass),
    ours AS (
        SELECT c.*, n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND NOT c.relispartition
          AND n.nspname NOT LIKE 'pg_temp%' AND n.nspname NOT LIKE 'pg_toast_temp%'
          AND c.relname NOT LIKE 'alembic_version%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ),
    named AS (SELECT r.oid, CASE WHEN r.oid = own.id THEN 'owner' ELSE r.rolname END AS name FROM pg_roles r, own
              UNION ALL SELECT 0, 'public')
    SELECT concat_ws(' ', 'table', schema || '.' || relname, relkind) FROM ours
    UNION ALL
    SELECT concat_ws(' ', 'grant', o.relname, named.name, a.privilege_type) FROM ours o, own, aclexplode(o.relacl) a
        JOIN named ON named.oid = a.grantee WHERE a.grantee <> own.id
    UNION ALL
    SELECT concat_ws(' ', 'grant', o.relname || '.' || c.attname, named.name, a.privilege_type)
        FROM ours o JOIN pg_attribute c ON c.attrelid = o.oid AND c.attacl IS NOT NULL, aclexplode(c.attacl) a
        JOIN named ON named.oid = a.grantee
    UNION ALL
    SELECT concat_ws(' ', 'constraint', o.relname, k.conname, pg_get_constraintdef(k.oid))
        FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(x.indexrelid)) FROM ours o JOIN pg_index x ON x.indrelid = o.oid
    UNION ALL
    SELECT concat_ws(' ', 'trigger', o.relname, t.tgname, t.tgenabled)
        FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid
        WHERE t.tgenabled <> 'O' OR NOT t.tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'function', p.oid::regprocedure, named.name, md5(pg_get_functiondef(p.oid)),
                     array_to_string(p.proconfig, ';')) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        JOIN named ON named.oid = p.proowner
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind IN ('f', 'p')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT concat_ws(' ', 'execute', p.oid::regprocedure, named.name) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'priv', own, aclexplode(p.proacl) a
        JOIN named ON named.oid = a.grantee
    UNION ALL
    SELECT concat_ws(' ', 'role', named.name, CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
                     CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                     CASE WHEN r.rolreplication THEN 'REPLICATION' END)
        FROM pg_roles r JOIN named ON named.oid = r.oid WHERE r.rolname IN ('app', 'masteria_priv')
""")
