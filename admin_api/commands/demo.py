"""`masteria demo`: a customer, the persona and the staff group, from the first question to what was learned from it."""

import asyncio
import shutil
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Final

from admin_api.chatting import queries
from admin_api.chatting.customer import Phones
from admin_api.chatting.provider import open_provider
from admin_api.chatting.staff_room import enter
from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.demo.own import own_installation
from admin_api.demo.screen import Screen
from admin_api.demo.stage import Stage, World
from admin_api.demo.story import Step, Story
from admin_api.prepare import DEMO
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, say_wrong, text, write
from core.db.sessions import Database, Pool
from core.errors import AppError, NotFound
from core.settings import Settings
from core.texts import language_of_terminal

_PERSON: Final = "bia"


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.own and options.home:
        parser.error(text("--own não combina com --home", "--own not with --home"))
    if not options.own:
        return asyncio.run(_run(settings_here(options), options))
    with own_installation() as home:
        options.home = home
        return asyncio.run(_run(settings_here(options), options))


def _parser() -> Parser:
    about = text(
        "Mostra o produto do começo ao fim, na empresa de demonstração: uma cliente pergunta, a persona responde e "
        "qualifica, a equipe aceita no Telegram, responde com áudio, ensina e devolve; o próximo cliente recebe a "
        "resposta ensinada. Cada passo é conferido no que os provedores aceitaram e no banco de dados.",
        "Shows the product from end to end, in the demo company: a customer asks, the persona answers and qualifies, "
        "staff takes over in Telegram, answers with a voice note, teaches, gives back; the next customer gets what "
        "was taught. Each step is checked against what the providers took, and against the database.",
    )
    parser = Parser(prog="masteria demo", description=about)
    parser.add_argument("--short", action="store_true", help=text("sem a qualificação", "without the qualification"))
    parser.add_argument(
        "--own",
        action="store_true",
        help=text("numa instalação própria, que some no fim", "in an installation of its own, gone at the end"),
    )
    add_home(parser)
    return parser


async def _run(settings: Settings, options: Namespace) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        return await _play(settings, database, options)
    finally:
        await database.close()


async def _play(settings: Settings, database: Database, options: Namespace) -> int:
    company = await company_named(database, DEMO.slug)
    async with database.tenant_session(company) as session:
        line = await queries.sandbox_line(session, None)
    if line is None:
        raise NotFound(
            "A empresa de demonstração não tem WhatsApp simulado: rode `masteria up` numa pasta nova (--home).",
            "The demo company has no simulated WhatsApp: run `masteria up` in a new folder (--home).",
        )
    async with open_provider(settings) as provider:
        entered = await enter(provider, database, company, person=_PERSON)
        stage = Stage(
            world=World(database=database, company=company, line=line.id, phone_id=line.phone_id, provider=provider),
            room=entered.room,
            person=entered.who,
            screen=Screen(shutil.get_terminal_size().columns),
            phones=Phones(provider),
        )
        await stage.open()
        story = Story(stage=stage, ana=stage.customer("Ana"), bruno=stage.customer("Bruno"), is_short=options.short)
        if await story.forget():
            say("(esqueci o que a demonstração anterior ensinou)", "(forgot what the demonstration before had taught)")
        return await tell(stage.screen, story.steps())


async def tell(screen: Screen, steps: Iterable[Step]) -> int:
    """The first step that does not come to its end is named, and is the last."""
    screen.head()
    done: list[str] = []
    for number, step in enumerate(steps, start=1):
        title = step.title.in_(language_of_terminal())
        screen.step(number, title)
        try:
            checked = (await step.play()).in_(language_of_terminal())
        except AppError as error:
            why = error.detail.in_(language_of_terminal())
            say_wrong(f"Passo {number}, “{title}”: {why}", f"Step {number}, “{title}”: {why}")
            return 1
        screen.checked(checked)
        done.append(f"  ✓ {title}: {checked}")
    say("\nConferido:", "\nChecked:")
    write("\n".join(done))
    return 0


if __name__ == "__main__":
    launch(main)
