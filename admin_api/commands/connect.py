"""`masteria connect`: make a connection or give it new credentials, and list what is connected."""

import asyncio
import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import all_companies, company_named, own_company
from admin_api.terminal import Parser, launch, say, text, write, write_json
from channels.connection_forms import FORMS, Words, form_of
from channels.stores import addresses, connections
from channels.stores.connections import Change, Keep, Listing, NewConnection
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.sessions import Database, Pool, TenantSession
from core.errors import Malformed
from core.home import Home
from core.ids import ConnectionId
from core.models.people import Connection, ConnectionKind
from core.settings import Settings

_WEBHOOK: Final = "/webhooks/whatsapp"
_SECRETS: Final = {
    ConnectionKind.WHATSAPP: ("app_secret", "access_token", "verify_token"),
    ConnectionKind.TELEGRAM: ("token",),
}
_SETTINGS: Final = {
    ConnectionKind.WHATSAPP: ("phone_number_id", "waba_id", "display_phone_number"),
    ConnectionKind.TELEGRAM: (),
}
_SHOWN: Final = (*_SETTINGS[ConnectionKind.WHATSAPP], "bot_id")
_LITERAL: Final = "literal:"
_LATER: Final = frozenset(ConnectionKind) - FORMS.keys()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What was told on the command line. `verify_token` is shown at the end, for it has to be typed in elsewhere."""

    kind: ConnectionKind
    company: str
    name: str | None
    persona: str | None
    settings: Mapping[str, str]
    secrets: Mapping[str, str]

    @property
    def told(self) -> Words:
        """With what follows from what was told, as a bot's number from its token."""
        return form_of(self.kind).read_out(Words(settings=self.settings, secrets=self.secrets))


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    row: Connection
    is_new: bool


def main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in _LATER:
        form_of(ConnectionKind(arguments[0]))
    options = _parser().parse_args(arguments)
    settings = settings_here(options)
    if options.what == "list":
        return asyncio.run(_list(settings, options.company, as_json=options.json))
    wanted = _wanted(options)
    done = asyncio.run(_connect(settings, wanted))
    _show(settings, wanted, done, as_json=options.json)
    return 0


def _parser() -> Parser:
    about = text(
        "Conecta um canal a uma empresa. O número que ela já tem recebe só o que for dito de novo.",
        "Connect a channel to a company. A number that it has already is given only what is told anew.",
    )
    parser = Parser(prog="masteria connect", description=about)
    actions = parser.add_subparsers(dest="what", required=True, metavar="whatsapp|telegram|list")
    whatsapp = actions.add_parser(
        "whatsapp",
        description=text(
            "Conecta um número da API oficial do WhatsApp. Para um segredo prefira `-` (uma linha da entrada padrão "
            "para cada, na ordem de --app-secret, --access-token, --verify-token; no terminal, perguntado sem "
            "aparecer) ou `env:NOME` (uma variável de ambiente): escrito aqui, ele fica no histórico do shell e na "
            "lista de processos. Um que comece por `-`, `env:` ou `literal:` é escrito `literal:SEGREDO`.",
            "Connect a number of the official WhatsApp API. For a secret prefer `-` (one line of standard input each, "
            "in the order of --app-secret, --access-token, --verify-token; on a terminal it is asked for unseen) or "
            "`env:NAME` (a variable of the environment): written here, it stays in the shell's history and in the "
            "list of processes. One that begins with `-`, `env:` or `literal:` is written `literal:SECRET`.",
        ),
    )
    _add_whatsapp(whatsapp)
    telegram = actions.add_parser(
        "telegram",
        description=text(
            "Conecta o bot do Telegram com que a equipe trabalha (docs/staff.md). O token vem do @BotFather; prefira "
            "`-` (pergunta, ou lê uma linha da entrada padrão) ou `env:NOME`.",
            "Connect the Telegram bot with which the staff works (docs/staff.md). The token comes from @BotFather; "
            "prefer `-` (asks for it, or reads a line of standard input) or `env:NAME`.",
        ),
    )
    _add_telegram(telegram)
    listing = actions.add_parser("list", description=text("Lista as conexões.", "List the connections."))
    listing.add_argument("--company", metavar="SLUG", help=text("só as desta empresa", "only this company's"))
    for parent in (whatsapp, telegram, listing):
        add_home(parent)
        parent.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    return parser


def _add_whatsapp(parser: Parser) -> None:
    about = {
        "--phone-number-id": ("identificação do número, na Meta", "the number's id at Meta"),
        "--app-secret": ("chave secreta do aplicativo", "the app's secret"),
        "--access-token": ("token de acesso", "the access token"),
        "--verify-token": ("token de verificação do webhook: você escolhe", "the webhook's verify token: you choose"),
        "--waba-id": ("conta do WhatsApp Business (WABA)", "the WhatsApp Business account (WABA)"),
        "--display-phone-number": ("o telefone como as pessoas o veem", "the number as people see it"),
        "--name": ("como a conexão aparece nas listas", "how the connection shows in lists"),
        "--persona": ("quem responde nela; sem isto, a padrão da empresa", "who answers; else the company's default"),
    }
    parser.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
    for option, (pt, en) in about.items():
        is_secret = option[2:].replace("-", "_") in _SECRETS[ConnectionKind.WHATSAPP]
        metavar = text("SEGREDO", "SECRET") if is_secret else text("VALOR", "VALUE")
        parser.add_argument(option, required=option == "--phone-number-id", metavar=metavar, help=text(pt, en))


def _add_telegram(parser: Parser) -> None:
    parser.add_argument("--company", required=True, metavar="SLUG", help=text("a empresa", "the company"))
    parser.add_argument(
        "--token", required=True, metavar=text("SEGREDO", "SECRET"), help=text("o token do bot", "the bot's token")
    )
    parser.add_argument(
        "--name",
        metavar=text("VALOR", "VALUE"),
        help=text("como a conexão aparece nas listas", "how the connection shows in lists"),
    )


def _wanted(options: Namespace) -> Wanted:
    kind = ConnectionKind(options.what)
    secrets = {name: _secret(name, value) for name in _SECRETS[kind] if (value := getattr(options, name)) is not None}
    told = {name: value for name in _SETTINGS[kind] if (value := getattr(options, name)) is not None}
    persona = getattr(options, "persona", None)
    return Wanted(
        kind=kind, company=options.company, name=options.name, persona=persona, settings=told, secrets=secrets
    )


def _secret(name: str, value: str) -> str:
    """As it stands, it is seen by every user of the machine and kept by the shell: `-` and `env:` are for that."""
    if value == "-":
        return getpass.getpass(f"{name}: ") if sys.stdin.isatty() else _line(name)
    if not value.startswith("env:"):
        return value.removeprefix(_LITERAL)
    variable = value.removeprefix("env:")
    found = os.environ.get(variable, "")
    if not found:
        raise Malformed(
            f"A variável {variable}, que deveria trazer {name}, não está definida.",
            f"The variable {variable}, which should carry {name}, is not set.",
        )
    return found


def _line(name: str) -> str:
    line = sys.stdin.readline().strip()
    if not line:
        raise Malformed(
            f"Falta uma linha da entrada padrão com {name}.", f"A line of standard input with {name} is missing."
        )
    return line


async def _connect(settings: Settings, wanted: Wanted) -> Done:
    ring = KeyRing.load(settings, Home(settings.masteria_home).keys_file)
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    try:
        await database.check()
        company = await company_named(database, wanted.company)
        async with database.tenant_session(company) as session:
            own = next(rule for rule in form_of(wanted.kind).addresses if rule.is_own)
            known = await addresses.own_at(session, own.kind, wanted.told.settings.get(own.setting, ""))
            if known is None:
                return Done(row=await _create(session, ring, wanted), is_new=True)
            return Done(row=await _update(session, ring, known, wanted), is_new=False)
    finally:
        await database.close()


async def _create(session: TenantSession, ring: KeyRing, wanted: Wanted) -> Connection:
    new = NewConnection(
        kind=wanted.kind,
        name=wanted.name or _name(wanted),
        persona=wanted.persona,
        settings=wanted.settings,
        secrets=wanted.secrets,
    )
    return await connections.create(session, ring, new, OPERATOR)


def _name(wanted: Wanted) -> str:
    if wanted.kind is ConnectionKind.TELEGRAM:
        return f"Telegram {wanted.told.settings.get('bot_id', '')}".strip()
    return f"WhatsApp {wanted.settings.get('display_phone_number', wanted.settings['phone_number_id'])}"


async def _update(session: TenantSession, ring: KeyRing, known: ConnectionId, wanted: Wanted) -> Connection:
    change = Change(
        name=wanted.name,
        persona=wanted.persona or Keep.KEEP,
        settings=wanted.settings,
        secrets=wanted.secrets,
    )
    return await connections.change(session, ring, await connections.hold(session, known), change, OPERATOR)


def _show(settings: Settings, wanted: Wanted, done: Done, *, as_json: bool) -> None:
    public = settings.masteria_public_url
    callback = f"{public}{_WEBHOOK}" if public and wanted.kind is ConnectionKind.WHATSAPP else None
    row = done.row
    if as_json:
        about = {"id": row.id, "company": wanted.company, "kind": row.kind.value, "name": row.name}
        write_json(about | {"is_new": done.is_new, "callback_url": callback})
        return
    if done.is_new:
        say(f"Conexão `{row.name}` criada ({row.id}).", f"Connection `{row.name}` made ({row.id}).")
    else:
        say(f"Conexão `{row.name}` atualizada ({row.id}).", f"Connection `{row.name}` updated ({row.id}).")
    if wanted.kind is ConnectionKind.TELEGRAM:
        _show_staff(wanted)
    else:
        _show_webhook(wanted, callback)


def _show_staff(wanted: Wanted) -> None:
    say(
        "Agora crie o grupo da equipe, ligue os tópicos, adicione o bot como administrador que gerencia tópicos, e "
        f"rode `masteria staff code --company {wanted.company}`: o código vincula o grupo (docs/staff.md).",
        "Now make the staff group, turn its topics on, add the bot as an administrator who manages topics, and run "
        f"`masteria staff code --company {wanted.company}`: the code binds the group (docs/staff.md).",
    )


def _show_webhook(wanted: Wanted, callback: str | None) -> None:
    address = callback or text(
        f"https://SEU-ENDEREÇO{_WEBHOOK} (defina MASTERIA_PUBLIC_URL para vê-lo inteiro)",
        f"https://YOUR-ADDRESS{_WEBHOOK} (set MASTERIA_PUBLIC_URL to see all of it)",
    )
    token = wanted.secrets.get("verify_token") or text("o que já estava na conexão", "the one it had already")
    say(
        "No painel da Meta, em WhatsApp > Configuração > Webhook:",
        "In Meta's panel, WhatsApp > Configuration > Webhook:",
    )
    write(f"  {text('URL de callback', 'Callback URL')}: {address}")
    write(f"  {text('Token de verificação', 'Verify token')}: {token}")
    say("  Campos: assine `messages`.", "  Fields: subscribe to `messages`.")


async def _list(settings: Settings, slug: str | None, *, as_json: bool) -> int:
    database = Database(settings.require("DATABASE_URL"), Pool(size=1))
    found: list[dict[str, Any]] = []
    try:
        await database.check()
        companies = [await company_named(database, slug)] if slug else await all_companies(database)
        for company in companies:
            async with database.tenant_session(company) as session:
                owner = (await own_company(session)).slug
                found += [_about(owner, row) for row in await connections.list_some(session, Listing())]
    finally:
        await database.close()
    if as_json:
        write_json(found)
    elif found:
        write("\n".join(_row(about) for about in found))
    else:
        say("Nenhuma conexão ainda: veja `masteria connect whatsapp --help`.", "No connection yet: `masteria connect`.")
    return 0


def _about(company: str, row: Connection) -> dict[str, Any]:
    about = {"id": row.id, "company": company, "kind": row.kind.value, "name": row.name, "state": row.state.value}
    return about | {name: row.settings.get(name) for name in _SHOWN} | {"persona": row.persona}


def _row(about: Mapping[str, Any]) -> str:
    number = about["display_phone_number"] or about["phone_number_id"] or about["bot_id"] or ""
    return (
        f"{about['company']:<20} {about['kind']:<10} {about['state']:<18} {number:<20} {about['name']} ({about['id']})"
    )


if __name__ == "__main__":
    launch(main)
