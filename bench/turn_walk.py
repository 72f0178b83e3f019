"""A conversation without a database: the real graph, turn by turn, with what each turn leaves handed to the next."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from agents.gateway.port import ModelPort
from agents.personas.definition import Persona
from agents.ports import Booking, ChargeNews, OrderNews, Place, Retriever
from core.clock import Deadline
from core.ids import CompanyId, ContactId, ConversationId, TurnId, new_id
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, MessageKind, Trigger
from graphs.conversation import memory
from graphs.conversation.graph import Graph, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Dialogue, EffectNews, Line, Outcome, Snapshot

_BEGINS: Final = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)  # a Tuesday morning in São Paulo
_MOST_LINES: Final = 60


class Calendar:
    """Free at the same hour on each of the next days; nothing is booked."""

    async def free(self, service: str | None, *, since: datetime, until: datetime, most: int = 6) -> Sequence[Place]:
        del until
        first = since.replace(hour=14, minute=0, second=0, microsecond=0) + timedelta(days=1)
        starts = [first + timedelta(days=day) for day in range(min(most, 3))]
        return [Place(service=service or "", starts_at=at, ends_at=at + timedelta(hours=1)) for at in starts]

    async def of_contact(self) -> Sequence[Booking]:
        return ()


class Ledger:
    """One order and one charge."""

    async def orders(self, number: str | None = None, *, most: int = 5) -> Sequence[OrderNews]:
        del most
        return [OrderNews(id=new_id(), number=number or "1001", state="shipped", total_cents=15_000, placed_at=_BEGINS)]

    async def charges(self, *, most: int = 5) -> Sequence[ChargeNews]:
        del most
        return [ChargeNews(description="Mensalidade", method="pix", state="open", amount_cents=15_000)]


@dataclass(slots=True)
class Walk:
    """One conversation."""

    persona: Persona
    graph: Graph
    model: ModelPort
    retriever: Retriever
    lines: list[Line] = field(default_factory=list)
    dialogue: Dialogue | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    succeeded: frozenset[str] = frozenset()
    _contact: ContactId = field(default_factory=lambda: ContactId(new_id()))

    async def say(self, words: str) -> Outcome:
        """The turn that answers; after it, one that tells what became of what was to be done."""
        self._add(Author.CUSTOMER, words)
        outcome = await self._turn(Trigger.INBOUND)
        for effect in outcome.decision.effects:
            self.succeeded |= {effect.tool}
            await self._turn(Trigger.ACTION_RESULT, EffectNews(tool=effect.tool, state="succeeded", result={}))
        return outcome

    async def _turn(self, trigger: Trigger, *news: EffectNews) -> Outcome:
        begun = time.perf_counter()
        outcome = await run(self.graph, self._context(trigger, news))
        self.seconds.append(time.perf_counter() - begun)
        self.outcomes.append(outcome)
        kept = memory.to_json(outcome.decision.dialogue)
        self.dialogue = memory.from_json(kept, first_stage=self.persona.stages[0].id)
        for bubble in outcome.bubbles:
            self._add(Author.BOT, bubble.text)
        return outcome

    def _context(self, trigger: Trigger, news: Sequence[EffectNews]) -> Context:
        return Context(
            persona=self.persona,
            snapshot=self._snapshot(trigger, news),
            model=self.model,
            retriever=self.retriever,
            appointments=Calendar(),
            orders=Ledger(),
            commit=_keep,
            deadline=Deadline.after(20),
            cache_key=f"walk:{self.persona.persona}",
        )

    def _snapshot(self, trigger: Trigger, news: Sequence[EffectNews]) -> Snapshot:
        dialogue = self.dialogue or Dialogue(stage=self.persona.stages[0].id)
        new = [one for one in self.lines if one.seq > dialogue.heard_until and one.author is Author.CUSTOMER]
        return Snapshot(
            company=CompanyId(new_id()),
            company_name="Padaria do Bairro",
            conversation=ConversationId(new_id()),
            contact=self._contact,
            contact_name="Ana",
            turn=TurnId(new_id()),
            trigger=trigger,
            payload={},
            channel=ConnectionKind.WHATSAPP,
            control=Control.BOT,
            epoch=0,
            turn_seq=len(self.outcomes),
            last_inbound_seq=max((one.seq for one in new), default=0),
            dialogue=dialogue,
            unanswered=new,
            history=[one for one in self.lines[-_MOST_LINES:] if one not in new],
            now=self._now,
            time_zone="America/Sao_Paulo",
            succeeded=self.succeeded,
            effects=tuple(news),
        )

    @property
    def _now(self) -> datetime:
        return _BEGINS + timedelta(seconds=40 * len(self.lines))

    def _add(self, author: Author, words: str) -> None:
        self.lines.append(Line(seq=len(self.lines) + 1, author=author, kind=MessageKind.TEXT, text=words, at=self._now))


async def _keep(_: Outcome) -> Committed:
    return Committed.DONE
