"""The desk at which a turn is decided: what is known, what was claimed, and what the rules have put down so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from agents.commands import Command, Mention, Quote, Say, Understood
from agents.personas.definition import Persona, Stage
from graphs.conversation.progress import Known
from graphs.conversation.rules import Rule
from graphs.conversation.state import (
    MOST_AGENDA,
    CannedText,
    Decision,
    Dialogue,
    Filled,
    Handover,
    Route,
    Snapshot,
    StageMove,
    ToolCall,
)

C = TypeVar("C", bound=Command)
_MOST_UNHEARD: Final = 8
_LEARNED: Final = frozenset(
    {
        *(Rule.SLOT_SET, Rule.SLOT_CORRECTED, Rule.SLOT_CLEARED, Rule.EVIDENCE, Rule.GOAL_SWITCHED, Rule.PROMISED),
        *(Rule.CONFIRM_YES, Rule.CONFIRM_NO, Rule.EFFECT_DECLINED, Rule.CANCELLED),
    }
)


@dataclass(slots=True)
class Desk:
    """One turn's. Rules read it and write on it; `decision` is what it comes to."""

    persona: Persona
    snapshot: Snapshot
    understood: Understood
    stage: str
    slots: dict[str, Filled]
    evidence: dict[str, Quote]
    refused: dict[str, int]
    asked: dict[str, int]
    agenda: list[str]
    last_ask: str | None
    repairs: int
    done: set[str]
    settled: set[str]
    shown: dict[str, str]
    has_greeted: bool
    rules: list[str] = field(default_factory=list)
    texts: list[CannedText] = field(default_factory=list)
    moves: list[StageMove] = field(default_factory=list)
    reads: list[ToolCall] = field(default_factory=list)
    effects: list[ToolCall] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)  # slots that were told or confirmed in this turn
    ask: str | None = None
    query: str | None = None
    promise: Mapping[str, Any] | None = None
    has_heard: bool = False  # the news of this turn

    @classmethod
    def of(cls, persona: Persona, snapshot: Snapshot, understood: Understood) -> "Desk":
        before = snapshot.dialogue
        return cls(
            persona=persona,
            snapshot=snapshot,
            understood=understood,
            stage=persona.stage(before.stage).id,
            slots={name: filled for name, filled in before.slots.items() if name in persona.slots},
            evidence={name: quote for name, quote in before.evidence.items() if name in persona.evidence},
            refused=dict(before.refused),
            asked=dict(before.asked),
            agenda=[goal for goal in before.agenda if any(known.id == goal for known in persona.goals)],
            last_ask=before.last_ask,
            repairs=before.repairs,
            done=set(before.done),
            settled=set(before.settled),
            shown=dict(before.shown),
            has_greeted=before.has_greeted,
        )

    @property
    def here(self) -> Stage:
        return self.persona.stage(self.stage)

    @property
    def place(self) -> int:
        return self.persona.stages.index(self.here)

    @property
    def known(self) -> Known:
        return Known(
            slots=self.slots,
            evidence=self.evidence,
            facts={fact.key: fact.quote for fact in self.snapshot.facts},
            succeeded=self.snapshot.succeeded,
            lost=self.lost,
        )

    def said(self, mention: Mention) -> bool:
        return any(isinstance(command, Say) and command.mention is mention for command in self.understood.commands)

    def first(self, kind: type[C]) -> C | None:
        return next(iter(self.every(kind)), None)

    def every(self, kind: type[C]) -> list[C]:
        return [command for command in self.understood.commands if isinstance(command, kind)]

    def note(self, rule: Rule, about: str | None = None) -> None:
        self.rules.append(rule.value if about is None else rule.about(about))

    def say(self, text: str, **values: str) -> None:
        if self.persona.has_text(text):
            self.texts.append(CannedText(name=text, values=values))

    @property
    def has_learned(self) -> bool:
        """Something was told in this turn, known already or not."""
        return bool(self.given) or any(rule.partition(":")[0] in _LEARNED for rule in self.rules)

    def hands_over_on(self, causes: Iterable[str]) -> str | None:
        """The first of these for which this persona calls a person."""
        return next((cause for cause in causes if cause in self.persona.handoff.on), None)

    @property
    def dialogue(self) -> Dialogue:
        return replace(
            self.snapshot.dialogue,
            stage=self.stage,
            slots=self.slots,
            evidence=self.evidence,
            refused=self.refused,
            asked=self.asked,
            agenda=tuple(self.agenda[:MOST_AGENDA]),
            last_ask=self.last_ask,
            repairs=self.repairs,
            done=frozenset(self.done),
            settled=frozenset(self.settled),
            shown=self.shown,
            has_greeted=self.has_greeted,
            heard_until=max([self.snapshot.dialogue.heard_until, *(line.seq for line in self.snapshot.unanswered)]),
            unheard=self._unheard,
            language=self.understood.language,
        )

    @property
    def _unheard(self) -> tuple[int, ...]:
        """Whoever has said more since is answered for that: they knew that we had not heard."""
        lines = self.snapshot.unanswered
        if not lines:
            return self.snapshot.dialogue.unheard
        return tuple(line.seq for line in lines if line.is_unheard)[-_MOST_UNHEARD:]

    def decision(self, route: Route, *, handover: Handover | None = None, opt_out: Quote | None = None) -> Decision:
        return Decision(
            route=route,
            stage=self.stage,
            dialogue=self.dialogue,
            rules=tuple(self.rules),
            texts=tuple(self.texts),
            ask=self.ask,
            query=self.query,
            moves=tuple(self.moves),
            reads=tuple(self.reads),
            effects=tuple(self.effects),
            handover=handover,
            opt_out=opt_out,
            promise=self.promise,
        )
