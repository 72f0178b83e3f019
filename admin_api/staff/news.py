"""Events that leave no trace in how a conversation stands: each is said once, where it concerns somebody."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from admin_api.staff import showing, waiting
from admin_api.staff.amounts import moment
from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk, lines, notes, topics
from admin_api.staff.stores.desk import View
from admin_api.staff.stores.desk_news import Move, connection_of, move_of
from admin_api.staff.stores.notes import NewNote
from channels.telegram_staff.notes import Rows, Say
from channels.telegram_staff.rich import Rich, bold, italic, quote
from channels.telegram_staff.rich import lines as stacked
from core.db.sessions import TenantSession
from core.events import EventKind
from core.ids import ConversationId
from core.models.people import ConnectionState
from core.models.record import DomainEvent
from core.models.service import Approver, EffectState
from core.models.staff import NoteLane, StaffGroup, TopicState
from core.texts import Language, Text
from graphs.stores import effects

UNDO: Final = "desk.stage.undo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    session: TenantSession
    group: StaffGroup
    language: Language
    buttons: Buttons


def concerns(event: DomainEvent) -> bool:
    return event.kind in _TELL


async def tell(session: TenantSession, group: StaffGroup, event: DomainEvent, buttons: Buttons) -> None:
    scene = Scene(session=session, group=group, language=await desk.language_of(session), buttons=buttons)
    await _TELL[event.kind](scene, event)


async def _spot(scene: Scene, conversation: UUID | str | None) -> tuple[Spot, View] | None:
    """None where nobody looks after that conversation just now."""
    if conversation is None:
        return None
    known = ConversationId(UUID(str(conversation)))
    topic = await topics.find(scene.session, scene.group.id, known)
    if topic is None or topic.state is TopicState.CLOSED or topic.conversation_id != known:
        return None
    spot = Spot(session=scene.session, group=scene.group.id, topic=topic.id)
    return spot, await desk.view(scene.session, known)


async def _changed(scene: Scene, event: DomainEvent) -> None:
    """Of what was shown; what was not shown yet is shown as it is by then."""
    found = await _spot(scene, event.subject_id)
    if found is None:
        return
    spot, view = found
    line = await lines.one(scene.session, scene.group.id, view.conversation, seq=int(event.payload["seq"]))
    if line is None:
        return
    reply_to = await lines.shown_as(scene.session, scene.group.id, line.id)
    if reply_to is not None:
        await spot.post(showing.edited(line, scene.language, reply_to=reply_to), key=f"changed:{event.seq}")


async def _late(scene: Scene, event: DomainEvent) -> None:
    found = await _spot(scene, event.subject_id)
    if found is not None:
        spot, view = found
        told: Mapping[str, Any] = event.payload
        await waiting.late(spot, view, kind=str(told.get("kind")), to=told.get("to"), key=f"late:{event.seq}")


async def _moved(scene: Scene, event: DomainEvent) -> None:
    """With what it rests on, and the way back."""
    found = await _spot(scene, event.payload.get("conversation"))
    move = await move_of(scene.session, UUID(event.payload["event"])) if found else None
    if found is None or move is None or event.subject_id is None:
        return
    spot, view = found
    head = "📈 " + bold(Text("Etapa: ", "Stage: ").in_(scene.language)) + f"{move.before} → {move.after}"
    said = Say(
        text=stacked(head, *(quote(words) for words in move.quotes)),
        buttons=await _way_back(scene, view, event.subject_id, move),
        is_silent=True,
    )
    await spot.post(said, key=f"moved:{event.seq}", lane=NoteLane.NEWS)


async def _way_back(scene: Scene, view: View, lead: UUID, move: Move) -> Rows:
    if not move.can_be_undone:
        return ()
    choice = Choice(
        text=Text("↩️ Desfazer", "↩️ Undo").in_(scene.language),
        action=UNDO,
        arguments={"lead": str(lead), "seq": move.seq},
        conversation=view.conversation,
    )
    return ((await scene.buttons.make(scene.session, uuid5(lead, f"{UNDO}:{move.seq}"), choice),),)


async def _failed(scene: Scene, event: DomainEvent) -> None:
    """Somebody said yes to it, and it was not done: also where its topic is closed by now."""
    effect = await effects.get(scene.session, event.subject_id) if event.subject_id else None
    if effect is None or effect.state is not EffectState.FAILED or effect.approver is not Approver.STAFF:
        return
    topic = await topics.find(scene.session, scene.group.id, ConversationId(effect.conversation_id))
    if topic is None:
        return
    why = effect.reason or "?"
    words = Text(
        f"⚠️ O que foi aprovado não deu certo ({why}): fale com o cliente.",
        f"⚠️ What was approved failed ({why}): talk to the customer.",
    )
    spot = Spot(session=scene.session, group=scene.group.id, topic=topic.id)
    await spot.post(Say(text=Rich(words.in_(scene.language))), key=f"failed:{event.seq}", lane=NoteLane.ALERT)


async def _promised(scene: Scene, event: DomainEvent) -> None:
    found = await _spot(scene, event.subject_id)
    if found is None:
        return
    spot, view = found
    moments = (datetime.fromisoformat(one["at"]) for one in event.payload.get("promises", ()))
    at = ", ".join(moment(view.local(one), scene.language) for one in moments)
    words = Text(f"⏰ Chegou a hora combinada com {view.person}: {at}.", f"⏰ {view.person} was promised: {at}.")
    await spot.post(Say(text=Rich(words.in_(scene.language))), key=f"promise:{event.seq}", lane=NoteLane.ALERT)


async def _opted_out(scene: Scene, event: DomainEvent) -> None:
    if event.subject_id is None:
        return
    words = Text("🔕 Pediu para não receber mais mensagens.", "🔕 Asked not to be written to any more.")
    for topic in await topics.of_contact(scene.session, scene.group.id, event.subject_id):
        spot = Spot(session=scene.session, group=scene.group.id, topic=topic.id)
        await spot.post(Say(text=Rich(words.in_(scene.language))), key=f"optout:{event.seq}:{topic.id}")


async def _expiring(scene: Scene, event: DomainEvent) -> None:
    name, days = await _connection(scene, event), event.payload.get("days")
    words = Text(
        f"🔑 O token da conexão {name} vence em {days} dia(s): renove no painel do provedor e conecte de novo.",
        f"🔑 The token of connection {name} expires in {days} day(s): renew it and connect again.",
    )
    await _say_to_all(scene, words, key=f"expiring:{event.seq}", lane=NoteLane.ALERT)


async def _connection_changed(scene: Scene, event: DomainEvent) -> None:
    state = str(event.payload.get("state"))
    words = _STATES.get(state)
    if "state" not in event.payload.get("changed", ()) or words is None:
        return
    name = await _connection(scene, event)
    told = Text(f"🔌 Conexão {name}: {words.pt}", f"🔌 Connection {name}: {words.en}")
    lane = NoteLane.NEWS if state == ConnectionState.ACTIVE else NoteLane.ALERT
    await _say_to_all(scene, told, key=f"connection:{event.seq}", lane=lane)


async def _connection(scene: Scene, event: DomainEvent) -> str:
    return await connection_of(scene.session, event.subject_id) or "?"


async def _say_to_all(scene: Scene, words: Text, *, key: str, lane: NoteLane) -> None:
    said = Say(text=italic(words.in_(scene.language)) if lane is NoteLane.NEWS else Rich(words.in_(scene.language)))
    await notes.post(scene.session, NewNote(key=key, body=said, lane=lane, group=scene.group.id))


_STATES: Final[Mapping[str, Text]] = {
    ConnectionState.ACTIVE: Text("funcionando de novo.", "working again."),
    ConnectionState.CREDENTIAL_REFUSED: Text(
        "o provedor recusou o token. Nada é enviado até renovar.", "the token was refused. Nothing is sent until then."
    ),
    ConnectionState.NEEDS_PAIRING: Text("precisa ser pareada de novo.", "has to be paired again."),
    ConnectionState.ACCOUNT_BLOCKED: Text(
        "a conta ou o número está bloqueado no provedor.", "the account or number is blocked at the provider."
    ),
    ConnectionState.DISABLED: Text("desativada por alguém da equipe.", "disabled by somebody of the team."),
}
_TELL: Final[Mapping[str, Callable[[Scene, DomainEvent], Awaitable[None]]]] = {
    EventKind.MESSAGE_CHANGED: _changed,
    EventKind.HANDOFF_LATE: _late,
    EventKind.LEAD_MOVED: _moved,
    EventKind.PROMISE_DUE: _promised,
    EventKind.EFFECT_ENDED: _failed,
    EventKind.CONTACT_OPTED_OUT: _opted_out,
    EventKind.CONNECTION_EXPIRING: _expiring,
    EventKind.CONNECTION_CHANGED: _connection_changed,
}
