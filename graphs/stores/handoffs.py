"""Conversations that wait for a person, with what the person has to know, and until when somebody should be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, bindparam, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB

from agents.extractors.values import in_words
from agents.personas.definition import HandoffRules, Persona
from core import lexicon
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.events import Event, EventKind, emit
from core.ids import ConversationId, UserId, new_id
from core.models.service import Handoff, HandoffState, TimerKind
from core.models.stream import Author
from graphs import office_hours
from graphs.conversation import memory
from graphs.conversation.state import Decision, Dialogue, Line, Snapshot
from graphs.conversation.wording import Wording
from graphs.stores import personas, timers
from graphs.stores.snapshots import Begun
from graphs.stores.timers import NewTimer

_QUOTES: Final = 3
_LONGEST_QUOTE: Final = 500
_MOST_SAID: Final = 30
_NOTICE: Final = "still_queued"
_UNKNOWN: Final = HandoffRules()  # where no persona has answered yet


@dataclass(frozen=True, kw_only=True, slots=True)
class HandoffListing:
    most: int
    after: tuple[datetime, UUID] | None = None
    state: HandoffState | None = None
    queue: str | None = None
    conversation: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """The conversation as its control was just written."""

    epoch: int
    reason: str
    zone: str
    now: datetime
    persona: Persona | None  # none has answered yet

    @property
    def rules(self) -> HandoffRules:
        return self.persona.handoff if self.persona else _UNKNOWN


async def open_one(session: TenantSession, begun: Begun, decision: Decision, *, epoch: int) -> None:
    """It waits for a person from the commit on. Asked for again while it waits, it is the same one."""
    handover = decision.handover
    if handover is None:
        raise ValueError("a decision that hands nothing over")
    rules, snapshot = begun.version.persona.handoff, begun.snapshot
    bound = {
        "id": new_id(),
        "conversation": snapshot.conversation,
        "turn": begun.claim.turn,
        "epoch": epoch,
        "queue": rules.queue,
        "reason": handover.reason,
        "brief": _brief(begun, decision),
    }
    handoff: UUID | None = await session.scalar(_OPEN, bound)
    if handoff is None:
        return
    await timers.arm(session, _ladder(begun, decision, epoch=epoch, handoff=handoff))
    payload = {"conversation": str(snapshot.conversation), "queue": rules.queue, "reason": handover.reason}
    emit(session, Event(kind=EventKind.HANDOFF_OPENED, subject_id=handoff, payload=payload))


async def open_by_hand(session: TenantSession, conversation: ConversationId, *, queue: str | None) -> None:
    """By a person, after its control was written. The customer was promised nothing, and is told nothing."""
    held = await _held(session, conversation)
    name = queue or held.rules.queue
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "turn": None,
        "epoch": held.epoch,
        "queue": name,
        "reason": held.reason,
        "brief": await _brief_now(session, conversation, held),
    }
    handoff: UUID | None = await session.scalar(_OPEN, bound)
    await timers.cancel(session, conversation, timers.LADDER | timers.OF_PERSON)
    payload = {"conversation": str(conversation), "queue": name, "reason": held.reason}
    common = {"handoff": str(handoff), "queue": name}
    ladder = []
    for kind, span in ((TimerKind.FIRST_RESPONSE, held.rules.sla.first), (TimerKind.ESCALATE, _both(held.rules))):
        due = office_hours.after(held.now, span, hours=held.rules.hours, zone=held.zone)
        more = {"escalate": held.rules.sla.escalate} if kind is TimerKind.ESCALATE else {}
        ladder.append(
            NewTimer(conversation=conversation, kind=kind, epoch=held.epoch, due_at=due, payload={**common, **more})
        )
    await timers.arm(session, ladder)
    emit(session, Event(kind=EventKind.HANDOFF_OPENED, subject_id=handoff, payload=payload))


async def demands_note(session: TenantSession, conversation: ConversationId) -> bool:
    """Whether this persona wants to hear from a person who gives the conversation back."""
    return (await _held(session, conversation)).rules.return_.requires_note


async def taken(session: TenantSession, conversation: ConversationId, user: UserId | None) -> None:
    """A person has it, after its control was written: also where nobody had asked for one."""
    held = await _held(session, conversation)
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "epoch": held.epoch,
        "queue": held.rules.queue,
        "reason": held.reason,
        "user": user,
    }
    handoff: UUID | None = await session.scalar(_TAKE, bound)
    await timers.cancel(session, conversation, timers.LADDER)
    await _await_person(session, conversation, held)
    payload = {"conversation": str(conversation), "user": str(user) if user else None}
    emit(session, Event(kind=EventKind.HANDOFF_TAKEN, subject_id=handoff, payload=payload))


async def ended(session: TenantSession, conversation: ConversationId) -> None:
    """Nobody waits there for a person any more, and nobody has it. Where none was open, nothing changes."""
    await timers.cancel(session, conversation, timers.LADDER | timers.OF_PERSON)
    handoff: UUID | None = await session.scalar(_END, {"conversation": conversation})
    if handoff is not None:
        payload = {"conversation": str(conversation)}
        emit(session, Event(kind=EventKind.HANDOFF_ENDED, subject_id=handoff, payload=payload))


async def told(session: TenantSession, shown: Mapping[UUID, datetime]) -> None:
    """People of the company were shown these, each since then: from now on somebody knows of them."""
    for handoff, at in sorted(shown.items()):
        untold = update(Handoff).where(Handoff.id == handoff, Handoff.told_at.is_(None))
        await session.execute(untold.values(told_at=at).execution_options(synchronize_session=False))


async def conclude(session: TenantSession, conversation: ConversationId, *, category: str, note: str) -> None:
    """What it came to, of the handoff that is open there, or else of the one that was the last."""
    await session.execute(_CONCLUDE, {"conversation": conversation, "category": category, "note": note or None})


async def list_handoffs(session: TenantSession, wanted: HandoffListing) -> list[Handoff]:
    """The one that has waited longest comes first."""
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(tuple_(Handoff.created_at, Handoff.id) > wanted.after)
    for column, value in (
        (Handoff.state, wanted.state),
        (Handoff.queue, wanted.queue),
        (Handoff.conversation_id, wanted.conversation),
    ):
        if value is not None:
            rules.append(column == value)
    longest = select(Handoff).where(*rules).order_by(Handoff.created_at, Handoff.id).limit(wanted.most)
    return list(await session.scalars(longest))


async def get(session: TenantSession, handoff: UUID) -> Handoff:
    found = await session.scalar(select(Handoff).where(Handoff.id == handoff))
    if found is None:
        raise NotFound("Este atendimento não existe.", "There is no such handoff.")
    return found


def _ladder(begun: Begun, decision: Decision, *, epoch: int, handoff: UUID) -> list[NewTimer]:
    """First whoever has the queue is told, then the customer hears that they still wait, then the next queue."""
    rules, now = begun.version.persona.handoff, begun.snapshot.now

    def due(span: timedelta) -> datetime:
        return office_hours.after(now, span, hours=rules.hours, zone=begun.snapshot.time_zone)

    common = {"handoff": str(handoff), "queue": rules.queue}
    wording = Wording(begun.version.persona, begun.snapshot, decision.dialogue.language)
    notice = wording.canned(_NOTICE, {}, decision)
    steps: Sequence[tuple[TimerKind, timedelta, Mapping[str, Any]]] = (
        (TimerKind.FIRST_RESPONSE, rules.sla.first, common),
        (TimerKind.CUSTOMER_NOTICE, 2 * rules.sla.first, {**common, "text": notice}),
        (TimerKind.ESCALATE, _both(rules), {**common, "escalate": rules.sla.escalate}),
    )
    return [
        NewTimer(conversation=begun.snapshot.conversation, kind=kind, epoch=epoch, due_at=due(span), payload=payload)
        for kind, span, payload in steps
        if kind is not TimerKind.CUSTOMER_NOTICE or notice
    ]


async def _await_person(session: TenantSession, conversation: ConversationId, held: _Held) -> None:
    """So long for the next answer; and after so long without a word the bot goes on, unless it may not by itself."""
    rules = held.rules
    due = office_hours.after(held.now, rules.sla.next, hours=rules.hours, zone=held.zone)
    answer = NewTimer(
        conversation=conversation,
        kind=TimerKind.NEXT_RESPONSE,
        epoch=held.epoch,
        due_at=due,
        payload={"queue": rules.queue},
    )
    if rules.return_.requires_note:
        await timers.arm(session, [answer])
        await timers.cancel(session, conversation, [TimerKind.IDLE_RETURN])
        return
    idle = rules.return_.idle
    back = NewTimer(
        conversation=conversation,
        kind=TimerKind.IDLE_RETURN,
        epoch=held.epoch,
        due_at=held.now + idle,
        payload={"idle_seconds": idle.total_seconds()},
    )
    await timers.arm(session, [answer, back])


async def _held(session: TenantSession, conversation: ConversationId) -> _Held:
    row = (await session.execute(_HELD, {"conversation": conversation})).one()
    version = await personas.get(session, row.persona_version_id) if row.persona_version_id else None
    return _Held(
        epoch=row.control_epoch,
        reason=row.control_reason or "taken_over",
        zone=row.time_zone,
        now=row.now,
        persona=version.persona if version else None,
    )


def _both(rules: HandoffRules) -> timedelta:
    return rules.sla.first + rules.sla.next


def _brief(begun: Begun, decision: Decision) -> dict[str, Any]:
    snapshot = begun.snapshot
    said = [_quote(line.seq, line.text) for line in _said(snapshot)]
    reason = decision.handover.reason if decision.handover else None
    told = _Told(dialogue=decision.dialogue, said=said, summary=snapshot.summary)
    return _brief_of(begun.version.persona, told, reason=reason)


async def _brief_now(session: TenantSession, conversation: ConversationId, held: _Held) -> dict[str, Any]:
    """As the conversation stands, between two turns."""
    persona = held.persona
    row = (await session.execute(_STANDS, {"conversation": conversation, "most": _MOST_SAID})).one()
    first = persona.stages[0].id if persona else ""
    said = [_quote(one["seq"], one["text"]) for one in row.said or ()]
    told = _Told(dialogue=memory.from_json(row.dialogue, first_stage=first), said=said, summary=row.summary)
    return _brief_of(persona, told, reason=held.reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What is known of a customer; what they said in order."""

    dialogue: Dialogue
    said: Sequence[Mapping[str, Any]]
    summary: str | None


def _brief_of(persona: Persona | None, told: _Told, *, reason: str | None) -> dict[str, Any]:
    """All that is known; `shows` is what this persona puts first, in its order."""
    stage = persona.stage(told.dialogue.stage) if persona else None
    asked = [one for one in told.said if lexicon.is_question(one["text"])]
    return {
        "shows": list((persona.handoff if persona else _UNKNOWN).brief),
        "reason": reason,
        "summary": told.summary,
        "slots": _slots_in_words(persona, told.dialogue) if persona else [],
        "stage": stage.id if stage else None,
        "stage_label": (stage.label or stage.id) if stage else None,
        "last_question": asked[-1] if asked else None,  # what the customer wanted to know last
        "quotes": list(told.said[-_QUOTES:]),
    }


def _slots_in_words(persona: Persona, dialogue: Dialogue) -> list[dict[str, Any]]:
    """In the order and the language of the persona, for staff read them."""
    filled = dialogue.slots
    return [
        {
            "slot": name,
            "label": slot.label or name,
            "value": in_words(slot.type, filled[name].value, persona.locale),
            "is_confirmed": filled[name].is_confirmed,
        }
        for name, slot in persona.slots.items()
        if name in filled
    ]


def _said(snapshot: Snapshot) -> list[Line]:
    """By the customer, in order."""
    lines = {line.seq: line for line in (*snapshot.history, *snapshot.unanswered) if line.text}
    lines = {seq: line for seq, line in lines.items() if line.author is Author.CUSTOMER}
    return [lines[seq] for seq in sorted(lines)]


def _quote(seq: int, words: str) -> dict[str, Any]:
    return {"message": seq, "text": words[:_LONGEST_QUOTE]}


# One that was left open under an older control is opened anew: whoever had it has it no more.
_OPEN: Final = text("""
    INSERT INTO handoffs AS h (tenant_id, id, conversation_id, turn_id, epoch, queue, reason, brief)
    VALUES (current_tenant(), :id, :conversation, :turn, :epoch, :queue, :reason, :brief)
    ON CONFLICT (tenant_id, conversation_id) WHERE state <> 'ended' DO UPDATE SET turn_id = excluded.turn_id,
        epoch = excluded.epoch, queue = excluded.queue, reason = excluded.reason, brief = excluded.brief,
        state = 'queued', taken_by = NULL, taken_at = NULL, told_at = NULL, created_at = app_now()
    WHERE h.epoch < excluded.epoch
    RETURNING h.id
""").bindparams(bindparam("brief", type_=JSONB))

_TAKE: Final = text("""
    INSERT INTO handoffs AS h (tenant_id, id, conversation_id, epoch, queue, reason, state, taken_by, taken_at)
    VALUES (current_tenant(), :id, :conversation, :epoch, :queue, :reason, 'taken', :user, app_now())
    ON CONFLICT (tenant_id, conversation_id) WHERE state <> 'ended' DO UPDATE SET state = 'taken',
        taken_by = excluded.taken_by, taken_at = app_now(), epoch = excluded.epoch
    RETURNING h.id
""")

_END: Final = text("""
    UPDATE handoffs SET state = 'ended', ended_at = app_now()
    WHERE conversation_id = :conversation AND state <> 'ended' RETURNING id
""")

_CONCLUDE: Final = text("""
    UPDATE handoffs SET category = :category, closing_note = :note
    WHERE id = (SELECT h.id FROM handoffs h WHERE h.conversation_id = :conversation
        ORDER BY h.state <> 'ended' DESC, h.created_at DESC LIMIT 1)
""")

_STANDS: Final = text("""
    SELECT c.dialogue,
        (SELECT s.body FROM conversation_summaries s WHERE s.conversation_id = c.id ORDER BY s.to_seq DESC LIMIT 1)
            AS summary,
        (SELECT jsonb_agg(jsonb_build_object('seq', l.seq, 'text', l.text) ORDER BY l.seq) FROM (
            SELECT m.seq, coalesce(nullif(m.text, ''), f.words) AS text
            FROM messages m LEFT JOIN media_files f ON f.message_id = m.id AND m.kind IN ('voice', 'audio')
            WHERE m.conversation_id = c.id AND m.author = 'customer' AND coalesce(nullif(m.text, ''), f.words) <> ''
                AND m.deleted_at IS NULL AND m.kind NOT IN ('reaction', 'system')
            ORDER BY m.seq DESC LIMIT :most) l) AS said
    FROM conversations c WHERE c.id = :conversation
""").columns(dialogue=JSONB, summary=Text, said=JSONB)

_HELD: Final = text("""
    SELECT c.control_epoch, c.control_reason, c.persona_version_id, coalesce(p.time_zone, k.time_zone) AS time_zone,
        app_now() AS now
    FROM conversations c JOIN contacts p ON p.id = c.contact_id JOIN companies k ON k.id = c.tenant_id
    WHERE c.id = :conversation
""")
