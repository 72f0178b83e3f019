"""The only writer of leads: each move is an event that says why, and the lead stands where its newest event leads.

A rule moves a lead by the criteria of one stage, from where it stands. People may move it anywhere, with a reason, and
what they decided stays: a turn that began before gives way, and so does what its conversation remembers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from agents.commands import Quote
from core import audit
from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed, NotFound
from core.events import Event, EventKind, emit
from core.ids import ConversationId
from core.models.personas import Cause, Lead, LeadStageEvent, StageKind
from core.texts import Text
from graphs.conversation import memory
from graphs.conversation.state import Decision, Dialogue, Filled, Route, StageMove
from graphs.stores import facts
from graphs.stores import leads as store
from graphs.stores.leads import NewEvent
from graphs.stores.snapshots import Begun

MADE: Final = "lead.made"
MERGED: Final = "contact.merged"
LONGEST_REASON: Final = 500
_SILENT: Final = frozenset({Route.SILENCE, Route.ABSORB})
_EVIDENCE: Final = "evidence:"
_SLOT: Final = "slot:"
_RANKS: Final = {StageKind.LOST: 0, StageKind.OPEN: 1, StageKind.WON: 2}
_NOWHERE: Final = (-1, -1)  # a stage that the board has no more


async def apply(session: TenantSession, begun: Begun, decision: Decision) -> None:
    """What a turn means for the lead: its moves, and the slots that count. The first turn that answers makes it."""
    lead = await _lead_of(session, begun, decision)
    if lead is None:
        return
    snapshot, persona = begun.snapshot, begun.version.persona
    is_ours = lead.conversation_id == snapshot.conversation
    if is_ours and persona.stage(lead.stage).id != persona.stage(snapshot.dialogue.stage).id:
        await _give_way(session, begun, decision, lead)
        return
    before, slots = dict(lead.slots), _slots_after(lead, begun, decision)
    for step in await _with_messages(session, begun, decision.moves):
        if persona.stage(lead.stage).id == step.source:  # one that is further on, by another conversation, stays there
            lead.conversation_id = snapshot.conversation
            await _move_by_rule(session, lead, begun, move=step, before=before)
    await store.keep_slots(session, lead, slots)


async def move(session: TenantSession, lead: UUID, *, to: str, by: Actor, reason: str) -> Lead:
    """By a person, to any column of its board, whatever its criteria say. To where it stands, nothing happens."""
    row = await store.hold(session, lead)
    if to not in {stage.key for stage in await store.stages_of(session, row.board_id)}:
        raise _wrong("stage", "não é uma etapa deste quadro", "not a stage of this board")
    return await _force(session, row, to=to, by=by, reason=reason)


async def mark_lost(session: TenantSession, lead: UUID, *, by: Actor, reason: str) -> Lead:
    """From any stage."""
    row = await store.hold(session, lead)
    lost = await store.lost_stage_of(session, row.board_id)
    if lost is None:
        raise Conflict(
            "Este quadro não tem uma etapa de perda: crie uma na persona.",
            "This board has no stage for what is lost: add one to the persona.",
        )
    return await _force(session, row, to=lost, by=by, reason=reason)


async def undo(session: TenantSession, lead: UUID, *, seq: int, by: Actor, reason: str | None = None) -> Lead:
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
    await _add(session, row, new)
    await facts.forget(session, row.contact_id, _proved_by(undone, row.slots))
    await store.keep_slots(session, row, undone.slots_before)
    await _recall(session, row, without=_named(undone, _EVIDENCE))
    audit.record(session, by, "lead.undone", subject=lead, detail={"seq": seq, "to": undone.from_stage})
    return row


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
    await _add(session, row, new)
    await store.keep_slots(session, row, {**row.slots, **gone.slots})
    await _recall(session, row)
    return row.seq


async def part(session: TenantSession, lead: UUID, *, seq: int) -> None:
    """Takes a joining back, unless the lead has moved since: then where it stands is its own."""
    standing = _standing(await store.events_of(session, lead))
    if standing and standing[0].seq == seq:
        await undo(session, lead, seq=seq, by=audit.SYSTEM)


async def _lead_of(session: TenantSession, begun: Begun, decision: Decision) -> Lead | None:
    snapshot = begun.snapshot
    found = await store.find(session, begun.version.name, snapshot.contact)
    if found is not None or (decision.route in _SILENT and not decision.moves):
        return found
    first = begun.version.persona.stage(snapshot.dialogue.stage).id
    board = await store.board_of(session, begun.version.name)
    lead, is_new = await store.make(
        session, board.id, snapshot.contact, conversation=snapshot.conversation, stage=first
    )
    if is_new:
        new = NewEvent(
            source=None,
            target=first,
            cause=Cause.RULE,
            rule=MADE,
            version=begun.version.id,
            turn=begun.claim.turn,
        )
        await _add(session, lead, new)
    return lead


async def _give_way(session: TenantSession, begun: Begun, decision: Decision, lead: Lead) -> None:
    """Somebody moved the lead while the turn ran: what it decided about stages is void, what it learned is kept."""
    before = _counting(begun.snapshot.dialogue)
    learned = {name: value for name, value in _counting(decision.dialogue).items() if before.get(name) != value}
    await store.keep_slots(session, lead, {**lead.slots, **learned})
    await _recall(session, lead)


async def _move_by_rule(
    session: TenantSession, lead: Lead, begun: Begun, *, move: StageMove, before: Mapping[str, Any]
) -> None:
    """The slots are those before the whole turn: without what it learned, an undone move is not made again."""
    new = NewEvent(
        source=lead.stage,
        target=move.target,
        cause=Cause.RULE,
        rule=move.rule,
        criteria=move.criteria,
        slots_before=before,
        version=begun.version.id,
        turn=begun.claim.turn,
    )
    await _add(session, lead, new)


async def _force(session: TenantSession, lead: Lead, *, to: str, by: Actor, reason: str) -> Lead:
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
    source = lead.stage
    await _add(session, lead, new)
    await _recall(session, lead)
    audit.record(session, by, "lead.moved", subject=lead.id, detail={"from": source, "to": to})
    return lead


async def _add(session: TenantSession, lead: Lead, new: NewEvent) -> None:
    event = await store.add_event(session, lead, new)
    told = {
        "event": str(event.id),
        "seq": event.seq,
        "from": event.from_stage,
        "to": event.to_stage,
        "cause": event.cause.value,
        "contact": str(lead.contact_id),
        "conversation": str(lead.conversation_id) if lead.conversation_id else None,
    }
    emit(session, Event(kind=EventKind.LEAD_MOVED, subject_id=lead.id, payload=told))


async def _recall(session: TenantSession, lead: Lead, *, without: Iterable[str] = ()) -> None:
    """What the conversation remembers follows its lead: the stage, and the slots that still count."""
    conversation = lead.conversation_id
    kept = await store.dialogue_of(session, conversation) if conversation else None
    if not kept or conversation is None:
        return
    dialogue = memory.from_json(kept, first_stage=lead.stage)
    pending = {name: filled for name, filled in dialogue.slots.items() if not filled.is_confirmed}
    counting = {
        name: await _filled(session, ConversationId(conversation), dialogue, name=name, value=value)
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


async def _with_messages(session: TenantSession, begun: Begun, moves: Iterable[StageMove]) -> list[StageMove]:
    """Each quote with the message in which it stands."""
    steps = list(moves)
    seqs = {int(one["message"]) for step in steps for one in step.criteria if one.get("message")}
    ids = await store.messages_of(session, begun.snapshot.conversation, seqs)

    def proven(criterion: Mapping[str, Any]) -> Mapping[str, Any]:
        message = ids.get(criterion.get("message") or 0)
        return {**criterion, "message_id": str(message)} if message else criterion

    return [replace(step, criteria=tuple(map(proven, step.criteria))) for step in steps]


def _slots_after(lead: Lead, begun: Begun, decision: Decision) -> dict[str, Any]:
    """What other conversations told stays; what this one took back goes."""
    before, after = _counting(begun.snapshot.dialogue), _counting(decision.dialogue)
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
