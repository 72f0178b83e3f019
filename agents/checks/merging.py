"""What the rules read and what a model read, made one: neither takes away a wish for a person or for silence."""

from collections.abc import Sequence
from typing import Final

from agents.commands import (
    AskKnowledge,
    ClearSlot,
    Command,
    Confirm,
    GiveEvidence,
    Mention,
    Promise,
    RefuseSlot,
    Say,
    SetSlot,
    Understood,
)
from agents.extractors.values import same
from agents.personas.definition import Persona, SlotType

# Their shape or their check digits prove them: what the rules read there is so.
_PROVEN: Final = frozenset({SlotType.CPF, SlotType.CNPJ, SlotType.CEP, SlotType.EMAIL, SlotType.PHONE})
_FREE: Final = frozenset({SlotType.TEXT, SlotType.PERSON_NAME})
_About = tuple[str, str]
_OfSlot = SetSlot | RefuseSlot | ClearSlot


def merged(persona: Persona, rules: Understood, model: Understood) -> Understood:
    """One claim about each thing. Where two differ and nothing says who is right, neither counts, and we ask again."""
    mine = _by_subject(rules.commands)
    theirs = _by_subject(model.commands)
    commands: list[Command] = []
    rejected = list(model.rejected)
    for subject in dict.fromkeys([*mine, *theirs]):
        chosen = _chosen(persona, mine.get(subject), theirs.get(subject))
        if chosen is None:
            rejected.append(f"conflict:{':'.join(subject)}")
            continue
        commands.append(chosen)
    if any(reason.startswith("conflict:") for reason in rejected):
        commands.append(Say(mention=Mention.UNCLEAR))
    return Understood(
        commands=_without_doubt(commands),
        language=model.language,
        is_explained=rules.is_explained,
        rejected=(*rules.rejected, *rejected),
    )


def _by_subject(commands: Sequence[Command]) -> dict[_About, Command]:
    """Of two claims about the same by the same reader, the later one: people correct themselves."""
    return {_subject(command): command for command in commands}


def _subject(command: Command) -> _About:
    match command:
        case SetSlot(name=name) | RefuseSlot(name=name) | ClearSlot(name=name):
            return ("slot", name)
        case GiveEvidence(name=name):
            return ("evidence", name)
        case Say(mention=mention):
            return ("say", mention.value)
        case _:
            return (command.type, "")


def _chosen(persona: Persona, rule: Command | None, model: Command | None) -> Command | None:
    match rule, model:
        case (None, _) | (_, None):
            return rule or model
        case (SetSlot() | RefuseSlot() | ClearSlot(), SetSlot() | RefuseSlot() | ClearSlot()):
            return _slot(persona.slots[rule.name].type, rule, model)
        case (Confirm(is_yes=mine), Confirm(is_yes=theirs)) if mine != theirs:
            return None
        case (AskKnowledge() | Promise(when=None), _):
            return model  # it says more of what was meant than the words themselves do
        case _:
            return rule


def _slot(kind: SlotType, rule: _OfSlot, model: _OfSlot) -> Command | None:
    if kind in _PROVEN:
        return rule
    if kind in _FREE and isinstance(model, SetSlot):
        return model
    if isinstance(rule, SetSlot) and isinstance(model, SetSlot):
        return rule if same(kind, rule.value, model.value) else None
    return rule if type(rule) is type(model) else None


def _without_doubt(commands: Sequence[Command]) -> tuple[Command, ...]:
    """That something was unclear is only worth saying once, and last."""
    doubt = [command for command in commands if isinstance(command, Say) and command.mention is Mention.UNCLEAR]
    rest = [command for command in commands if command not in doubt]
    return (*rest, *doubt[:1])
