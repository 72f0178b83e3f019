"""A process that rotates a company's keys until it is killed: `python -m tests.core.rotating URL KEY_FILE COMPANY`.

Each line on standard input starts one more child, whose pid is printed; imports are paid for once.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from core.crypto import InstallationKey, KeyRing, change_key_file
from core.db.sessions import Database, Pool
from core.ids import CompanyId
from core.vault import installation_keys_in_use, rotate_company


def open_ring(file: Path) -> KeyRing:
    return KeyRing(file.read_text, str(file))


async def rotate(database: Database, file: Path, company: CompanyId) -> None:
    """A new installation key, a new data key, everything sealed anew, and what nothing needs any more forgotten."""
    change_key_file(file, lambda keys: (InstallationKey.new(), *keys))
    await rotate_company(database, open_ring(file), company)


async def forget_unused(database: Database, file: Path, company: CompanyId) -> None:
    """Only for one company, and only while nobody rotates."""
    async with database.tenant_session(company) as session:
        used = set(await installation_keys_in_use(session))
    change_key_file(file, lambda keys: tuple(key for key in keys if key.name in used))


async def _rotate_until_killed(url: str, file: Path, company: CompanyId) -> None:
    database = Database(url, Pool(size=2))
    while True:
        await rotate(database, file, company)


def _serve(url: str, file: Path, company: CompanyId) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(_rotate_until_killed(url, file, company))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), CompanyId(UUID(sys.argv[3])))
