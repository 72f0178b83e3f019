"""Which revision a database is at, and which this release wants; without Alembic, for processes that only ask."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Misconfigured

VERSIONS: Final = Path(__file__).parents[1] / "migrations" / "versions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Revisions:
    """Where a database stands, and where this release wants it."""

    found: str | None
    wanted: str

    @property
    def is_current(self) -> bool:
        return self.found == self.wanted

    @property
    def is_behind(self) -> bool:
        """A database ahead of the release is none of its business: that is how a deploy looks half-way."""
        return self.found is None or not self.found.isdigit() or int(self.found) < int(self.wanted)


async def revisions(connection: AsyncConnection) -> Revisions:
    has_table = await connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    found = await connection.scalar(text("SELECT version_num FROM alembic_version")) if has_table else None
    return Revisions(found=found, wanted=wanted_revision())


def wanted_revision() -> str:
    """Migrations are numbered, and the file's number is its revision: a test holds Alembic to the same answer."""
    return max(file.stem.split("_")[0] for file in VERSIONS.glob("[0-9]*.py"))


async def refuse_behind(connection: AsyncConnection) -> None:
    where = await revisions(connection)
    if where.is_behind:
        raise Misconfigured(
            f"O banco está na revisão {where.found} e esta versão precisa da {where.wanted}: "
            "rode `masteria db upgrade` com DATABASE_MIGRATE_URL.",
            f"The database is at revision {where.found} and this release needs {where.wanted}: "
            "run `masteria db upgrade` with DATABASE_MIGRATE_URL.",
        )
