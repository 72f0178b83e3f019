"""Whole dialogues through the compiled graph, in memory: what one turn leaves is what the next begins with."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from agents.commands import Understood
from agents.gateway.port import ModelError, ModelReply, ModelRequest, Purpose, Usage
from agents.personas.definition import Persona
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.ports import Booking, ChargeNews, NoKnowledge, OrderNews, Passage, Place
from agents.rehearsal.brain import reply
from core.clock import Deadline
from core.ids import CompanyId, ContactId, ConversationId, TurnId
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, MessageKind, Trigger
from graphs.conversation import memory
from graphs.conversation.graph import Graph, compile_graph
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Dialogue, EffectNews, Line, Outcome, Snapshot, TurnData

NOW: Final = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in São Paulo
PERSONAS: Final[Mapping[str, Persona]] = {name: read_persona(text) for name, text in shipped().items()}
_GRAPHS: Final[dict[str, Graph]] = {}
_NOBODY: Final = UUID(int=0)
_PASSAGE: Final = "A entrega leva 3 dias úteis. O plano inclui suporte por mensagem."


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """What begins a turn. `claims` are a model's in the place of the rehearsal's own, `drafts` its replies in order."""

    words: tuple[str, ...] = ()
    choice: str | None = None
    claims: tuple[Mapping[str, Any], ...] | None = None
    drafts: tuple[str, ...] = ()
    trigger: Trigger = Trigger.INBOUND
    payload: Mapping[str, Any] = field(default_factory=dict)
    news: tuple[EffectNews, ...] = ()
    staff: tuple[str, ...] = ()  # what a person of ours said before
    control: Control | None = None  # as somebody has set it meanwhile
    is_loop: bool = False
    is_unheard: bool = False  # recordings, of which no word is known
    fails: Mapping[Purpose, ModelError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    snapshot: Snapshot
    outcome: Outcome
    understood: Understood
    edges: frozenset[tuple[str, str]]  # where somebody watches


def say(*words: str, **more: Any) -> Cue:
    return Cue(words=words, **more)


def graph_of(persona: Persona) -> Graph:
    if persona.persona not in _GRAPHS:
        _GRAPHS[persona.persona] = compile_graph(persona)
    return _GRAPHS[persona.persona]


@dataclass(slots=True)
class Dialogues:
    """One conversation after another with the same persona is `Dialogues(persona)` after another."""

    persona: Persona
    dialogue: Dialogue
    control: Control = Control.BOT
    is_opted_out: bool = False
    is_watched: bool = False  # which edges were taken; it takes time
    seq: int = 0
    turns: int = 0
    lines: list[Line] = field(default_factory=list)
    succeeded: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, persona: Persona, dialogue: Dialogue | None = None, **more: Any) -> "Dialogues":
        return cls(persona=persona, dialogue=dialogue or Dialogue(stage=persona.stages[0].id), **more)

    async def turn(self, cue: Cue) -> Played:
        snapshot = self._snapshot(cue)
        outcomes: list[Outcome] = []

        async def commit(outcome: Outcome) -> Committed:
            outcomes.append(outcome)
            return Committed.DONE

        world = World()
        context = Context(
            persona=self.persona,
            snapshot=snapshot,
            model=Rehearsed(claims=cue.claims, drafts=list(cue.drafts), fails=cue.fails),
            retriever=world,
            appointments=world,
            orders=world,
            commit=commit,
            deadline=Deadline.after(60),
        )
        graph = graph_of(self.persona)
        understood, edges = Understood(), frozenset[tuple[str, str]]()
        if self.is_watched:
            edges = await _watched(graph, context)
        else:
            understood = (await graph.ainvoke(TurnData(), context=context))["understood"]
        [outcome] = outcomes
        self._keep(outcome)
        return Played(snapshot=snapshot, outcome=outcome, understood=understood, edges=edges)

    def _snapshot(self, cue: Cue) -> Snapshot:
        self.turns += 1
        self.control = cue.control or self.control
        self.succeeded |= {news.tool for news in cue.news if news.state == "succeeded"}
        span = [self._line(words, Author.STAFF) for words in cue.staff]
        history = list(self.lines)
        unanswered = [
            replace(self._line(words, Author.CUSTOMER, cue.choice), was_spoken=cue.is_unheard) for words in cue.words
        ]
        return Snapshot(
            company=CompanyId(_NOBODY),
            company_name="Loja da Ana",
            conversation=ConversationId(_NOBODY),
            contact=ContactId(_NOBODY),
            contact_name=None,
            turn=TurnId(UUID(int=self.turns)),
            trigger=cue.trigger,
            payload=cue.payload,
            channel=ConnectionKind.WHATSAPP,
            control=self.control,
            epoch=0,
            turn_seq=self.turns,
            last_inbound_seq=self.seq,
            dialogue=self.dialogue,
            unanswered=unanswered,
            history=history,
            now=self._now,
            time_zone="America/Sao_Paulo",
            human_span=span,
            succeeded=frozenset(self.succeeded),
            effects=cue.news,
            is_opted_out=self.is_opted_out,
            is_loop=cue.is_loop,
        )

    @property
    def _now(self) -> datetime:
        return NOW + timedelta(minutes=self.turns)

    def _line(self, words: str, author: Author, choice: str | None = None) -> Line:
        self.seq += 1
        line = Line(seq=self.seq, author=author, kind=MessageKind.TEXT, text=words, at=self._now, choice=choice)
        self.lines.append(line)
        return line

    def _keep(self, outcome: Outcome) -> None:
        """As a commit does: through the JSON of its column."""
        decision = outcome.decision
        written = json.loads(json.dumps(memory.to_json(decision.dialogue)))
        self.dialogue = memory.from_json(written, first_stage=self.persona.stages[0].id)
        for bubble in outcome.bubbles:
            self._line(bubble.text, Author.BOT)
        self.is_opted_out = self.is_opted_out or decision.opt_out is not None
        if decision.handover is not None:
            self.control = Control.QUEUED


async def _watched(graph: Graph, context: Context) -> frozenset[tuple[str, str]]:
    """From everything in one step to everything in the next."""
    steps: dict[int, set[str]] = {0: {"__start__"}}
    async for event in graph.astream(TurnData(), context=context, stream_mode="debug"):
        if event["type"] == "task":
            steps.setdefault(event["step"], set()).add(event["payload"]["name"])
    ordered = [*(steps[number] for number in sorted(steps)), {"__end__"}]
    return frozenset((one, other) for before, after in pairwise(ordered) for one in before for other in after)


@dataclass(slots=True)
class Rehearsed:
    """The rehearsal's brain, but where the test lays words into a model's mouth."""

    claims: tuple[Mapping[str, Any], ...] | None
    drafts: list[str]
    fails: Mapping[Purpose, ModelError] = field(default_factory=dict)

    async def complete(self, request: ModelRequest) -> ModelReply:
        if request.purpose in self.fails:
            raise self.fails[request.purpose]
        messages = [{"role": prompt.role, "content": prompt.content} for prompt in request.prompts]
        told = reply(messages, schema_name=request.schema.name if request.schema else None)
        data: dict[str, Any] = json.loads(told.text)
        if request.purpose is Purpose.UNDERSTAND and self.claims is not None:
            data |= {"commands": list(self.claims), "query": None, "unsure": False}
        if request.purpose is Purpose.RESPOND and self.drafts:
            data |= {"say": self.drafts.pop(0), "cited": []}
        usage = Usage(input_tokens=told.input_tokens, output_tokens=told.output_tokens, cost_micros=0)
        return ModelReply(text=told.text, model="rehearsal", usage=usage, data=data, is_rehearsal=True)

    async def stream(self, request: ModelRequest) -> AsyncIterator[str]:
        yield (await self.complete(request)).text


class World(NoKnowledge):
    """One passage, one free place, one booking, one order and one charge."""

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        del query, persona
        return [Passage(id="p1", text=_PASSAGE, title="Ajuda", score=0.9)][: most * len(bases)]

    async def free(self, service: str | None, *, since: datetime, until: datetime, most: int = 6) -> Sequence[Place]:
        del until
        return [_place(service or "Consulta", since)][:most]

    async def of_contact(self) -> Sequence[Booking]:
        return [Booking(id=_NOBODY, place=_place("Consulta", NOW))]

    async def orders(self, number: str | None = None, *, most: int = 5) -> Sequence[OrderNews]:
        found = OrderNews(id=_NOBODY, number=number or "10", state="shipped", total_cents=1990, placed_at=NOW)
        return [found][:most]

    async def charges(self, *, most: int = 5) -> Sequence[ChargeNews]:
        return [ChargeNews(description="Mensalidade", method="pix", state="pending", amount_cents=12_000)][:most]


def _place(service: str, at: datetime) -> Place:
    return Place(service=service, starts_at=at + timedelta(days=1), ends_at=at + timedelta(days=1, hours=1))
