"""The ids of the rules by which turns are decided: all of them, and those by which a given persona can be decided.

What its definition rules out is not among a persona's: nobody is asked to confirm where no slot has to be confirmed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from agents.personas.definition import Persona, SlotType, Stage, StageEnd
from agents.tools.registry import TOOLS, Class
from core.models.service import Approver


class Rule(StrEnum):
    """A rule that is about something is kept with its name: `slot.set:nome`."""

    NOTHING_NEW = "turn.nothing_new"
    CRISIS = "safety.crisis"
    OPT_OUT = "consent.opt_out"
    OPTED_OUT = "consent.opted_out"
    HELD = "control.human"
    CLOSED = "control.closed"
    QUEUED = "control.queued"
    STILL_QUEUED = "control.still_queued"
    BOT_LOOP = "safety.bot_loop"
    LEGAL_THREAT = "safety.legal_threat"
    COMPLAINT = "safety.complaint"
    HUMAN = "human.requested"
    MODEL_AWAY = "model.away"
    MODEL_REFUSED = "model.refused"
    FOLLOW_UP = "timer.rang"
    PROMISE_DUE = "timer.promise_due"
    FAILED_CHECKS = "patience.checks"
    REPAIRS = "patience.repairs"
    CLARIFY = "patience.clarify"
    UNHEARD = "patience.unheard"
    SLOT_SET = "slot.set"
    SLOT_CORRECTED = "slot.corrected"
    SLOT_CLEARED = "slot.cleared"
    SLOT_REFUSED = "slot.refused"
    INVALID_LIMIT = "slot.invalid_limit"
    EVIDENCE = "evidence.given"
    SUCCEEDED = "effect.succeeded"
    FAILED = "effect.failed"
    REJECTED = "effect.rejected"
    EXPIRED = "effect.expired"
    NO_NEWS = "pending.no_news"
    CANCELLED = "pending.cancelled"
    CONFIRM_YES = "confirm.yes"
    CONFIRM_NO = "confirm.no"
    CONFIRM_ASKED = "confirm.asked"
    CONFIRM_GAVE_UP = "confirm.gave_up"
    EFFECT_CONFIRMED = "effect.confirmed"
    EFFECT_DECLINED = "effect.declined"
    EFFECT_NOT_ALLOWED = "effect.not_allowed"
    EFFECT_ASKED = "effect.asked"
    EFFECT_GAVE_UP = "effect.gave_up"
    EFFECT_PLANNED = "effect.planned"
    EFFECT_WAITS = "effect.waits_for_staff"
    READ = "tool.read"
    GOAL_SWITCHED = "goal.switched"
    GOAL_REACHED = "goal.reached"
    FORWARD = "stage.enter"
    BACK = "stage.leave_back"
    STAGE_DONE = "stage.done"
    PROMISED = "promise.noted"
    RETURNED = "control.returned"
    GREETED = "greeting.first"
    APPROVED = "answer.approved"
    READ_ANSWERS = "answer.read"
    ON_THE_WAY = "answer.on_the_way"
    STRICT = "answer.strict"
    KNOWLEDGE = "answer.knowledge"
    ASK = "ask.slot"
    ASKS_IF_BOT = "close.asks_if_bot"
    SMALLTALK = "close.smalltalk"
    GOODBYE = "close.goodbye"
    REPEATED = "close.repeat"  # asked for: what was said last may be said again
    NOTED = "close.noted"
    SILENCE = "close.silence"

    def about(self, name: str) -> str:
        return f"{self}:{name}"


def of(persona: Persona) -> frozenset[str]:
    """Every id that can be kept with a turn of this persona."""
    return frozenset(_ids(persona))


def _ids(persona: Persona) -> Iterator[str]:
    for rule in Rule:
        if rule in _ABOUT:
            yield from map(rule.about, _ABOUT[rule](persona))
        elif rule not in _ONLY_IF or _ONLY_IF[rule](persona):
            yield rule


def entered(persona: Persona) -> Iterator[Stage]:
    """The stages to which a rule leads forward; to the others only people lead."""
    for before, stage in zip(persona.stages, persona.stages[1:], strict=False):
        if before.end is StageEnd.OPEN and stage.enter is not None and stage.end is not StageEnd.LOST:
            yield stage


def _left_back(persona: Persona) -> Iterator[str]:
    return (one.id for one, stage in zip(persona.stages, persona.stages[1:], strict=False) if stage.leave_back)


def _slots(persona: Persona) -> Iterable[str]:
    return persona.slots


def _refusable(persona: Persona) -> Iterator[str]:
    return (name for name, slot in persona.slots.items() if slot.type in _REFUSED)


def _to_confirm(persona: Persona) -> Iterator[str]:
    return (name for name, slot in persona.slots.items() if slot.confirm == "always")


def _asked(persona: Persona) -> Iterator[str]:
    """Those that have a question, and a stage that wants them."""
    wanted = {name for stage in persona.stages for name in stage.collect}
    wanted |= {name for stage in persona.stages[1:] for name in stage.wants("slot")}
    return (name for name, slot in persona.slots.items() if slot.ask is not None and name in wanted)


def _effects(persona: Persona) -> Iterator[str]:
    names = dict.fromkeys(use.tool for stage in persona.stages for use in stage.tools if use.tool in TOOLS)
    return (name for name in names if TOOLS[name].cls is Class.EFFECT)


def _by_customer(persona: Persona) -> Iterator[str]:
    return (name for name in _effects(persona) if TOOLS[name].approver is Approver.CUSTOMER)


def _by_nobody(persona: Persona) -> Iterator[str]:
    return (name for name in _effects(persona) if TOOLS[name].approver is not Approver.CUSTOMER)


def _by_staff(persona: Persona) -> Iterator[str]:
    """After the customer's own yes, where the tool asks for one."""
    waiting = {use.tool for stage in persona.stages for use in stage.tools if use.approver}
    return (name for name in _effects(persona) if name in waiting)


def _reads(persona: Persona) -> Iterator[str]:
    """In a stage that is entered, or with an argument that may change."""
    led = {stage.id for stage in entered(persona)} | set(_left_back(persona))
    for stage in persona.stages:
        for use in stage.tools:
            if _is_read(use.tool) and (stage.id in led or use.slots):
                yield use.tool


def _looks_up_what_is_asked(persona: Persona) -> bool:
    """A goal is dealt with where something is looked up, or a slot is looked up by."""
    dealt = {goal.stage for goal in persona.goals}
    uses = ((stage, use) for stage in persona.stages for use in stage.tools)
    return any(_is_read(use.tool) and (use.slots or stage.id in dealt) for stage, use in uses)


def _is_read(tool: str) -> bool:
    return tool in TOOLS and TOOLS[tool].cls is Class.READ


def _reached(persona: Persona) -> Iterator[str]:
    led = {stage.id for stage in entered(persona)}
    return (goal.id for goal in persona.goals if goal.stage in led)


def _hands_over_on(cause: str) -> Callable[[Persona], bool]:
    return lambda persona: any(one.startswith(cause) for one in persona.handoff.on)


def _is_quiet_while_queued(persona: Persona) -> bool:
    return not persona.handoff.may_answer_while_queued


_REFUSED: Final = frozenset(  # types whose values can have the right shape and be wrong
    {
        SlotType.CPF,
        SlotType.CNPJ,
        SlotType.CEP,
        SlotType.PHONE,
        SlotType.EMAIL,
        SlotType.DATE,
        SlotType.MOMENT,
        SlotType.PERIOD,
    }
)
_ABOUT: Final[Mapping[Rule, Callable[[Persona], Iterable[str]]]] = {
    Rule.SLOT_SET: _slots,
    Rule.SLOT_CORRECTED: _slots,
    Rule.SLOT_CLEARED: _slots,
    Rule.SLOT_REFUSED: _refusable,
    Rule.EVIDENCE: lambda persona: persona.evidence,
    **dict.fromkeys((Rule.SUCCEEDED, Rule.FAILED, Rule.REJECTED, Rule.EXPIRED), _effects),
    **dict.fromkeys((Rule.CONFIRM_YES, Rule.CONFIRM_NO, Rule.CONFIRM_ASKED, Rule.CONFIRM_GAVE_UP), _to_confirm),
    **dict.fromkeys((Rule.EFFECT_CONFIRMED, Rule.EFFECT_DECLINED, Rule.EFFECT_NOT_ALLOWED), _by_customer),
    **dict.fromkeys((Rule.EFFECT_ASKED, Rule.EFFECT_GAVE_UP), _by_customer),
    Rule.EFFECT_PLANNED: _by_nobody,
    Rule.EFFECT_WAITS: _by_staff,
    Rule.READ: _reads,
    Rule.GOAL_SWITCHED: lambda persona: (goal.id for goal in persona.goals),
    Rule.GOAL_REACHED: _reached,
    Rule.FORWARD: lambda persona: (stage.id for stage in entered(persona)),
    Rule.BACK: _left_back,
    Rule.STAGE_DONE: lambda persona: (stage.id for stage in persona.stages if stage.done),
    Rule.APPROVED: lambda persona: (answer.id for answer in persona.answers),
    Rule.ASK: _asked,
}
_ONLY_IF: Final[Mapping[Rule, Callable[[Persona], bool]]] = {
    Rule.QUEUED: _is_quiet_while_queued,
    Rule.STILL_QUEUED: _is_quiet_while_queued,
    Rule.LEGAL_THREAT: _hands_over_on("legal_threat"),
    Rule.COMPLAINT: _hands_over_on("complaint"),
    Rule.FAILED_CHECKS: _hands_over_on("check_failed"),
    Rule.REPAIRS: _hands_over_on("repair"),
    **dict.fromkeys((Rule.CLARIFY, Rule.UNHEARD), lambda persona: "repair>=1" not in persona.handoff.on),
    Rule.MODEL_AWAY: lambda persona: "handoff" in {persona.model.degrade, persona.budget.on_exceed},
    Rule.MODEL_REFUSED: lambda persona: persona.model.degrade == "handoff",
    Rule.ON_THE_WAY: lambda persona: any(goal.any_of for goal in persona.goals),
    Rule.READ_ANSWERS: _looks_up_what_is_asked,
    Rule.INVALID_LIMIT: _hands_over_on("slot:"),
    Rule.STRICT: lambda persona: any(stage.strict for stage in persona.stages),
    Rule.KNOWLEDGE: lambda persona: not all(stage.strict for stage in persona.stages),
}
