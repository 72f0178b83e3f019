"""What can be asked for: the list of commands, one of them in full, and the menu that Telegram shows."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from admin_api.staff.asking import Ask, Command, Param, Where, Word
from admin_api.staff.folding import folded
from admin_api.staff.registry import Registry
from admin_api.staff.roles import NAMES
from channels.telegram_staff.rich import Rich, bold, code, italic, lines
from core.models.people import Role
from core.texts import Language, Text
from graphs.edit_distance import edit_distance

MOST_SLIPS: Final = 2
LONGEST_ABOUT: Final = 256  # of Telegram's menu
HELP: Final = "ajuda"
_PLACES: Final = {
    Where.TOPIC: Text("só no tópico de um cliente", "only in a customer's topic"),
    Where.GROUP: Text("só no grupo", "only in the group"),
}


class Entry(NamedTuple):
    """A line of Telegram's menu."""

    name: str
    about: str


def menu(registry: Registry, language: Language) -> list[Entry]:
    """Of all roles: the menu is decoration, and rights are looked at with every command."""
    own = Entry(HELP if language is Language.PT else "help", ABOUT.in_(language))
    return [own, *(_entry(command, language) for command in registry.commands.values())]


def overview(registry: Registry, ask: Ask) -> Rich:
    """What this person may use where they stand."""
    usable = [command for command in registry.commands.values() if _is_usable(registry, command, ask)]
    language = ask.asker.language
    head = bold(ask.say(Text("O que você pode pedir aqui", "What you can ask for here")))
    shown = [code(f"/{_name(command, language)}") + f" — {command.about.in_(language)}" for command in usable]
    more = ask.say(
        Text(
            "Um comando em detalhe: /ajuda COMANDO. Ex.: /ajuda etapa", "One in detail: /help COMMAND. E.g. /help stage"
        )
    )
    return lines(head, *shown, "", italic(more))


def detail(registry: Registry, ask: Ask, command: Command) -> Rich:
    action, language = registry.action(command.action), ask.asker.language
    names = [command.name, *command.aliases]
    takes = ask.say(Text("Quem pode", "Who may")) + f": {_who(action.role, ask)}"
    where = _PLACES.get(action.where)
    return lines(
        bold(" · ".join(f"/{name}" for name in names)),
        action.about.in_(language),
        "",
        code(command.usage.in_(language)),
        *(_sub(registry, one, ask) for one in command.subs),
        *(_param(param, ask) for param in action.params if param.is_typed),
        "",
        italic(takes + (f" · {where.in_(language)}" if where else "")),
        italic(ask.say(_CONFIRMED)) if action.preview else None,
    )


def _sub(registry: Registry, word: Word, ask: Ask) -> Rich:
    """How it is written, and who may, for each may be for others."""
    role = registry.action(word.action).role
    return code(word.usage.in_(ask.asker.language)) + f" — {_who(role, ask)}"


def _who(role: Role, ask: Ask) -> str:
    """All of them: who is stronger may what the weaker may."""
    if role is Role.VIEWER:
        return ask.say(Text("todos", "everybody"))
    name = NAMES[role].in_(ask.asker.language)
    return name if role is Role.OWNER else name + ask.say(Text(" ou mais", " or above"))


def nearest(registry: Registry, word: str) -> Command | None:
    """What was probably meant."""
    typed = folded(word)
    near = {name: edit_distance(typed, name) for name in _words(registry)}
    best = min(near, key=lambda name: (near[name], name), default=None)
    return registry.command(best) if best is not None and near[best] <= min(MOST_SLIPS, len(typed) // 2) else None


def _is_usable(registry: Registry, command: Command, ask: Ask) -> bool:
    action, place = registry.action(command.action), ask.place
    is_here = {Where.ANYWHERE: True, Where.TOPIC: place.about is not None, Where.GROUP: place.group is not None}
    return ask.asker.may(action.role) and is_here[action.where]


def _entry(command: Command, language: Language) -> Entry:
    return Entry(_name(command, language), command.about.in_(language)[:LONGEST_ABOUT])


def _name(command: Command, language: Language) -> str:
    """The first alias is the English name."""
    return command.aliases[0] if language is Language.EN and command.aliases else command.name


def _param(param: Param, ask: Ask) -> Rich:
    optional = "" if param.is_required else ask.say(Text(" (opcional)", " (optional)"))
    return "• " + italic(param.about.in_(ask.asker.language)) + optional


def _words(registry: Registry) -> Iterator[str]:
    for command in registry.commands.values():
        yield from (command.name, *command.aliases)


ABOUT: Final = Text("O que você pode pedir, e como", "What you can ask for, and how")
_CONFIRMED: Final = Text("Mostro antes o que vai mudar, e espero o seu sim.", "Shown first, done once you confirm.")
