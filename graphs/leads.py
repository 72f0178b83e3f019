"""The only writer of leads: each move is an event that says why, and the lead stands where its newest event leads.

A rule moves a lead by the criteria of one stage, from where it stands. People may move it anywhere, with a reason, and
what they decided stays: a turn that began before gives way, and so does what its conversation remembers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from agents.commands import Quote
from core import audit
from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed, NotFound
from core.events import Event, EventKind, emit
from core.ids import ContactId, ConversationId, MessageId
from core.models.personas import Cause, LeadStageEvent, StageKind
from core.texts import Text
from graphs.conversation import memory
from graphs.conversation.state import Dialogue, Filled, Route, StageMove
from graphs.stores import facts
from graphs.stores import leads as store
from graphs.stores.endings import Ended
from graphs.stores.leads import HeldLead, NewEvent, NewLead

MADE: Final = "lead.made"
MERGED: Final = "contact.merged"
LONGEST_REASON: Final = 500
_SILENT: Final = frozenset({Route.SILENCE, Route.ABSORB})
_EVIDENCE: Final = "evidence:"
_SLOT: Final = "slot:"
_RANKS: Final = {StageKind.LOST: 0, StageKind.OPEN: 1, StageKind.WON: 2}
_NOWHERE: Final = (-1, -1)  # a stage that the board has no more

Messages = Mapping[tuple[ConversationId, int], MessageId]


async def apply(session: TenantSession, turns: Sequence[Ended]) -> None:
    """What turns mean for leads: their moves, and the slots that count. The first turn that answers makes one."""
    leads = await _leads_of(session, turns)
    messages = await _messages_of(session, turns)
    held = [(lead, one) for one in turns if (lead := leads.get(one.contact)) is not None]
    outrun = [_learned(lead, one) for lead, one in held if _was_moved(lead, one)]
    led = [_led(lead, one, messages) for lead, one in held if not _was_moved(lead, one)]
    await _keep(session, [lead for lead in (*outrun, *led) if lead is not leads[lead.contact_id]])
    for lead in outrun:
        await _recall(session, lead)


async def move(session: TenantSession, lead: UUID, *, to: str, by: Actor, reason: str) -> HeldLead:
    """By a person, to any column of its board, whatever its criteria say. To where it stands, nothing happens."""
    row = await store.hold(session, lead)
    if to not in {stage.key for stage in await store.stages_of(session, row.board_id)}:
        raise _wrong("stage", "não é uma etapa deste quadro", "not a stage of this board")
    return await _force(session, row, to=to, by=by, reason=reason)


async def mark_lost(session: TenantSession, lead: UUID, *, by: Actor, reason: str) -> HeldLead:
    """From any stage."""
    row = await store.hold(session, lead)
    lost = await store.lost_stage_of(session, row.board_id)
    if lost is None:
        raise Conflict(
            "Este quadro não tem uma etapa de perda: crie uma na persona.",
            "This board has no stage for what is lost: add one to the persona.",
        )
    return await _force(session, row, to=lost, by=by, reason=reason)


async def undo(session: TenantSession, lead: UUID, *, seq: int, by: Actor, reason: str | None = None) -> HeldLead:
    """Take back the newest move that still stands: the stage and the slots are again as they were before it."""
    row = await store.hold(session, lead)
    undone = _undoable(await store.events_of(session, lead), seq)
    if undone.from_stage is None:
        raise Conflict("O começo de um lead não pode ser desfeito.", "The beginning of a lead cannot be taken back.")
    new = NewEvent(
        source=row.stage,
        target=undone.from_stage,
        cause=Cause.UNDO,
        slots_before=row.slots,
        actor=by.id,
        undo_of=undone.id,
        reason=_reason(reason) if reason else None,
    )
    after = await _keep_one(session, row.moved(new).knowing(undone.slots_before))
    await facts.forget(session, row.contact_id, _proved_by(undone, row.slots))
    await _recall(session, after, without=_named(undone, _EVIDENCE))
    audit.record(session, by, "lead.undone", subject=lead, detail={"seq": seq, "to": undone.from_stage})
    return after


async def join(session: TenantSession, lead: UUID, *, other: UUID) -> int | None:
    """Two leads on one board turn out to be one person's: the one that stays goes where the other is further.

    Its words go along as the proof. The number of the move, which can be undone; None where there is nothing to do.
    """
    row, gone = await store.hold(session, lead), await store.get(session, other)
    order = {stage.key: (_RANKS[stage.kind], stage.position) for stage in await store.stages_of(session, row.board_id)}
    if order.get(gone.stage, _NOWHERE) <= order.get(row.stage, _NOWHERE):
        return None
    led = next((event for event in await store.events_of(session, other) if event.to_stage == gone.stage), None)
    new = NewEvent(
        source=row.stage,
        target=gone.stage,
        cause=Cause.IMPORT,
        rule=MERGED,
        criteria=led.criteria if led else (),
        slots_before=row.slots,
    )
    after = await _keep_one(session, row.moved(new).knowing({**row.slots, **gone.slots}))
    await _recall(session, after)
    return after.seq


async def part(session: TenantSession, lead: UUID, *, seq: int) -> None:
    """Takes a joining back, unless the lead has moved since: then where it stands is its own."""
    standing = _standing(await store.events_of(session, lead))
    if standing and standing[0].seq == seq:
        await undo(session, lead, seq=seq, by=audit.SYSTEM)


async def _leads_of(session: TenantSession, turns: Sequence[Ended]) -> dict[ContactId, HeldLead]:
    found = await store.find(session, [(one.contact, one.begun.version.name) for one in turns])
    first = [
        one for one in turns if one.contact not in found and (one.decision.route not in _SILENT or one.decision.moves)
    ]
    return found | await store.make(session, [_new(one) for one in first])


def _new(one: Ended) -> NewLead:
    return NewLead(
        persona=one.begun.version.name,
        contact=one.contact,
        conversation=one.conversation,
        stage=one.begun.version.persona.stage(one.before.stage).id,
    )


def _was_moved(lead: HeldLead, one: Ended) -> bool:
    """By somebody, while the turn ran in the conversation that leads it."""
    persona = one.begun.version.persona
    is_ours = lead.conversation_id == one.conversation
    return is_ours and persona.stage(lead.stage).id != persona.stage(one.before.stage).id


def _learned(lead: HeldLead, one: Ended) -> HeldLead:
    """What the turn decided about stages is void, what it learned is kept."""
    before = _counting(one.before)
    learned = {name: value for name, value in _counting(one.decision.dialogue).items() if before.get(name) != value}
    return lead.knowing({**lead.slots, **learned})


def _led(lead: HeldLead, one: Ended, messages: Messages) -> HeldLead:
    """Where the turn leads it, by way of its beginning where the turn has made it."""
    persona, before, slots = one.begun.version.persona, lead.slots, _slots_after(lead, one)
    if lead.is_new:
        lead = lead.moved(_beginning(lead, one))
    for step in one.decision.moves:
        if persona.stage(lead.stage).id == step.source:  # one that is further on, by another conversation, stays there
            by_rule = _by_rule(lead, one, step, before=before, messages=messages)
            lead = replace(lead, conversation_id=one.conversation).moved(by_rule)
    return lead.knowing(slots)


def _beginning(lead: HeldLead, one: Ended) -> NewEvent:
    version = one.begun.version.id
    return NewEvent(source=None, target=lead.stage, cause=Cause.RULE, rule=MADE, version=version, turn=one.turn)


def _by_rule(lead: HeldLead, one: Ended, step: StageMove, *, before: Mapping[str, Any], messages: Messages) -> NewEvent:
    """The slots are those before the whole turn: without what it learned, an undone move is not made again."""
    return NewEvent(
        source=lead.stage,
        target=step.target,
        cause=Cause.RULE,
        rule=step.rule,
        criteria=[_proven(criterion, one, messages) for criterion in step.criteria],
        slots_before=before,
        version=one.begun.version.id,
        turn=one.turn,
    )


def _proven(criterion: Mapping[str, Any], one: Ended, messages: Messages) -> Mapping[str, Any]:
    """Each quote with the message in which it stands."""
    message = messages.get((one.conversation, criterion.get("message") or 0))
    return {**criterion, "message_id": str(message)} if message else criterion


async def _messages_of(session: TenantSession, turns: Sequence[Ended]) -> Messages:
    quoted = {
        (one.conversation, int(criterion["message"]))
        for one in turns
        for step in one.decision.moves
        for criterion in step.criteria
        if criterion.get("message")
    }
    return await store.messages_of(session, quoted)


async def _force(session: TenantSession, lead: HeldLead, *, to: str, by: Actor, reason: str) -> HeldLead:
    said = _reason(reason)
    if to == lead.stage:
        return lead
    new = NewEvent(
        source=lead.stage,
        target=to,
        cause=Cause.STAFF,
        slots_before=lead.slots,
        actor=by.id,
        is_forced=True,
        reason=said,
    )
    after = await _keep_one(session, lead.moved(new))
    await _recall(session, after)
    audit.record(session, by, "lead.moved", subject=lead.id, detail={"from": lead.stage, "to": to})
    return after


async def _keep_one(session: TenantSession, lead: HeldLead) -> HeldLead:
    await _keep(session, [lead])
    return lead


async def _keep(session: TenantSession, leads: Sequence[HeldLead]) -> None:
    await store.keep(session, leads)
    for lead in leads:
        for seq, new in lead.numbered():
            told = {
                "event": str(new.id),
                "seq": seq,
                "from": new.source,
                "to": new.target,
                "cause": new.cause.value,
                "contact": str(lead.contact_id),
                "conversation": str(lead.conversation_id) if lead.conversation_id else None,
            }
            emit(session, Event(kind=EventKind.LEAD_MOVED, subject_id=lead.id, payload=told))


async def _recall(session: TenantSession, lead: HeldLead, *, without: Iterable[str] = ()) -> None:
    """What the conversation remembers follows its lead: the stage, and the slots that still count."""
    conversation = lead.conversation_id
    kept = await store.dialogue_of(session, conversation) if conversation else None
    if not kept or conversation is None:
        return
    dialogue = memory.from_json(kept, first_stage=lead.stage)
    pending = {name: filled for name, filled in dialogue.slots.items() if not filled.is_confirmed}
    counting = {
        name: await _filled(session, conversation, dialogue, name=name, value=value)
        for name, value in lead.slots.items()
    }
    gone = frozenset(without)
    recalled = replace(
        dialogue,
        stage=lead.stage,
        slots={**pending, **counting},
        evidence={name: quote for name, quote in dialogue.evidence.items() if name not in gone},
    )
    await store.write_dialogue(session, conversation, memory.to_json(recalled))


async def _filled(
    session: TenantSession, conversation: ConversationId, dialogue: Dialogue, *, name: str, value: Mapping[str, Any]
) -> Filled:
    """With the words that gave it, where they are still known."""
    now = dialogue.slots.get(name)
    if now is not None and now.value == value and now.is_confirmed:
        return now
    words, message = await store.words_for(session, conversation, name, value=value)
    return Filled(value=value, quote=Quote(text=words, message=message))


def _slots_after(lead: HeldLead, one: Ended) -> dict[str, Any]:
    """What other conversations told stays; what this one took back goes."""
    before, after = _counting(one.before), _counting(one.decision.dialogue)
    kept = {name: value for name, value in lead.slots.items() if name not in before}
    return {**kept, **after}


def _counting(dialogue: Dialogue) -> dict[str, Any]:
    return {name: dict(filled.value) for name, filled in dialogue.slots.items() if filled.is_confirmed}


def _undoable(events: list[LeadStageEvent], seq: int) -> LeadStageEvent:
    """Moves are taken back in the order opposite to theirs; what took one back is not one."""
    if seq not in {event.seq for event in events}:
        raise NotFound("Este movimento não existe.", "There is no such move.")
    standing = _standing(events)
    if not standing or standing[0].seq != seq:
        raise Conflict(
            "Só o último movimento que ainda vale pode ser desfeito: leia o lead de novo.",
            "Only the newest move that still stands can be taken back: read the lead again.",
        )
    return standing[0]


def _standing(events: list[LeadStageEvent]) -> list[LeadStageEvent]:
    undone = {event.undo_of for event in events}
    return [event for event in events if event.undo_of is None and event.id not in undone]


def _named(event: LeadStageEvent, kind: str) -> list[str]:
    """What satisfied it. Left in place it would lead there again with the next turn."""
    ids = [str(criterion.get("id", "")) for criterion in event.criteria]
    return [one.removeprefix(kind) for one in ids if one.startswith(kind)]


def _proved_by(event: LeadStageEvent, slots: Mapping[str, Any]) -> dict[str, Any]:
    """Values that count because of the turn that made this move."""
    names = [name for name in _named(event, _SLOT) if name in slots]
    return {name: slots[name] for name in names if event.slots_before.get(name) != slots[name]}


def _reason(reason: str) -> str:
    said = reason.replace("\0", "").strip()[:LONGEST_REASON]
    if not said:
        raise _wrong("reason", "diga por que", "say why")
    return said


def _wrong(field: str, pt: str, en: str) -> Malformed:
    return Malformed(
        "O lead não foi movido: veja `errors`.",
        "The lead was not moved: see `errors`.",
        errors=(FieldError(field=f"body.{field}", message=Text(pt, en)),),
    )
