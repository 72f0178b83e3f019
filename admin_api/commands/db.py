"""`masteria db upgrade` and `masteria db check`."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from admin_api.commands.home_option import add_home, settings_from
from admin_api.commands.places import settings_here
from admin_api.prepare import upgrade_database
from admin_api.terminal import Parser, launch, say, text, write, write_json
from core import logging
from core.db import migrate
from core.db.sessions import Pool, open_engine, unreachable
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    about = text(
        "upgrade: aplica as migrações que faltam. check: compara o banco com esta versão; sai com 1 se diferem. "
        "Usa DATABASE_MIGRATE_URL, o papel dono das tabelas.",
        "upgrade: run the missing migrations. check: hold the database against this release; exit 1 if they differ. "
        "Uses DATABASE_MIGRATE_URL, the role that owns the tables.",
    )
    parser = Parser(prog="masteria db", description=about)
    parser.add_argument("what", choices=["upgrade", "check"], help=text("o que fazer", "what to do"))
    add_home(parser)
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    settings = settings_from(options)
    if settings.database_migrate_url is None:
        settings = settings_here(options)
    logging.configure("db", debug=settings.debug, as_json=settings.masteria_log_format == "json")
    return asyncio.run(_run(settings, options.what, as_json=options.json))


async def _run(settings: Settings, what: str, *, as_json: bool) -> int:
    url = settings.require("DATABASE_MIGRATE_URL")
    try:
        return await (_upgrade if what == "upgrade" else _check)(url, as_json=as_json)
    except (OSError, DBAPIError) as error:
        raise unreachable("DATABASE_MIGRATE_URL", url, error) from error


async def _upgrade(url: str, *, as_json: bool) -> int:
    where = await upgrade_database(url)
    if as_json:
        write_json({"revision": where.found})
    else:
        say(f"O banco está na revisão {where.found}.", f"The database is at revision {where.found}.")
    return 0


async def _check(url: str, *, as_json: bool) -> int:
    engine = open_engine(url, Pool(size=1))
    try:
        async with engine.connect() as connection:
            drift = await migrate.find_drift(connection)
    finally:
        await engine.dispose()
    if as_json:
        write_json({"drift": drift})
    elif drift:
        write("\n".join(f"✗ {line}" for line in drift))
    else:
        say("O banco corresponde a esta versão.", "The database matches this release.")
    return 1 if drift else 0


if __name__ == "__main__":
    launch(main)
