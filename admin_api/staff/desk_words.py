"""Words that staff type in a topic and that are no message: what to do with the conversation, or a note to keep."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from admin_api.staff.actions.desk import COMMANDS
from admin_api.staff.asking import Ask, Command
from admin_api.staff.cards import CATEGORIES, RESOLVE, TRANSFER
from admin_api.staff.folding import folded
from admin_api.staff.stores import desk
from core.errors import Conflict

PREFIX: Final = "//"
_NOTES: Final = re.compile(r"(?:nota|note)\s*:\s*", re.IGNORECASE)
_WITH_REST: Final = re.compile(r"(?P<word>\w+)\s*:\s*(?P<rest>\S.*)", re.DOTALL)
_QUEUE: Final = re.compile(r"(?:fila|queue)\s+\w+", re.IGNORECASE)
_TO: Final = re.compile(r"(?:para|to)\s+", re.IGNORECASE)
_BY_WORD: Final[Mapping[str, Command]] = {
    word: command for command in COMMANDS for word in (command.name, *command.aliases)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Worded:
    action: str
    arguments: Mapping[str, Any]


def note_in(text: str, prefix: str) -> str | None:
    """What is to be kept among the company's own; empty where only the mark was typed."""
    words = text.strip()
    if prefix and words.startswith(prefix):
        return words.removeprefix(prefix).strip()
    found = _NOTES.match(words)
    return words[found.end() :].strip() if found else None


async def worded_in(ask: Ask, text: str) -> Worded | None:
    """A word alone, with a colon, or with what only a command is said with. What merely begins so is asked about."""
    words = text.strip()
    alone = _BY_WORD.get(folded(words))
    if alone is not None:
        return _worded(ask, alone, "")
    if (found := _WITH_REST.fullmatch(words)) and (command := _BY_WORD.get(folded(found["word"]))):
        return _worded(ask, command, found["rest"])
    first, _, rest = words.partition(" ")
    command = _BY_WORD.get(folded(first))
    if command is None:
        return None
    if command.action == TRANSFER and await _is_there(ask, rest):
        return _worded(ask, command, rest)
    if command.action == RESOLVE and folded(rest.partition(":")[0]).replace(" ", "_") in CATEGORIES:
        return _worded(ask, command, rest)
    raise Conflict(
        f"Não enviei: começa como um comando. Para executar, escreva /{command.name} e o resto, ou {command.name}: e "
        "o resto. Se é para o cliente, comece com outra palavra.",
        f"Not sent: it begins like a command. To do it, write /{command.name} and the rest, or {command.name}: and the "
        "rest. If it is for the customer, begin with another word.",
    )


def _worded(ask: Ask, command: Command, rest: str) -> Worded:
    return Worded(action=command.action, arguments=command.read(rest, ask.place))


async def _is_there(ask: Ask, to: str) -> bool:
    if _QUEUE.fullmatch(to):
        return True
    wanted = folded(_TO.sub("", to, count=1)).lstrip("@")
    return any(folded(one.name).startswith(wanted) for one in await desk.colleagues(ask.session))
