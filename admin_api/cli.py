"""The `masteria` command: a table of names, each run as `python -m` of the module that does it."""

import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, NoReturn

from core.texts import Text, language_of_terminal

_USAGE: Final = 2


@dataclass(frozen=True, slots=True)
class Command:
    module: str
    summary: Text
    words: tuple[str, ...] = ()


COMMANDS: Final = {
    "up": Command(
        "admin_api.commands.up", Text("sobe tudo nesta máquina; Ctrl-C para", "start everything here; Ctrl-C stops it")
    ),
    "down": Command("admin_api.commands.down", Text("para o que está no ar", "stop what runs")),
    "status": Command("admin_api.commands.status", Text("o que está no ar, portas, atraso", "what runs, ports, lag")),
    "doctor": Command(
        "admin_api.commands.doctor", Text("confere tudo e diz o que fazer", "check everything, say what to do")
    ),
    "chat": Command(
        "admin_api.commands.chat",
        Text("converse com uma persona, ou seja da equipe", "talk with a persona, or be one of the staff"),
    ),
    "demo": Command(
        "admin_api.commands.demo", Text("mostra tudo do começo ao fim", "shows everything from end to end")
    ),
    "company": Command("admin_api.commands.company", Text("empresas: add, list", "companies: add, list")),
    "connect": Command(
        "admin_api.commands.connect",
        Text("conexões: whatsapp, telegram, list", "connections: whatsapp, telegram, list"),
    ),
    "persona": Command(
        "admin_api.commands.persona", Text("personas: check, graph, publish, …", "personas: check, graph, publish, …")
    ),
    "knowledge": Command(
        "admin_api.commands.knowledge",
        Text("o que se sabe: add, ask, list, …", "what is known: add, ask, list, …"),
    ),
    "agenda": Command(
        "admin_api.commands.agenda", Text("horários: list, open, close", "bookable hours: list, open, close")
    ),
    "contact": Command(
        "admin_api.commands.contact", Text("apaga de vez uma pessoa: erase", "erase a person for good: erase")
    ),
    "user": Command(
        "admin_api.commands.user", Text("pessoas de uma empresa: add, list", "a company's people: add, list")
    ),
    "token": Command("admin_api.commands.token", Text("cria uma chave de API", "make an API key")),
    "db": Command("admin_api.commands.db", Text("migrações: upgrade, check", "migrations: upgrade, check")),
    "keys": Command(
        "admin_api.commands.keys",
        Text("troca as chaves que protegem os segredos", "rotate the keys behind the secrets"),
    ),
    "sends": Command("admin_api.commands.sends", Text("envios: status, hold, release", "sends: status, hold, release")),
    "health": Command("admin_api.commands.health", Text("um processo está bem?", "is a process well?")),
    "api": Command("admin_api.serving", Text("processo: webhooks e API", "process: webhooks and API")),
    "engine": Command("admin_api.engine", Text("processo: conversas", "process: conversations")),
    "worker": Command("admin_api.processes", Text("processo: tarefas", "process: tasks"), ("worker",)),
    "beat": Command("admin_api.processes", Text("processo: relógio", "process: clock"), ("beat",)),
    "staff": Command(
        "admin_api.commands.staff",
        Text("processo: grupo da equipe; code, status", "process: staff group; code, status"),
    ),
    "sandbox": Command(
        "admin_api.commands.sandbox", Text("processo: provedores simulados", "process: simulated providers")
    ),
}


def main() -> NoReturn:
    words = sys.argv[1:]
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_overview())
        sys.exit(0 if words else _USAGE)
    if words[0] in {"--version", "version"}:
        sys.stdout.write(f"masteria {version('master-ia-oficial')}\n")
        sys.exit(0)
    command = COMMANDS.get(words[0])
    if command is None:
        sys.stderr.write(_unknown(words[0]))
        sys.exit(_USAGE)
    os.execv(sys.executable, [sys.executable, "-P", "-m", command.module, *command.words, *words[1:]])  # noqa: S606 - no shell is wanted


def _overview() -> str:
    language = language_of_terminal()
    head = Text("uso: masteria COMANDO [opções]\n\ncomandos:\n", "usage: masteria COMMAND [options]\n\ncommands:\n")
    rows = "".join(f"  {name:<10} {command.summary.in_(language)}\n" for name, command in COMMANDS.items())
    tail = Text("\n`masteria COMANDO --help` explica cada um.\n", "\n`masteria COMMAND --help` explains each.\n")
    return head.in_(language) + rows + tail.in_(language)


def _unknown(name: str) -> str:
    unknown = Text(
        f"✗ masteria: não conheço `{name}`; veja `masteria --help`\n",
        f"✗ masteria: no command `{name}`; see `masteria --help`\n",
    )
    return unknown.in_(language_of_terminal())
