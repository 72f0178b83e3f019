"""What can be read from a turn's messages without a model: always asked first, and enough by itself for plain answers.

It claims only what the words show, each with its quote. Nothing that stands in a message can switch a rule off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from agents.commands import (
    AskKnowledge,
    Cancel,
    Command,
    GiveEvidence,
    Heard,
    Mention,
    OptOut,
    Quote,
    RequestHuman,
    Say,
    SwitchGoal,
    Understood,
    Value,
)
from agents.personas.definition import Persona, SlotType
from agents.rules import (
    approved_questions,
    buttons,
    coverage,
    crisis,
    filling,
    human,
    leaving,
    mentions,
    phrases,
    questions,
)
from agents.rules.filling import Form
from agents.rules.sentences import clauses
from agents.tools.registry import TOOLS, Class
from core import lexicon

_ASKED_WITH: Final = frozenset({SlotType.DATE, SlotType.PERIOD, SlotType.MOMENT, SlotType.CHOICE})
_CRISIS: Final = Say(mention=Mention.CRISIS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleContext:
    stage: str
    last_ask: str | None  # a slot, or `confirm:<slot>` or `effect:<tool>`
    known: Mapping[str, Value]
    today: date
    language: str = "pt-BR"


def read(heard: Sequence[Heard], persona: Persona, context: RuleContext) -> Understood:
    """Pure. A value given in one message is known when the next is read, and a question is answered once."""
    form = Form(
        persona=persona,
        today=context.today,
        known=dict(context.known),
        last_ask=context.last_ask,
        looked_up_by=_looked_up_by(persona, context.stage),
    )
    language, explained = context.language, []
    for message in heard:
        if message.by_staff:
            filling.note(form, message)
            continue
        explained.append(_read(form, message))
        language = questions.language(clauses(message.text), language)
    return Understood(
        commands=tuple(_once(form.commands)),
        language=language,
        is_explained=bool(explained) and all(explained),
    )


def _looked_up_by(persona: Persona, stage: str) -> frozenset[str]:
    """The slots with which something is looked up in this stage, where they are of a type that a question can name."""
    uses = (use for use in persona.stage(stage).tools if use.tool in TOOLS and TOOLS[use.tool].cls is Class.READ)
    names = frozenset[str]().union(*(use.slots for use in uses)) & persona.slots.keys()
    return frozenset(name for name in names if persona.slots[name].type in _ASKED_WITH)


def _read(form: Form, heard: Heard) -> bool:
    """Puts the commands on the form; whether they are all that the message says."""
    button = buttons.pressed(heard, form.persona, today=form.today, known=form.known) if heard.choice else None
    if button is not None:
        form.commands.append(button)
        return True
    parts = clauses(heard.text)
    wishes = _wishes(form, heard)
    taken = [span for _, span in wishes]
    cancelled = mentions.cancels(parts)
    said = list(mentions.said(parts))
    if cancelled and not wishes:
        form.commands.append(Cancel())
    form.commands.extend(Say(mention=mention) for mention, _ in said)
    matters = phrases.said(form.persona, heard, parts)
    filled = filling.fill(form, heard, is_free=not (wishes or cancelled))
    form.commands.extend(matters)
    taken.extend([*filled, *(span for _, span in said), *([cancelled] if cancelled else [])])
    query = questions.query(heard.text, parts, taken)
    if query is not None:
        form.commands.append(AskKnowledge(query=query))
    return _is_explained(form.persona, heard, wishes=wishes, taken=taken, is_open=bool(matters or query))


def _wishes(form: Form, heard: Heard) -> list[tuple[Command, tuple[int, int]]]:
    """What must not be missed, whatever else the message says: a life, to be left alone, to be served by a person."""
    wishes: list[tuple[Command, tuple[int, int]]] = []
    if span := crisis.mentioned(clauses(heard.text)):
        wishes.append((_CRISIS, span))
    if span := leaving.request(heard.text):
        wishes.append((OptOut(quote=_quote(heard, span), source="rule"), span))
    if span := human.request(clauses(heard.text)):
        wishes.append((RequestHuman(quote=_quote(heard, span), source="rule"), span))
    form.commands.extend(command for command, _ in wishes)
    return wishes


def _is_explained(
    persona: Persona,
    heard: Heard,
    *,
    wishes: Sequence[tuple[Command, tuple[int, int]]],
    taken: Sequence[tuple[int, int]],
    is_open: bool,
) -> bool:
    """When in doubt, not. An opt-out, a life, and a question with an approved answer decide whatever stands beside."""
    if any(isinstance(command, OptOut) or command == _CRISIS for command, _ in wishes) or _is_approved(persona, heard):
        return True
    return not is_open and bool(taken) and coverage.is_covered(clauses(heard.text), taken)


def _is_approved(persona: Persona, heard: Heard) -> bool:
    return lexicon.normalise(heard.text) in approved_questions.every(persona)


def _quote(heard: Heard, span: tuple[int, int]) -> Quote:
    return Quote(text=heard.text[span[0] : span[1]], message=heard.message)


def _once(commands: Sequence[Command]) -> list[Command]:
    """Evidence, goals and mentions said twice are said once; of a value the newest holds, so all are kept."""
    kept: list[Command] = []
    for command in commands:
        repeats = isinstance(command, Say | SwitchGoal | Cancel) and command in kept
        shown = isinstance(command, GiveEvidence) and any(
            isinstance(one, GiveEvidence) and one.name == command.name for one in kept
        )
        if not (repeats or shown):
            kept.append(command)
    return kept
