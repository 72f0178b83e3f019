"""`masteria chat`: be a customer in the terminal, through the sandbox's real inbound path."""

import asyncio
import secrets
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from admin_api.chatting import purchases, queries
from admin_api.chatting.notes import lines_of
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
from core.errors import Malformed, Misconfigured, NotFound, Unavailable
from core.home import Home
from core.ids import CompanyId, ConnectionId
from core.settings import Settings
from core.texts import Text

_LOOK_SECONDS: Final = 0.2
_LONGEST_WAIT: Final = 60.0
_TICKS: Final = {"accepted": "✓", "sent": "✓", "delivered": "✓✓", "read": "✓✓", "failed": "✗", "unknown": "?"}
_NAMES: Final = {
    "customer": Text("você", "you"),
    "bot": Text("persona", "persona"),
    "staff": Text("equipe", "staff"),
    "system": Text("aviso", "notice"),
}


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    settings = settings_here(options)
    return asyncio.run(_run(settings, options))


def _parser() -> Parser:
    about = text(
        "Converse com uma persona como cliente: o que você escreve passa pelo provedor simulado e por tudo que um "
        "cliente de verdade atravessa. Linhas de um arquivo ou da entrada padrão também servem.",
        "Talk with a persona as a customer: what you write goes through the simulated provider and all that a real "
        "customer's message goes through. Lines of a file or of standard input will do, too.",
    )
    parser = Parser(prog="masteria chat", description=about)
    parser.add_argument("--persona", metavar="NOME", help=text("com qual persona", "with which persona"))
    parser.add_argument("--channel", choices=["whatsapp"], default="whatsapp", help=text("o canal", "the channel"))
    parser.add_argument("--company", default="demo", metavar="SLUG", help=text("a empresa", "the company"))
    parser.add_argument("--name", default="Ana", help=text("o seu nome no canal", "your name on the channel"))
    parser.add_argument("--phone", help=text("o seu número; um novo se faltar", "your number; a new one if left out"))
    parser.add_argument("--script", type=Path, help=text("linhas a dizer, em vez de digitar", "lines to say"))
    parser.add_argument("--quiet", action="store_true", help=text("sem notas à margem", "without side notes"))
    add_home(parser)
    return parser


@dataclass(slots=True)
class Chat:
    """One customer on one line."""

    database: Database
    company: CompanyId
    line: Line
    provider: httpx.AsyncClient
    person: dict[str, str]
    has_notes: bool
    conversation: UUID | None = None
    last: str = ""  # what the provider calls what was said last
    shown: int = 0
    known: list[UUID] = field(default_factory=list)

    async def say(self, body: str) -> None:
        told = {"phone_id": self.line.phone_id, "person": self.person, "content": {"type": "text", "body": body}}
        answer = await self.provider.post("/_sandbox/whatsapp/messages", json=told)
        if answer.status_code != httpx.codes.CREATED:
            raise Unavailable(
                f"O provedor simulado não aceitou a mensagem: {answer.text}",
                f"The simulated provider did not take the message: {answer.text}",
            )
        self.last = str(answer.json()["id"])

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
                session, self.line.id, self.person["phone"]
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
        line = await _line(database, settings, company, options.persona)
        async with httpx.AsyncClient(base_url=_sandbox(settings), timeout=10) as provider:
            person = {"phone": options.phone or f"+55119{secrets.randbelow(10**8):08d}", "name": options.name}
            if options.company == DEMO.slug:
                async with database.tenant_session(company) as session:
                    await purchases.furnish(session, **person)
            chat = Chat(
                database=database,
                company=company,
                line=line,
                provider=provider,
                person=person,
                has_notes=not options.quiet,
            )
            await _converse(chat, options.script)
    finally:
        await database.close()
    return 0


async def _converse(chat: Chat, script: Path | None) -> None:
    is_person = script is None and sys.stdin.isatty()
    if is_person:
        say("Escreva como cliente; Ctrl-D termina.", "Write as a customer; Ctrl-D ends it.")
    async for line in _lines(script):
        if not is_person:
            write(f"{text(*_NAMES['customer'])}: {line}")
        await chat.say(line)
        try:
            await chat.listen()
        except TimeoutError:
            say("(ninguém respondeu por um minuto)", "(nobody answered for a minute)")


async def _lines(script: Path | None) -> AsyncIterator[str]:
    if script is not None:
        for line in await asyncio.to_thread(_read, script):
            if line.strip():
                yield line.strip()
        return
    prompt = f"{text(*_NAMES['customer'])}: " if sys.stdin.isatty() else ""
    while True:
        try:
            line = await asyncio.to_thread(input, prompt)
        except EOFError:
            return
        if line.strip():
            yield line.strip()


def _read(script: Path) -> list[str]:
    try:
        return script.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(
            f"Não consegui ler {script}: confira o caminho, e que é um arquivo de texto.",
            f"{script} cannot be read: check the path, and that it is a text file.",
        ) from error


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


def _sandbox(settings: Settings) -> str:
    url: Any = Home(settings.masteria_home).read_state().get("sandbox")
    if not url:
        raise Misconfigured(
            "O provedor simulado não está no ar: rode `masteria up` sem --no-sandbox.",
            "The simulated provider does not run: run `masteria up` without --no-sandbox.",
        )
    return str(url)


if __name__ == "__main__":
    launch(main)
