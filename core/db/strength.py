"""The refusal to run on a role that could see past row-level security."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.roles import APP
from core.errors import Misconfigured

_POWERS: Final = text("""
    SELECT power FROM (SELECT r.rolname, CASE
        WHEN r.rolsuper THEN 'SUPERUSER'
        WHEN r.rolbypassrls THEN 'BYPASSRLS'
        WHEN r.rolreplication THEN 'REPLICATION'
        WHEN r.rolcreaterole THEN 'CREATEROLE'
        WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) THEN 'member of another role'
        WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relowner = r.oid AND n.nspname IN ('public', 'priv')) THEN 'owner of tables'
        END AS power
    FROM pg_roles r WHERE r.rolname IN (current_user, session_user)) AS judged
    ORDER BY power IS NULL, rolname <> current_user LIMIT 1
""")


async def refuse_strong_role(connection: AsyncConnection) -> None:
    """A process that could see past row-level security does not start."""
    power = await connection.scalar(_POWERS)
    if power is not None:
        raise Misconfigured(
            f"O papel de DATABASE_URL é forte demais ({power}): a separação entre empresas não valeria. "
            f"Use o papel `{APP}`, que não é dono de nada nem membro de outro papel.",
            f"The role in DATABASE_URL is too strong ({power}): companies would not be kept apart. "
            f"Use the role `{APP}`, which owns nothing and is a member of nothing.",
        )
