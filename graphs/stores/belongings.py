"""What hangs on a contact besides its conversations: it follows a merger, and goes back when that is taken back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text, update
from sqlalchemy.dialects.postgresql import JSONB

from channels.stores.folds import Fold
from core.db.locks import hold_each_until_commit
from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.commerce import Appointment, Charge, Order
from core.models.personas import Lead
from core.models.service import Effect, EffectState, TimerKind
from graphs.stores import timers

_OWNED: Final[Mapping[str, type[Appointment | Charge | Effect | Order]]] = {
    "appointments": Appointment,
    "effects": Effect,
    "orders": Order,
    "charges": Charge,
}
_OPEN: Final = (EffectState.PROPOSED, EffectState.APPROVED, EffectState.RUNNING)
_APART: Final[Mapping[str, Any]] = {"synchronize_session": False}
_UUIDS: Final = ARRAY(Uuid)

Detail = dict[str, Any]


async def hold_conversations(session: TenantSession, *, kept: UUID, gone: UUID) -> None:
    """All of both, before anything that hangs on them: a turn takes them in this order, too."""
    await session.execute(_HOLD, {"kept": kept, "gone": gone})


async def pairs_of_leads(session: TenantSession, *, kept: UUID, gone: UUID) -> list[tuple[UUID, UUID]]:
    """On boards where both have one: theirs, and that of the contact that goes."""
    rows = await session.execute(_PAIRS, {"kept": kept, "gone": gone})
    return [(row.kept, row.gone) for row in rows]


async def move_leads(session: TenantSession, *, kept: UUID, gone: UUID) -> list[Detail]:
    """Those on boards where the other has none."""
    rows = (await session.execute(_MOVE_LEADS, {"kept": kept, "gone": gone})).all()
    return [{"id": str(row.id), "conversation": _written(row.conversation_id)} for row in rows]


async def give_back_leads(session: TenantSession, leads: Sequence[Detail], *, kept: UUID, gone: UUID) -> None:
    for lead in leads:
        own = UUID(lead["conversation"]) if lead["conversation"] else None
        await session.execute(_GIVE_BACK_LEAD, {"kept": kept, "gone": gone, "lead": UUID(lead["id"]), "own": own})


async def move_facts(session: TenantSession, *, kept: UUID, gone: UUID) -> Detail:
    """Of two that say what one thing is, the one that was told last is known; the other was known until now."""
    await hold_each_until_commit(session, [("facts", kept), ("facts", gone)])
    pair = {"kept": kept, "gone": gone}
    closed = list(await session.scalars(_CLOSE_OLDER_FACTS, pair))
    moved = list(await session.scalars(_MOVE_FACTS, pair))
    return {"moved": _all_written(moved), "closed": _all_written(closed)}


async def give_back_facts(session: TenantSession, facts: Detail, *, kept: UUID, gone: UUID) -> None:
    await hold_each_until_commit(session, [("facts", kept), ("facts", gone)])
    await session.execute(_GIVE_BACK_FACTS, {"kept": kept, "gone": gone, "ids": _all_read(facts["moved"])})
    await session.execute(_REOPEN_FACTS, {"ids": _all_read(facts["closed"])})


async def move_owned(session: TenantSession, *, kept: UUID, gone: UUID) -> Detail:
    """Appointments, effects, orders and charges."""
    moved: Detail = {}
    for name, model in _OWNED.items():
        rows = await session.scalars(
            update(model)
            .where(model.contact_id == gone)
            .values(contact_id=kept)
            .returning(model.id)
            .execution_options(**_APART)
        )
        moved[name] = _all_written(rows.all())
    return moved


async def give_back_owned(session: TenantSession, moved: Detail, *, kept: UUID, gone: UUID) -> None:
    for name, model in _OWNED.items():
        theirs = update(model).where(model.id.in_(_all_read(moved[name])), model.contact_id == kept)
        await session.execute(theirs.values(contact_id=gone).execution_options(**_APART))


async def move_open(session: TenantSession, fold: Fold) -> Detail:
    """What is not done yet in a conversation that was folded is done, and told, in the one that stays."""
    undone = update(Effect).where(Effect.conversation_id == fold.source, Effect.state.in_(_OPEN)).returning(Effect.id)
    linked = update(Lead).where(Lead.conversation_id == fold.source).returning(Lead.id)
    effects, leads = [
        _all_written(
            (await session.scalars(of_them.values(conversation_id=fold.into).execution_options(**_APART))).all()
        )
        for of_them in (undone, linked)
    ]
    promises = await _promised(session, fold.source)
    await _promise(session, fold.into, promises)
    await timers.cancel(session, fold.source, [TimerKind.PROMISE])
    moved = {"effects": effects, "leads": leads, "promises": promises}
    return {"source": str(fold.source), "into": str(fold.into), **moved}


async def give_back_open(session: TenantSession, moved: Detail) -> None:
    """What is still open of it."""
    source, into = ConversationId(UUID(moved["source"])), ConversationId(UUID(moved["into"]))
    for theirs in (
        update(Effect).where(Effect.id.in_(_all_read(moved["effects"])), Effect.conversation_id == into),
        update(Lead).where(Lead.id.in_(_all_read(moved["leads"])), Lead.conversation_id == into),
    ):
        await session.execute(theirs.values(conversation_id=source).execution_options(**_APART))
    waiting = await _promised(session, into)
    back = [one for one in waiting if one in moved["promises"]]
    if back:
        await timers.cancel(session, into, [TimerKind.PROMISE])
        await _promise(session, into, [one for one in waiting if one not in back])
        await _promise(session, source, back)


async def _promised(session: TenantSession, conversation: UUID) -> list[Detail]:
    return await session.scalar(_PROMISED, {"conversation": conversation}) or []


async def _promise(session: TenantSession, conversation: ConversationId, promises: Sequence[Detail]) -> None:
    if promises:
        epoch = await session.scalar(_EPOCH, {"conversation": conversation}) or 0
        await timers.promise_later(session, conversation, epoch=epoch, promises=promises)


def _written(one: UUID | None) -> str | None:
    return str(one) if one else None


def _all_written(ids: Sequence[UUID]) -> list[str]:
    return [str(one) for one in ids]


def _all_read(ids: Sequence[str]) -> list[UUID]:
    return [UUID(one) for one in ids]


_HOLD: Final = text("""
    SELECT id FROM conversations WHERE contact_id IN (:kept, :gone) ORDER BY id FOR NO KEY UPDATE
""")

_PAIRS: Final = text("""
    SELECT k.id AS kept, g.id AS gone FROM leads k JOIN leads g ON g.board_id = k.board_id
    WHERE k.contact_id = :kept AND g.contact_id = :gone ORDER BY k.id
""")

_MOVE_LEADS: Final = text("""
    UPDATE leads g SET contact_id = :kept WHERE g.contact_id = :gone
        AND NOT EXISTS (SELECT FROM leads k WHERE k.board_id = g.board_id AND k.contact_id = :kept)
    RETURNING g.id, g.conversation_id
""")

# One that moved since in a conversation that went back, too, stays linked to it.
_GIVE_BACK_LEAD: Final = text("""
    UPDATE leads l SET contact_id = :gone, conversation_id = CASE WHEN EXISTS (SELECT FROM conversations c
            WHERE c.id = l.conversation_id AND c.contact_id = :gone) THEN l.conversation_id ELSE :own END
    WHERE l.id = :lead AND l.contact_id = :kept
        AND NOT EXISTS (SELECT FROM leads o WHERE o.board_id = l.board_id AND o.contact_id = :gone)
""").bindparams(bindparam("own", type_=Uuid))

_CLOSE_OLDER_FACTS: Final = text("""
    UPDATE contact_facts f SET valid_to = app_now() FROM contact_facts k JOIN contact_facts g ON g.key = k.key
    WHERE k.contact_id = :kept AND g.contact_id = :gone AND k.valid_to IS NULL AND g.valid_to IS NULL
        AND f.id = CASE WHEN g.valid_from > k.valid_from THEN k.id ELSE g.id END
    RETURNING f.id
""")

_MOVE_FACTS: Final = text("UPDATE contact_facts SET contact_id = :kept WHERE contact_id = :gone RETURNING id")

_GIVE_BACK_FACTS: Final = text("""
    UPDATE contact_facts SET contact_id = :gone WHERE id = ANY (:ids) AND contact_id = :kept
""").bindparams(bindparam("ids", type_=_UUIDS))

_REOPEN_FACTS: Final = text("""
    UPDATE contact_facts f SET valid_to = NULL WHERE f.id = ANY (:ids) AND NOT EXISTS (SELECT FROM contact_facts o
        WHERE o.contact_id = f.contact_id AND o.key = f.key AND o.valid_to IS NULL)
""").bindparams(bindparam("ids", type_=_UUIDS))

_PROMISED: Final = text("""
    SELECT payload -> 'promises' AS promises FROM timers
    WHERE conversation_id = :conversation AND kind = 'promise' AND done_at IS NULL
""").columns(promises=JSONB)

_EPOCH: Final = text("SELECT control_epoch FROM conversations WHERE id = :conversation")
