"""`masteria sends`: hold everything that would leave, look, and let go again."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.terminal import Parser, launch, say, text, write_json
from channels.stores import holds
from core.db.sessions import Database, Pool
from core.settings import Settings
from core.valkey import open_valkey
from graphs import recovery

_BY_HAND: Final = "by_hand"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    return asyncio.run(_run(settings_here(options), options))


def _parser() -> Parser:
    about = text(
        "Segura e solta os envios de toda a instalação. Depois de restaurar um backup eles ficam presos sozinhos, "
        "para que nada saia duas vezes: confira o que já foi entregue e então solte.",
        "Holds and releases the sends of the whole installation. After a backup was restored they are held by "
        "themselves, so that nothing leaves twice: look at what arrived already, then release them.",
    )
    parser = Parser(prog="masteria sends", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="status|hold|release")
    helps = {
        "status": text("Diz se os envios estão presos.", "Say whether sends are held."),
        "hold": text("Segura todos os envios.", "Hold all sends."),
        "release": text("Solta os envios.", "Release the sends."),
    }
    for name, description in helps.items():
        action = actions.add_parser(name, description=description)
        add_home(action)
        action.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


async def _run(settings: Settings, options: Namespace) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        if options.what == "hold":
            await holds.hold(database, _BY_HAND)
        if options.what == "release":
            await holds.release(database)
            await _forget_marks(settings)
        reason = await holds.why_held(database)
    finally:
        await database.close()
    if options.json:
        write_json({"held": reason is not None, "reason": reason})
    elif reason is None:
        say("Os envios estão livres.", "Sends are free.")
    elif reason == holds.RESTORED:
        say(
            "Os envios estão presos: o banco voltou no tempo. Confira e solte com `masteria sends release`.",
            "Sends are held: the database went back in time. Look, then `masteria sends release`.",
        )
    else:
        say("Os envios estão presos por comando.", "Sends are held by command.")
    return int(reason is not None and options.what == "status")


async def _forget_marks(settings: Settings) -> None:
    valkey = open_valkey(settings.require("REDIS_URL"))
    try:
        await recovery.forget(valkey, settings.masteria_home)
    finally:
        await valkey.aclose()


if __name__ == "__main__":
    launch(main)
