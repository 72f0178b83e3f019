"""A conversation in which whatever can be claimed is claimed, turn after turn, and each decision is judged.

What is claimed is numbered, so that dice can throw it, and so can Hypothesis, which then finds the shortest way.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from agents.commands import (
    AskKnowledge,
    Cancel,
    ClearSlot,
    Command,
    Confirm,
    GiveEvidence,
    Mention,
    OptOut,
    Promise,
    Quote,
    RefuseSlot,
    RequestHuman,
    Say,
    SetSlot,
    SwitchGoal,
    Understood,
    Value,
)
from agents.personas.definition import Persona
from agents.tools.registry import TOOLS, Class
from core.models.stream import Control, Trigger
from graphs.conversation import decide as deciding
from graphs.conversation.state import Dialogue, EffectNews, Filled, Line, Snapshot
from tests.graphs.conversation.acting import LIA, line, moment
from tests.graphs.conversation.judge import Case, violations
from tests.graphs.conversation.repertoire import filled, words_for
from tests.graphs.conversation.theatre import PERSONAS

CONTROLS: Final = (Control.BOT, Control.QUEUED, Control.HUMAN, Control.COPILOT)
_CAST: Final = (LIA, *PERSONAS.values())
_VALUES: Final[dict[str, dict[str, tuple[Value, Value]]]] = {
    persona.persona: {
        name: (filled(slot, words_for(slot)[0]).value, filled(slot, words_for(slot)[1]).value)
        for name, slot in persona.slots.items()
    }
    for persona in _CAST
}
_STATES: Final = ("succeeded", "failed", "rejected", "expired")
_MENTIONS: Final = (Mention.SMALLTALK, Mention.THANKS, Mention.REPEAT, Mention.COMPLAINT, Mention.UNCLEAR)
_STAGES: Final = 6
_KNOWN: Final = 256  # which slots are
_TURNS: Final = 6


class Wrong(AssertionError):
    """What the judge found."""


class Conversation:
    def __init__(self, beginning: int) -> None:
        """Anywhere, as people may have moved the lead, and with anything known already."""
        rest, told = divmod(beginning, _KNOWN)
        which, stage = divmod(rest, _STAGES)
        self.persona = _CAST[which % len(_CAST)]
        self.lines: dict[int, Line] = {1: line(1, "palavras")}
        self.control = Control.BOT
        self.succeeded: frozenset[str] = frozenset()
        self.waiting: tuple[EffectNews, ...] = ()  # to be told with what is said next
        known = {
            name: Filled(value=values[0], quote=Quote(text="palavras", message=1))
            for place, (name, values) in enumerate(_VALUES[self.persona.persona].items())
            if told >> place & 1
        }
        here = self.persona.stages[min(stage, len(self.persona.stages) - 1)]
        asked = next((f"effect:{use.tool}" for use in here.tools if TOOLS[use.tool].cls is Class.EFFECT), None)
        self.dialogue = Dialogue(stage=here.id, slots=known, last_ask=asked)

    def customer_writes(self, claims: Sequence[int]) -> None:
        seq = len(self.lines) + 1
        words = [f"palavras {claim}" for claim in claims]
        self.lines[seq] = line(seq, "; ".join(words) or "palavras")
        commands = tuple(
            command_of(self.persona, claim, Quote(text=said, message=seq))
            for claim, said in zip(claims, words, strict=True)
        )
        self._decide(commands, unanswered=[self.lines[seq]])

    def news_arrive(self, which: int) -> None:
        self.news_wait(which)
        if self.waiting:
            self._decide((), trigger=Trigger.ACTION_RESULT, unanswered=[])

    def news_wait(self, which: int) -> None:
        tools = [use.tool for stage in self.persona.stages for use in stage.tools]
        if tools:
            state: Any = _STATES[which % len(_STATES)]
            tool = tools[which // len(_STATES) % len(tools)]
            self.succeeded |= {tool} if state == "succeeded" else frozenset()
            self.waiting = (EffectNews(tool=tool, state=state, result={}),)

    def _decide(self, commands: tuple[Command, ...], **values: Any) -> None:
        news, self.waiting = self.waiting, ()
        snapshot: Snapshot = moment(
            self.dialogue, control=self.control, succeeded=self.succeeded, effects=news, **values
        )
        understood = Understood(commands=commands)
        decision = deciding.decide(self.persona, snapshot, understood)
        case = Case(persona=self.persona, snapshot=snapshot, understood=understood, decision=decision, lines=self.lines)
        if found := violations(case):
            raise Wrong(found)
        self.dialogue = replace(decision.dialogue, repairs=0)
        if decision.handover is not None:
            self.control = Control.QUEUED


def command_of(persona: Persona, claim: int, quote: Quote) -> Command:
    rest, variant = divmod(claim, 2)
    kind, index = divmod(rest, _INDICES)
    return _COMMANDS[kind](persona, quote, index, bool(variant))


def converse(seed: int) -> None:
    """One, by dice. Raises what the judge found."""
    dice = random.Random(seed)  # noqa: S311 - the seed repeats it
    conversation = Conversation(dice.randrange(BEGINNINGS))
    for _ in range(_TURNS):
        draw = dice.random()
        if draw < 0.15:
            conversation.control = dice.choice(CONTROLS)
        elif draw < 0.3:
            conversation.news_arrive(dice.randrange(NEWS))
        elif draw < 0.4:
            conversation.news_wait(dice.randrange(NEWS))
        else:
            conversation.customer_writes([dice.randrange(CLAIMS) for _ in range(dice.randrange(4))])


def _set(persona: Persona, quote: Quote, index: int, is_second: bool) -> Command:  # noqa: FBT001 - one of a table
    name = _nth(persona.slots, index)
    return SetSlot(name=name, value=_VALUES[persona.persona][name][is_second], quote=quote, source="rule")


def _evidence(persona: Persona, quote: Quote, index: int, _: bool) -> Command:  # noqa: FBT001 - one of a table
    return GiveEvidence(name=_nth(persona.evidence, index), quote=quote)


def _confirm(_: Persona, quote: Quote, __: int, is_yes: bool) -> Command:  # noqa: FBT001 - one of a table
    return Confirm(is_yes=is_yes, quote=quote)


def _wish(_: Persona, quote: Quote, index: int, is_out: bool) -> Command:  # noqa: FBT001 - one of a table
    del index
    return OptOut(quote=quote, source="rule") if is_out else RequestHuman(quote=quote, source="rule")


def _other(persona: Persona, quote: Quote, index: int, is_cleared: bool) -> Command:  # noqa: FBT001 - one of a table
    name = _nth(persona.slots, index)
    return ClearSlot(name=name, quote=quote) if is_cleared else RefuseSlot(name=name, quote=quote, reason="digits")


def _about(persona: Persona, quote: Quote, index: int, is_said: bool) -> Command:  # noqa: FBT001 - one of a table
    if is_said:
        said: list[Command] = [Say(mention=mention) for mention in _MENTIONS]
        return [*said, Promise(quote=quote), Cancel(), Cancel()][index]
    return SwitchGoal(goal=_nth(persona.goals, index).id) if index % 2 else AskKnowledge(query="prazo")


def _nth(among: Any, index: int) -> Any:
    return list(among)[index % len(among)]


_COMMANDS: Final[Sequence[Callable[[Persona, Quote, int, bool], Command]]] = (
    *(_set, _set, _set, _evidence, _evidence),
    *(_confirm, _confirm, _wish, _other, _about, _about),
)
_INDICES: Final = 8
CLAIMS: Final = len(_COMMANDS) * _INDICES * 2
NEWS: Final = 16
BEGINNINGS: Final = len(_CAST) * _STAGES * _KNOWN
