"""The part of `make check` that needs a database: migrations against models, and isolation in every table."""

import asyncio
import shutil
import sys

from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.db import catalogue, migrate
from tests.fixtures.servers import TEMPLATE, Servers


async def main(*, write: bool) -> int:
    servers = await Servers.start()
    try:
        engine = create_async_engine(servers.urls(TEMPLATE).migrator)
        async with engine.connect() as connection:
            lines = await catalogue.read(connection)
            if write:
                catalogue.FILE.write_text("\n".join(lines) + "\n")
            status = await report(connection)
        await engine.dispose()
    finally:
        servers.embedded.stop()
        shutil.rmtree(servers.embedded.home.folder)
    return status


async def report(connection: AsyncConnection) -> int:
    """Every difference by name, and the exit code that stops `make check`."""
    drift = await migrate.find_drift(connection)
    for line in drift:
        sys.stderr.write(f"✗ {line}\n")
    return 1 if drift else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(write="--write" in sys.argv)))
