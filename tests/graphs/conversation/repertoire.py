"""Dialogues that together take a persona through every rule that its definition allows: made from the definition.

Each begins where it has to, so that one rule after the other is the one that speaks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any, Final

from agents.commands import Quote
from agents.extractors.found import Found
from agents.extractors.registry import extract
from agents.gateway.port import ModelGarbage, ModelUnavailable, Purpose
from agents.personas.definition import AnyOf, Criteria, Persona, Slot, SlotType, Stage, StageEnd
from agents.tools.registry import TOOLS, Class
from core.models.service import Approver
from core.models.stream import Control, Trigger
from graphs.conversation.state import Dialogue, EffectNews, Filled
from tests.graphs.conversation.theatre import Cue, say

_TODAY: Final = date(2026, 3, 10)
_RIGHT: Final[Mapping[SlotType, tuple[str, str]]] = {
    SlotType.PERSON_NAME: ("Ana Souza", "Beatriz Lima"),
    SlotType.TEXT: ("controle de estoque", "emissor de notas"),
    SlotType.MONEY: ("R$ 8.000", "R$ 6.000"),
    SlotType.QUANTITY: ("12", "15"),
    SlotType.DATE: ("20/03/2026", "21/03/2026"),
    SlotType.PERIOD: ("semana que vem", "mês que vem"),
    SlotType.MOMENT: ("12/03 às 10h", "13/03 às 15h"),
    SlotType.PHONE: ("(11) 98765-4321", "(11) 91234-5678"),
    SlotType.EMAIL: ("ana@loja.com.br", "bia@loja.com.br"),
    SlotType.CPF: ("529.982.247-25", "111.444.777-35"),
    SlotType.CNPJ: ("11.222.333/0001-81", "11.444.777/0001-61"),
    SlotType.CEP: ("01310-100", "20040-020"),
    SlotType.YES_NO: ("sim", "não"),
}
_WRONG: Final[Mapping[SlotType, str]] = {
    SlotType.DATE: "31/02/2026",
    SlotType.PERIOD: "31/02/2026",
    SlotType.MOMENT: "31/02 às 10h",
    SlotType.EMAIL: "ana@loja",
    SlotType.PHONE: "(01) 98765-4321",
    SlotType.CPF: "529.982.247-26",
    SlotType.CNPJ: "11.222.333/0001-82",
    SlotType.CEP: "00000-000",
}
_UNCLEAR: Final = ({"type": "say", "mention": "unclear"},)
_CHAT: Final = ({"type": "say", "mention": "smalltalk"},)
_MANY: Final = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    cues: tuple[Cue, ...]
    dialogue: Dialogue
    control: Control = Control.BOT
    succeeded: frozenset[str] = frozenset()
    is_opted_out: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


def repertoire(persona: Persona) -> Iterator[Play]:
    yield from _ends_of_turns(persona)
    yield from _of_slots(persona)
    yield from _of_stages(persona)
    yield from _of_effects(persona)
    yield from _answers(persona)
    yield from _looked_up(persona)
    yield from _courtesies(persona)


def words_for(slot: Slot) -> tuple[str, str]:
    if slot.type is SlotType.CHOICE:
        return slot.options[0].label, slot.options[1].label
    return _RIGHT[slot.type]


def filled(slot: Slot, words: str, *, is_confirmed: bool = True) -> Filled:
    found = extract(slot, words, today=_TODAY, known={})
    assert isinstance(found, Found), (slot, words)
    return Filled(value=found.value, quote=Quote(text=words, message=1), is_confirmed=is_confirmed)


def started(persona: Persona, stage: str | None = None, **values: Any) -> Dialogue:
    return Dialogue(stage=stage or persona.stages[0].id, has_greeted=True, heard_until=1, **values)


def asked_out(persona: Persona) -> dict[str, int]:
    """Nothing is left to ask for."""
    return dict.fromkeys(persona.slots, _MANY)


def _one(dialogue: Dialogue, *cues: Cue, **more: Any) -> Play:
    return Play(cues=cues, dialogue=dialogue, **more)


def _ends_of_turns(persona: Persona) -> Iterator[Play]:
    here = started(persona)
    yield _one(Dialogue(stage=here.stage), say("oi"))
    yield _one(here, say("quero me matar"))
    yield _one(here, say("quero me matar"), say("quero morrer", control=Control.QUEUED))
    yield _one(here, say("me tira dessa lista"), Cue(trigger=Trigger.TIMER, payload={"kickoff": "goodbye"}))
    yield _one(here, say("oi", control=Control.HUMAN))
    yield _one(here, say("oi", control=Control.CLOSED))
    yield _one(here, say("quero falar com uma pessoa"), say("tenho 3 lojas"), say("tem alguém aí?"))
    yield _one(here, say("oi", is_loop=True))
    yield _one(here, say("vou no procon"))
    yield _one(here, say("quero fazer uma reclamação"))
    kickoff = next(stage.stall.kickoff for stage in persona.stages if stage.stall)
    yield _one(here, Cue(trigger=Trigger.TIMER, payload={"kickoff": kickoff}), Cue(trigger=Trigger.TIMER))
    yield _one(here, Cue(trigger=Trigger.TIMER, payload={"promises": [{"at": "2026-03-10T13:00", "by": "customer"}]}))
    yield _one(replace(here, failed_checks=_MANY), say("oi"))
    yield _one(here, say("xpto qwerty", claims=_UNCLEAR), say("zzz", claims=_UNCLEAR))
    yield _one(here, Cue())
    yield _one(here, say("", is_unheard=True))
    for error in (ModelUnavailable("nada", "nothing"), ModelGarbage("nada", "nothing")):
        yield _one(here, say("xpto qwerty", fails={Purpose.UNDERSTAND: error}))
    yield _one(here, Cue(trigger=Trigger.ACTION_RESULT))
    yield _one(here, say("deixa pra lá"))
    yield _one(here, say("pago sexta", claims=({"type": "promise", "quote": "pago sexta", "message": 1},)))
    yield _one(here, Cue(trigger=Trigger.STAFF_RETURN, staff=("Combinado, fico de olho.",)))
    for goal in persona.goals:
        yield _one(here, say("sobre aquilo", claims=({"type": "switch_goal", "goal": goal.id},)))


def _of_slots(persona: Persona) -> Iterator[Play]:
    for name, slot in persona.slots.items():
        first, second = words_for(slot)
        here = started(persona)
        known = replace(here, slots={name: filled(slot, first)})
        yield _one(here, _told(name, first))
        yield _one(known, _told(name, second))
        clear = {"type": "clear_slot", "name": name, "quote": "aquilo que eu disse", "message": 1}
        yield _one(known, say("apague aquilo que eu disse", claims=(clear,)))
        if slot.type in _WRONG:
            yield _one(here, _told(name, _WRONG[slot.type]), _told(name, _WRONG[slot.type]))
        if slot.confirm == "always":
            open_ = replace(here, slots={name: filled(slot, first, is_confirmed=False)})
            asks = replace(open_, last_ask=f"confirm:{name}")
            yield _one(open_, say("oi"), say("bom dia"), say("bom dia"))
            yield _one(asks, say("sim"))
            yield _one(asks, say("não"))
    for stage in persona.stages:
        for name in dict.fromkeys((*stage.collect, *(one for each in persona.stages for one in each.wants("slot")))):
            rest = {one: _MANY for one in persona.slots if one != name}
            yield _one(started(persona, stage.id, asked=rest), say("bom dia"))


def _told(name: str, words: str) -> Cue:
    claim = {"type": "set_slot", "name": name, "value": words, "quote": words, "message": 1}
    return say(f"anota aí, que seria assim: {words}", claims=(claim,))


def _of_stages(persona: Persona) -> Iterator[Play]:
    for before, stage in pairwise(persona.stages):
        if stage.enter is not None and stage.end is not StageEnd.LOST:
            slots, evidence, succeeded = _enough(persona, stage.enter)
            goals = tuple(goal.id for goal in persona.goals if goal.stage == stage.id)
            ready = started(
                persona, before.id, slots=slots, evidence=evidence, asked=asked_out(persona), agenda=goals[:1]
            )
            yield _one(ready, say("bom dia"), succeeded=succeeded)
            for goal in goals[1:]:
                yield _one(replace(ready, agenda=(goal,)), say("bom dia"), succeeded=succeeded)
        yield from _back(persona, stage)
    for stage in persona.stages:
        idle = started(persona, stage.id, asked=asked_out(persona))
        yield _one(idle, say("bom dia"), say("faz sol por aqui", claims=_CHAT))
        yield _one(idle, say("vocês atendem em Recife?"))
    for phrases in (evidence.any_of for evidence in persona.evidence.values()):
        yield _one(started(persona), say(phrases[0]))


def _enough(persona: Persona, enter: Criteria) -> tuple[dict[str, Filled], dict[str, Quote], frozenset[str]]:
    """Of every criterion, and of the first where any will do."""
    names = [criterion.any[0] if isinstance(criterion, AnyOf) else criterion for criterion in enter.all]
    kinds = [name.split(":")[:2] for name in names]
    slots = {
        name: filled(persona.slots[name], words_for(persona.slots[name])[0]) for kind, name in kinds if kind == "slot"
    }
    evidence = {name: Quote(text="assim", message=1) for kind, name in kinds if kind == "evidence"}
    return slots, evidence, frozenset(name for kind, name in kinds if kind == "effect")


def _back(persona: Persona, stage: Stage) -> Iterator[Play]:
    for loss in stage.leave_back:
        kind, _, name = loss.partition(":")
        if kind == "effect":
            tool, _, ending = name.rpartition(":")
            if ending == "over":
                yield _wanted_again(persona, stage, tool)
                continue
            state: Any = ending
            news = EffectNews(tool=tool, state=state, result={})
            yield _one(started(persona, stage.id), Cue(trigger=Trigger.ACTION_RESULT, news=(news,)))
        else:
            known = started(
                persona, stage.id, slots={name: filled(persona.slots[name], words_for(persona.slots[name])[0])}
            )
            claim = {"type": "clear_slot", "name": name, "quote": "esquece", "message": 1}
            yield _one(known, say("esquece aquilo que mandei", claims=(claim,)))


def _wanted_again(persona: Persona, stage: Stage, tool: str) -> Play:
    offered = {one.id for one in persona.stages for use in one.tools if use.tool == tool}
    goal = next(goal.id for goal in persona.goals if goal.stage in offered)
    return _one(started(persona, stage.id), say("sobre aquilo", claims=({"type": "switch_goal", "goal": goal},)))


def _of_effects(persona: Persona) -> Iterator[Play]:
    for stage in persona.stages:
        for use in stage.tools:
            known = {name: filled(persona.slots[name], words_for(persona.slots[name])[0]) for name in sorted(use.slots)}
            ready = started(persona, stage.id, slots=known, asked=asked_out(persona))
            given = tuple(_told(name, words_for(persona.slots[name])[1]) for name in sorted(use.slots))
            yield _one(ready, *given)
            if TOOLS[use.tool].cls is Class.READ:
                continue
            for state in ("succeeded", "failed", "rejected", "expired"):
                news = EffectNews(tool=use.tool, state=state, result={"at": "10h"})
                yield _one(ready, Cue(trigger=Trigger.ACTION_RESULT, news=(news,)))
            if TOOLS[use.tool].approver is Approver.CUSTOMER:
                yield from _proposed(persona, stage, replace(ready, last_ask=f"effect:{use.tool}"), given)
            goals = [goal.id for goal in persona.goals if goal.stage == stage.id]
            for goal in goals:
                claim = {"type": "switch_goal", "goal": goal}
                yield _one(ready, say("sobre aquilo", claims=(claim,)), say("bom dia"), say("bom dia"), say("bom dia"))


def _proposed(persona: Persona, stage: Stage, asks: Dialogue, given: tuple[Cue, ...]) -> Iterator[Play]:
    elsewhere = next(one.id for one in persona.stages if not ({use.tool for use in one.tools} & _tools(stage)))
    yield _one(asks, say("sim"))
    yield _one(asks, say("não"), say("bom dia"), *given)
    yield _one(asks, say("bom dia"), say("bom dia"), say("bom dia"), say("bom dia"))
    yield _one(replace(asks, stage=elsewhere), say("sim"))
    yield _one(asks, say("sim"), say("deixa pra lá"))


def _elsewhere(persona: Persona, stage: Stage) -> str:
    return next(one.id for one in persona.stages if one is not stage)


def _tools(stage: Stage) -> frozenset[str]:
    return frozenset(use.tool for use in stage.tools)


def _answers(persona: Persona) -> Iterator[Play]:
    for answer in persona.answers:
        yield _one(started(persona), say(answer.any_of[0]))
    for stage in persona.stages:
        idle = started(persona, stage.id, asked=asked_out(persona))
        claims = ({"type": "ask_knowledge", "query": "prazo de entrega"},)
        for drafts in ((), ("Custa R$ 987,65.",), ("Custa R$ 987,65.", "Custa R$ 123,45.")):
            yield _one(idle, say("a entrega demora muito, é?", claims=claims, drafts=drafts))


def _looked_up(persona: Persona) -> Iterator[Play]:
    """Asked with the words of a goal, where it is dealt with."""
    for stage in persona.stages:
        for goal in (goal for goal in persona.goals if goal.stage == stage.id and goal.any_of):
            question = f"{goal.any_of[0]}?"
            claims = ({"type": "switch_goal", "goal": goal.id}, {"type": "ask_knowledge", "query": question})
            yield _one(started(persona, stage.id, asked=asked_out(persona)), say(question, claims=claims))
            yield _one(started(persona, _elsewhere(persona, stage)), say(question, claims=claims))


def _courtesies(persona: Persona) -> Iterator[Play]:
    idle = started(persona, asked=asked_out(persona))
    promise = {"type": "promise", "quote": "vou ver isso com calma", "message": 1}
    yield _one(idle, say("vou ver isso com calma", claims=(promise,)))
    yield _one(idle, say("você é um robô?"))
    yield _one(idle, say("obrigada"), say("obrigada"))
    yield _one(idle, say("pode repetir?"))
    yield _one(idle, say("oi"))
