"""`masteria chat`: be a customer, or somebody of the staff, in the terminal, through the sandbox's real paths."""

import asyncio
import secrets
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from admin_api.chatting import purchases, queries, staff_room
from admin_api.chatting.customer import Customer
from admin_api.chatting.keyboard import Keyboard, calm_terminal
from admin_api.chatting.notes import lines_of
from admin_api.chatting.provider import open_provider
from admin_api.chatting.queries import Line, Reply
from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.prepare import DEMO, sandbox_connection
from admin_api.tenants.store import company_named
from admin_api.terminal import Parser, launch, say, text, write
from channels.stores.connections import create
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.sessions import Database, Pool, TenantSession
from core.errors import NotFound
from core.home import Home
from core.ids import CompanyId, ConnectionId
from core.settings import Settings
from core.texts import Text

_LOOK_SECONDS: Final = 0.2
_LONGEST_WAIT: Final = 60.0
_NAME: Final = "Ana"
_TICKS: Final = {"accepted": "✓", "sent": "✓", "delivered": "✓✓", "read": "✓✓", "failed": "✗", "unknown": "?"}
_NAMES: Final = {
    "customer": Text("você", "you"),
    "bot": Text("persona", "persona"),
    "staff": Text("equipe", "staff"),
    "system": Text("aviso", "notice"),
}


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    _refuse_unfit(parser, options)
    settings = settings_here(options)
    with calm_terminal():
        return asyncio.run(_run(settings, options))


def _parser() -> Parser:
    about = text(
        "Converse com uma persona como cliente: o que você escreve passa pelo provedor simulado e por tudo que um "
        "cliente de verdade atravessa. Com --as staff você é da equipe, no grupo dela no Telegram: vê os tópicos, "
        "escreve, aperta botões; digite :ajuda. Linhas de um arquivo ou da entrada padrão também servem.",
        "Talk with a persona as a customer: what you write goes through the simulated provider and all that a real "
        "customer's message goes through. With --as staff you are one of the team, in its Telegram group: see the "
        "topics, write, press buttons; type :help. Lines of a file or of standard input will do, too.",
    )
    parser = Parser(prog="masteria chat", description=about)
    parser.add_argument(
        "--as",
        dest="role",
        choices=["customer", "staff"],
        default="customer",
        help=text("quem você é: cliente (customer) ou equipe (staff)", "who you are"),
    )
    parser.add_argument("--company", default="demo", metavar="SLUG", help=text("a empresa", "the company"))
    parser.add_argument("--script", type=Path, help=text("linhas a dizer, em vez de digitar", "lines to say"))
    add_home(parser)
    staff = parser.add_argument_group(text("como equipe", "as staff"))
    staff.add_argument("--person", metavar="NOME", help=text("qual pessoa, como bia", "which person, as bia"))
    customer = parser.add_argument_group(text("como cliente", "as a customer"))
    customer.add_argument("--persona", metavar="NOME", help=text("com qual persona", "with which persona"))
    customer.add_argument("--channel", choices=["whatsapp"], default="whatsapp", help=text("o canal", "the channel"))
    customer.add_argument("--name", metavar="NOME", help=text("o seu nome no canal", "your name on the channel"))
    customer.add_argument(
        "--phone", metavar="N", help=text("o seu número; um novo se faltar", "your number; a new one if left out")
    )
    customer.add_argument("--quiet", action="store_true", help=text("sem notas à margem", "without side notes"))
    return parser


def _refuse_unfit(parser: Parser, options: Namespace) -> None:
    """What would be passed over in silence."""
    of_others = {"customer": ("person",), "staff": ("persona", "name", "phone", "quiet")}[options.role]
    for name in of_others:
        if getattr(options, name):
            parser.error(
                text(f"--{name} não combina com --as {options.role}", f"--{name} not with --as {options.role}")
            )


@dataclass(slots=True)
class Chat:
    """One customer on one line."""

    database: Database
    company: CompanyId
    line: Line
    customer: Customer
    has_notes: bool
    conversation: UUID | None = None
    last: str = ""  # what the provider calls what was said last
    shown: int = 0
    known: list[UUID] = field(default_factory=list)

    async def say(self, body: str) -> None:
        self.last = await self.customer.say(body)

    async def listen(self) -> None:
        """Shows what comes back, until nobody owes anything any more."""
        async with asyncio.timeout(_LONGEST_WAIT):
            while True:
                if await self._show():
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    async def _show(self) -> bool:
        async with self.database.tenant_session(self.company) as session:
            self.conversation = self.conversation or await queries.conversation(
                session, self.line.id, self.customer.phone
            )
            if self.conversation is None:
                return False
            is_quiet = await queries.is_quiet(session, self.conversation, self.last)
            replies = await queries.replies(session, self.conversation, after=self.shown)
            notes = await queries.notes(session, self.conversation, self.known) if self.has_notes else []
        for note in notes:
            self.known.append(note.turn)
            for line in lines_of(note):
                write(f"    · {line}")
        for reply in replies:
            _show_reply(reply)
            self.shown = reply.seq
        return is_quiet


def _show_reply(reply: Reply) -> None:
    tick = _TICKS.get(reply.state, "")
    first, *rest = reply.body.splitlines() or [""]
    write(f"{text(*_NAMES[reply.author])} {tick}: {first}")
    for line in rest:
        write(f"    {line}")


async def _run(settings: Settings, options: Namespace) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, options.company)
        if options.role == "staff":
            await staff_room.visit(settings, database, company, person=options.person, script=options.script)
        else:
            await _be_customer(settings, database, company, options)
    finally:
        await database.close()
    return 0


async def _be_customer(settings: Settings, database: Database, company: CompanyId, options: Namespace) -> None:
    line = await _line(database, settings, company, options.persona)
    async with open_provider(settings) as provider:
        phone = options.phone or f"+55119{secrets.randbelow(10**8):08d}"
        customer = Customer(provider=provider, phone_id=line.phone_id, phone=phone, name=options.name or _NAME)
        if options.company == DEMO.slug:
            async with database.tenant_session(company) as session:
                await purchases.furnish(session, phone=phone, name=customer.name)
        chat = Chat(database=database, company=company, line=line, customer=customer, has_notes=not options.quiet)
        await _converse(chat, options.script)


async def _converse(chat: Chat, script: Path | None) -> None:
    you = text(*_NAMES["customer"])
    keyboard = Keyboard(prompt=lambda: f"{you}: ", script=script)
    if keyboard.is_person:
        say("Escreva como cliente; Ctrl-D termina.", "Write as a customer; Ctrl-D ends it.")
    async for line in keyboard.lines():
        if not keyboard.is_person:
            write(f"{you}: {line}")
        await chat.say(line)
        try:
            await chat.listen()
        except TimeoutError:
            say("(ninguém respondeu por um minuto)", "(nobody answered for a minute)")


async def _line(database: Database, settings: Settings, company: CompanyId, persona: str | None) -> Line:
    """A line of the sandbox that answers with the persona; made where there is none."""
    async with database.tenant_session(company) as session:
        found = await queries.sandbox_line(session, persona)
        if found is None:
            await _must_be_active(session, persona)
            ring = KeyRing.load(settings, Home(settings.masteria_home).keys_file)
            made = await create(session, ring, sandbox_connection(persona), OPERATOR)
            found = Line(id=ConnectionId(made.id), phone_id=str(made.settings["phone_number_id"]))
    return found


async def _must_be_active(session: TenantSession, persona: str | None) -> None:
    active = await queries.personas(session)
    if persona is not None and persona not in active:
        known = ", ".join(active) or "—"
        raise NotFound(
            f"Não há persona ativa chamada {persona}; há: {known}.",
            f"No active persona is called {persona}; there are: {known}.",
        )


if __name__ == "__main__":
    launch(main)
