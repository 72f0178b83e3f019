"""Conversations that wait for a person, with what the person has to know, and until when somebody should be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from agents.extractors.values import in_words
from agents.personas.definition import HandoffRules
from core import lexicon
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ConversationId, UserId, new_id
from core.models.service import TimerKind
from core.models.stream import Author
from graphs import office_hours
from graphs.conversation.state import Decision, Line, Snapshot
from graphs.conversation.wording import Wording
from graphs.stores import personas, timers
from graphs.stores.snapshots import Begun
from graphs.stores.timers import NewTimer

_QUOTES: Final = 3
_LONGEST_QUOTE: Final = 500
_NOTICE: Final = "still_queued"
_UNKNOWN: Final = HandoffRules()  # where no persona has answered yet


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """The conversation as its control was just written."""

    epoch: int
    reason: str
    zone: str
    now: datetime
    rules: HandoffRules


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
    for timer in _ladder(begun, decision, epoch=epoch, handoff=handoff):
        await timers.arm(session, snapshot.conversation, timer)
    payload = {"conversation": str(snapshot.conversation), "queue": rules.queue, "reason": handover.reason}
    emit(session, Event(kind=EventKind.HANDOFF_OPENED, subject_id=handoff, payload=payload))


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
        (TimerKind.ESCALATE, rules.sla.first + rules.sla.next, {**common, "escalate": rules.sla.escalate}),
    )
    return [
        NewTimer(kind=kind, epoch=epoch, due_at=due(span), payload=payload)
        for kind, span, payload in steps
        if kind is not TimerKind.CUSTOMER_NOTICE or notice
    ]


async def _await_person(session: TenantSession, conversation: ConversationId, held: _Held) -> None:
    """So long for the next answer; and after so long without a word the bot goes on, unless it may not by itself."""
    rules = held.rules
    due = office_hours.after(held.now, rules.sla.next, hours=rules.hours, zone=held.zone)
    new = NewTimer(kind=TimerKind.NEXT_RESPONSE, epoch=held.epoch, due_at=due, payload={"queue": rules.queue})
    await timers.arm(session, conversation, new)
    if rules.return_.requires_note:
        await timers.cancel(session, conversation, [TimerKind.IDLE_RETURN])
        return
    idle = rules.return_.idle
    payload = {"idle_seconds": idle.total_seconds()}
    new = NewTimer(kind=TimerKind.IDLE_RETURN, epoch=held.epoch, due_at=held.now + idle, payload=payload)
    await timers.arm(session, conversation, new)


async def _held(session: TenantSession, conversation: ConversationId) -> _Held:
    row = (await session.execute(_HELD, {"conversation": conversation})).one()
    version = await personas.get(session, row.persona_version_id) if row.persona_version_id else None
    return _Held(
        epoch=row.control_epoch,
        reason=row.control_reason or "taken_over",
        zone=row.time_zone,
        now=row.now,
        rules=version.persona.handoff if version else _UNKNOWN,
    )


def _brief(begun: Begun, decision: Decision) -> dict[str, Any]:
    """All that is known; `shows` is what this persona puts first, in its order."""
    snapshot, persona = begun.snapshot, begun.version.persona
    return {
        "shows": list(persona.handoff.brief),
        "reason": decision.handover.reason if decision.handover else None,
        "summary": snapshot.summary,
        "slots": _slots_in_words(begun, decision),
        "stage": decision.stage,
        "stage_label": persona.stage(decision.stage).label or decision.stage,
        "last_question": _last_question(snapshot),
        "quotes": [_quote(line) for line in _said(snapshot)[-_QUOTES:]],
    }


def _slots_in_words(begun: Begun, decision: Decision) -> list[dict[str, Any]]:
    """In the order and the language of the persona, for staff read them."""
    persona, filled = begun.version.persona, decision.dialogue.slots
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


def _last_question(snapshot: Snapshot) -> dict[str, Any] | None:
    """What the customer wanted to know last."""
    asked = [line for line in _said(snapshot) if lexicon.is_question(line.text)]
    return _quote(asked[-1]) if asked else None


def _said(snapshot: Snapshot) -> list[Line]:
    """By the customer, in order."""
    lines = {line.seq: line for line in (*snapshot.history, *snapshot.unanswered) if line.author is Author.CUSTOMER}
    return [lines[seq] for seq in sorted(lines)]


def _quote(line: Line) -> dict[str, Any]:
    return {"message": line.seq, "text": line.text[:_LONGEST_QUOTE]}


# One that was left open under an older control is opened anew: whoever had it has it no more.
_OPEN: Final = text("""
    INSERT INTO handoffs AS h (tenant_id, id, conversation_id, turn_id, epoch, queue, reason, brief)
    VALUES (current_tenant(), :id, :conversation, :turn, :epoch, :queue, :reason, :brief)
    ON CONFLICT (tenant_id, conversation_id) WHERE state <> 'ended' DO UPDATE SET turn_id = excluded.turn_id,
        epoch = excluded.epoch, queue = excluded.queue, reason = excluded.reason, brief = excluded.brief,
        state = 'queued', taken_by = NULL, taken_at = NULL, created_at = app_now()
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

_HELD: Final = text("""
    SELECT c.control_epoch, c.control_reason, c.persona_version_id, coalesce(p.time_zone, k.time_zone) AS time_zone,
        app_now() AS now
    FROM conversations c JOIN contacts p ON p.id = c.contact_id JOIN companies k ON k.id = c.tenant_id
    WHERE c.id = :conversation
""")
