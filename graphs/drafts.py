"""What a person does with an answer that a turn has drafted: send it as it is or their own way, or refuse it.

Decided under the conversation's lock, once: what the customer or somebody of the company said since makes it stale.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from channels.contents import Text
from channels.stores import outbox
from channels.stores.outbox import NewOutbound
from core import audit
from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed
from core.events import Event, EventKind, emit
from core.ids import ConversationId, TurnId
from core.models.outbox import Purpose
from core.models.service import DraftState
from core.models.stream import Control
from core.texts import Text as Words
from graphs.conversation.state import Outcome
from graphs.edit_distance import edit_distance
from graphs.stores import drafts as store
from graphs.stores import handoff
from graphs.stores.drafts import Shown, Verdict
from graphs.stores.snapshots import Begun

LONGEST_REASON: Final = 500
MOST_BUBBLES: Final = 10
LONGEST_BUBBLE: Final = 4096
_BETWEEN: Final = "\n\n"


async def accept(session: TenantSession, draft: UUID, *, by: Actor) -> Shown:
    """Sent as it is. The words are of the company from then on: a change of control withdraws them no more."""
    shown = await store.hold(session, draft)
    said = _BETWEEN.join(shown.texts)
    verdict = Verdict(state=DraftState.ACCEPTED, text=said, distance=0)
    return await _send(session, shown, shown.texts, verdict=verdict, by=by)


async def send_edited(session: TenantSession, draft: UUID, bubbles: Sequence[str], *, by: Actor) -> Shown:
    """As the person wrote it; how much they changed is kept. Unchanged, it was accepted."""
    texts = tuple(_tidy(bubbles))
    if not texts:
        raise _wrong("bubbles", "escreva o que enviar", "write what is to be sent")
    shown = await store.hold(session, draft)
    said, drafted = _BETWEEN.join(texts), _BETWEEN.join(shown.texts)
    state = DraftState.ACCEPTED if texts == shown.texts else DraftState.EDITED
    verdict = Verdict(state=state, text=said, distance=edit_distance(drafted, said))
    return await _send(session, shown, texts, verdict=verdict, by=by)


async def reject(session: TenantSession, draft: UUID, *, by: Actor, reason: str) -> Shown:
    """Not sent, and why. One that is stale may be refused all the same."""
    said = reason.replace("\0", "").strip()[:LONGEST_REASON]
    if not said:
        raise _wrong("reason", "diga por que", "say why")
    shown = await store.hold(session, draft)
    verdict = Verdict(state=DraftState.REJECTED, reason=said)
    if _is_done_already(shown, verdict, by):
        return shown
    return await _decide(session, shown, verdict, by=by)


async def suggest(session: TenantSession, begun: Begun, outcome: Outcome) -> bool:
    """What a turn had ready when a person took the conversation over is theirs to use: the turn ends with it.

    False, and nothing is done, where nobody could use it: then the turn gives way as any other.
    """
    held = await handoff.hold(session, begun.snapshot.conversation)
    if held.control is not Control.HUMAN or not outcome.bubbles or outcome.decision.handover is not None:
        return False
    draft = await store.suggest(session, begun, outcome)
    if draft is None:
        return False
    _tell(session, EventKind.DRAFT_PROPOSED, begun.snapshot.conversation, draft=draft)
    return True


async def _send(session: TenantSession, shown: Shown, texts: Sequence[str], *, verdict: Verdict, by: Actor) -> Shown:
    if _is_done_already(shown, verdict, by):
        return shown
    if shown.is_stale:
        raise Conflict(
            "A conversa andou depois deste rascunho: leia de novo antes de responder.",
            "The conversation has gone on since this draft: read it again before you answer.",
        )
    row = shown.row
    news = [
        NewOutbound(
            conversation=ConversationId(row.conversation_id),
            intent=f"draft:{row.id}:{number}",
            content=Text(body=text),
            purpose=Purpose.STAFF,
            turn=TurnId(row.turn_id),
        )
        for number, text in enumerate(texts)
    ]
    await outbox.queue_many(session, news)
    return await _decide(session, shown, verdict, by=by)


def _is_done_already(shown: Shown, verdict: Verdict, by: Actor) -> bool:
    """The same by the same person. Whoever comes second with anything else is told."""
    row = shown.row
    if row.state is DraftState.PROPOSED:
        return False
    if (row.state, row.decided_by, row.sent_text) == (verdict.state, by.id, verdict.text):
        return True
    if row.state is DraftState.SUPERSEDED:
        raise Conflict(
            "Este rascunho foi substituído: a conversa andou, ou outra pessoa responde.",
            "This draft was superseded: the conversation has gone on, or somebody else answers.",
        )
    raise Conflict("Este rascunho já foi decidido.", "This draft was decided already.")


async def _decide(session: TenantSession, shown: Shown, verdict: Verdict, *, by: Actor) -> Shown:
    row = shown.row
    await store.decide(session, row.id, verdict, by=by)
    conversation = ConversationId(row.conversation_id)
    _tell(session, EventKind.DRAFT_DECIDED, conversation, draft=row.id, state=verdict.state, distance=verdict.distance)
    detail = {"conversation": str(conversation), "distance": verdict.distance}
    audit.record(session, by, f"draft.{verdict.state}", subject=row.id, detail=detail)
    return await store.get(session, row.id)


def _tell(session: TenantSession, kind: EventKind, conversation: ConversationId, **told: object) -> None:
    payload = {
        name: value if isinstance(value, int) else str(value) for name, value in told.items() if value is not None
    }
    emit(session, Event(kind=kind, subject_id=conversation, payload=payload))


def _tidy(bubbles: Sequence[str]) -> list[str]:
    return [text for bubble in bubbles if (text := bubble.replace("\0", "").strip())]


def _wrong(field: str, pt: str, en: str) -> Malformed:
    return Malformed(
        "O rascunho ficou como estava: veja `errors`.",
        "The draft is as it was: see `errors`.",
        errors=(FieldError(field=f"body.{field}", message=Words(pt, en)),),
    )
