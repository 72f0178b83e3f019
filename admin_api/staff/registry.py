"""All that can be asked for in the staff group. A new command is a module in `actions/` and a line here."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Final, TypeVar

from admin_api.staff.actions import (
    answers,
    bots,
    cases,
    consent,
    customers,
    desk,
    desk_proposals,
    erasing,
    health,
    keeping,
    knowledge,
    later,
    lines,
    numbers,
    settings,
    stages,
    talks,
    teaching,
    team,
    why,
)
from admin_api.staff.asking import Action, Command
from core.errors import Malformed

_Named = TypeVar("_Named", Action, Command)

MODULES: Final[tuple[ModuleType, ...]] = (
    desk,
    talks,
    customers,
    stages,
    keeping,
    later,
    bots,
    knowledge,
    answers,
    teaching,
    cases,
    consent,
    erasing,
    numbers,
    lines,
    settings,
    why,
    health,
    team,
    desk_proposals,
)


class Registry:
    """Of the modules' `ACTIONS` and `COMMANDS`; names that are taken twice, or lead nowhere, refuse to start."""

    def __init__(self, modules: Iterable[ModuleType] = MODULES) -> None:
        modules = tuple(modules)
        self.actions: Mapping[str, Action] = _named(action for module in modules for action in module.ACTIONS)
        commands = _named(command for module in modules for command in module.COMMANDS)
        self.commands: Mapping[str, Command] = commands
        self._by_word = _by_word(commands.values())
        every = [one for command in commands.values() for one in (command, *command.subs)]
        lost = sorted(command.name for command in every if command.action not in self.actions)
        if lost:
            raise ValueError(f"commands without an action: {', '.join(lost)}")

    def action(self, name: str) -> Action:
        found = self.actions.get(name)
        if found is None:
            raise Malformed(
                "Esta ação não existe mais: use o comando de novo.", "This action is gone: use the command again."
            )
        return found

    def command(self, word: str) -> Command | None:
        """By its name or an alias, whatever the case; None where nothing is called so."""
        return self._by_word.get(word.casefold())


def _named(items: Iterable[_Named]) -> Mapping[str, _Named]:
    found: dict[str, _Named] = {}
    for item in items:
        if item.name in found:
            raise ValueError(f"two are called {item.name}")
        found[item.name] = item
    return MappingProxyType(found)


def _by_word(commands: Iterable[Command]) -> Mapping[str, Command]:
    found: dict[str, Command] = {}
    for command in commands:
        for word in (command.name, *command.aliases):
            if word in found:
                raise ValueError(f"two commands answer to {word}")
            found[word] = command
    return MappingProxyType(found)
