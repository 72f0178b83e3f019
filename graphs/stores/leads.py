"""Leads as rows: a projection of their events, which are only ever added; and how people look for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ContactId, ConversationId, MessageId, PersonaVersionId, TurnId, new_id
from core.models.people import Contact, ContactIdentity
from core.models.personas import Board, BoardStage, Cause, Lead, LeadStageEvent, StageKind

MOST_EVENTS: Final = 500
_FEW_DIGITS: Final = 3  # of a number; fewer would find everybody


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """A move. `slots_before` is what an undo brings back."""

    source: str | None
    target: str
    cause: Cause
    rule: str | None = None
    criteria: Sequence[Mapping[str, Any]] = ()
    slots_before: Mapping[str, Any] = field(default_factory=dict)
    version: PersonaVersionId | None = None
    turn: TurnId | None = None
    actor: UUID | None = None
    is_forced: bool = False
    undo_of: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadListing:
    most: int
    after: tuple[datetime, UUID] | None = None
    board: str | None = None
    stage: str | None = None
    words: str | None = None
    contact: UUID | None = None
    conversation: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A lead as a board shows it, with what led it where it stands."""

    lead: Lead
    board: str
    contact_name: str | None
    newest: LeadStageEvent | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    stage: BoardStage
    leads: int


async def board_of(session: TenantSession, persona: str) -> Board:
    """Made with the first version of a persona that was activated, and only such a version ever answers."""
    board = await session.scalar(select(Board).where(Board.key == persona))
    if board is None:
        raise AssertionError(f"no board for {persona}: a version answers that never was active")
    return board


async def find(session: TenantSession, persona: str, contact: ContactId) -> Lead | None:
    """On the persona's board. Locked until the commit."""
    on_board = (Board.tenant_id == Lead.tenant_id) & (Board.id == Lead.board_id) & (Board.key == persona)
    mine = select(Lead).join(Board, on_board).where(Lead.contact_id == contact)
    return await session.scalar(mine.with_for_update(of=Lead).execution_options(populate_existing=True))


async def make(
    session: TenantSession, board: UUID, contact: ContactId, *, conversation: ConversationId, stage: str
) -> tuple[Lead, bool]:
    """Locked until the commit; and whether it is new: another conversation may make it at the same moment."""
    lead = new_id()
    row = upsert(Lead).values(
        tenant_id=session.tenant_id,
        id=lead,
        board_id=board,
        contact_id=contact,
        conversation_id=conversation,
        stage=stage,
    )
    # Changes nothing where it is there, and locks it.
    theirs = row.on_conflict_do_update(
        index_elements=["tenant_id", "board_id", "contact_id"], set_={"contact_id": row.excluded.contact_id}
    ).returning(Lead)
    found = (await session.scalars(theirs.execution_options(populate_existing=True))).one()
    return found, found.id == lead


async def hold(session: TenantSession, lead: UUID) -> Lead:
    """Locked until the commit, after the conversation in which it moved last: a turn takes both in this order."""
    await session.execute(_HOLD_CONVERSATION, {"lead": lead})
    return await get(session, lead, is_locked=True)


async def get(session: TenantSession, lead: UUID, *, is_locked: bool = False) -> Lead:
    mine = select(Lead).where(Lead.id == lead).execution_options(populate_existing=True)
    found = await session.scalar(mine.with_for_update() if is_locked else mine)
    if found is None:
        raise NotFound("Este lead não existe.", "There is no such lead.")
    return found


async def add_event(session: TenantSession, lead: Lead, new: NewEvent) -> LeadStageEvent:
    """The next in the chain; the lead stands where it leads."""
    lead.seq += 1
    lead.stage = new.target
    lead.stage_since = lead.updated_at = await _now(session)
    event = LeadStageEvent(
        tenant_id=session.tenant_id,
        id=new_id(),
        lead_id=lead.id,
        seq=lead.seq,
        from_stage=new.source,
        to_stage=new.target,
        cause=new.cause,
        rule_id=new.rule,
        criteria=[dict(criterion) for criterion in new.criteria],
        slots_before=dict(new.slots_before),
        persona_version_id=new.version,
        turn_id=new.turn,
        actor_id=new.actor,
        is_forced=new.is_forced,
        undo_of=new.undo_of,
        reason=new.reason,
    )
    session.add(event)
    return event


async def keep_slots(session: TenantSession, lead: Lead, slots: Mapping[str, Any]) -> None:
    """What is known of the customer's wish; an unchanged lead is not touched."""
    if lead.slots != slots:
        lead.slots = dict(slots)
        lead.updated_at = await _now(session)
        await session.flush()


async def events_of(session: TenantSession, lead: UUID) -> list[LeadStageEvent]:
    """The newest first."""
    chain = select(LeadStageEvent).where(LeadStageEvent.lead_id == lead)
    return list(await session.scalars(chain.order_by(LeadStageEvent.seq.desc()).limit(MOST_EVENTS)))


async def stages_of(session: TenantSession, board: UUID) -> list[BoardStage]:
    columns = select(BoardStage).where(BoardStage.board_id == board)
    return list(await session.scalars(columns.order_by(BoardStage.position, BoardStage.key)))


async def lost_stage_of(session: TenantSession, board: UUID) -> str | None:
    return next((stage.key for stage in await stages_of(session, board) if stage.kind is StageKind.LOST), None)


async def messages_of(
    session: TenantSession, conversation: ConversationId, seqs: Collection[int]
) -> dict[int, MessageId]:
    if not seqs:
        return {}
    rows = await session.execute(_MESSAGES, {"conversation": conversation, "seqs": list(seqs)})
    return {row.seq: MessageId(row.id) for row in rows}


async def dialogue_of(session: TenantSession, conversation: UUID) -> dict[str, Any] | None:
    """What an open conversation remembers; None also where a turn commits there: it looks at the lead itself."""
    found: dict[str, Any] | None = await session.scalar(_DIALOGUE, {"conversation": conversation})
    return found


async def write_dialogue(session: TenantSession, conversation: UUID, dialogue: Mapping[str, Any]) -> None:
    await session.execute(_WRITE_DIALOGUE, {"conversation": conversation, "dialogue": dict(dialogue)})


async def words_for(
    session: TenantSession, conversation: UUID, slot: str, *, value: Mapping[str, Any]
) -> tuple[str, int]:
    """The words, and the number of their message, with which a slot got this value, as a turn has kept them."""
    bound = {"conversation": conversation, "slot": slot, "value": dict(value)}
    filled: list[Any] | None = await session.scalar(_FILLED, bound)
    return (str(filled[1]), int(filled[2])) if filled else ("", 0)


async def list_leads(session: TenantSession, wanted: LeadListing) -> list[Card]:
    """The one that changed last comes first. Those of contacts that were merged away rest."""
    rules: list[ColumnElement[bool]] = [Contact.merged_into.is_(None)]
    if wanted.after is not None:
        rules.append(tuple_(Lead.updated_at, Lead.id) < wanted.after)
    for column, value in (
        (Board.key, wanted.board),
        (Lead.stage, wanted.stage),
        (Lead.contact_id, wanted.contact),
        (Lead.conversation_id, wanted.conversation),
    ):
        if value is not None:
            rules.append(column == value)
    if wanted.words:
        rules.append(_found_by(wanted.words))
    latest = _CARDS.where(*rules).order_by(Lead.updated_at.desc(), Lead.id.desc()).limit(wanted.most)
    return [_card(row) for row in await session.execute(latest)]


async def get_card(session: TenantSession, lead: UUID) -> Card:
    found = (await session.execute(_CARDS.where(Lead.id == lead))).one_or_none()
    if found is None:
        raise NotFound("Este lead não existe.", "There is no such lead.")
    return _card(found)


async def list_boards(session: TenantSession, *, most: int, after: tuple[str, UUID] | None) -> list[Board]:
    """By name."""
    rules = [tuple_(Board.name, Board.id) > after] if after is not None else []
    return list(await session.scalars(select(Board).where(*rules).order_by(Board.name, Board.id).limit(most)))


async def columns_of(session: TenantSession, boards: Collection[UUID]) -> dict[UUID, list[Column]]:
    """Left to right, each with how many stand there."""
    stands_there = (Lead.tenant_id == BoardStage.tenant_id) & (Lead.board_id == BoardStage.board_id)
    is_somebody = (Contact.tenant_id == Lead.tenant_id) & (Contact.id == Lead.contact_id)
    counted = (
        select(BoardStage, func.count(Contact.id))
        .outerjoin(Lead, stands_there & (Lead.stage == BoardStage.key))
        .outerjoin(Contact, is_somebody & Contact.merged_into.is_(None))
        .where(BoardStage.board_id.in_(boards))
        .group_by(BoardStage.tenant_id, BoardStage.id)
        .order_by(BoardStage.position, BoardStage.key)
    )
    found: dict[UUID, list[Column]] = {}
    for stage, leads in await session.execute(counted):
        found.setdefault(stage.board_id, []).append(Column(stage=stage, leads=leads))
    return found


def _card(row: Any) -> Card:
    lead, board, name, newest = row
    return Card(lead=lead, board=board, contact_name=name, newest=newest)


def _found_by(words: str) -> ColumnElement[bool]:
    values = [ContactIdentity.value.icontains(words, autoescape=True)]
    digits = "".join(character for character in words if character.isdigit())
    if len(digits) >= _FEW_DIGITS and not any(character.isalpha() for character in words):
        values.append(ContactIdentity.value.contains(digits, autoescape=True))
    known = select(ContactIdentity.contact_id).where(or_(*values))
    return or_(Contact.name.icontains(words, autoescape=True), Contact.id.in_(known))


async def _now(session: TenantSession) -> datetime:
    """The same all through a transaction."""
    known: datetime | None = session.info.get(_NOW)
    if known is None:
        known = await session.scalar(select(func.app_now()))
    if known is None:
        raise AssertionError("the clock of the business says nothing")
    session.info[_NOW] = known
    return known


_NOW: Final = "leads.now"
_IS_NEWEST: Final = (
    (LeadStageEvent.tenant_id == Lead.tenant_id)
    & (LeadStageEvent.lead_id == Lead.id)
    & (LeadStageEvent.seq == Lead.seq)
)
_CARDS: Final = (
    select(Lead, Board.key, Contact.name, LeadStageEvent)
    .join(Board, (Board.tenant_id == Lead.tenant_id) & (Board.id == Lead.board_id))
    .join(Contact, (Contact.tenant_id == Lead.tenant_id) & (Contact.id == Lead.contact_id))
    .outerjoin(LeadStageEvent, _IS_NEWEST)
)

_HOLD_CONVERSATION: Final = text("""
    SELECT c.id FROM conversations c JOIN leads l ON l.conversation_id = c.id WHERE l.id = :lead
    FOR NO KEY UPDATE OF c
""")

_MESSAGES: Final = text(
    "SELECT seq, id FROM messages WHERE conversation_id = :conversation AND seq = ANY (:seqs)"
).bindparams(bindparam("seqs", type_=ARRAY(BigInteger)))

_DIALOGUE: Final = text(
    "SELECT dialogue FROM conversations WHERE id = :conversation AND control <> 'closed' FOR NO KEY UPDATE SKIP LOCKED"
).columns(dialogue=JSONB)

_WRITE_DIALOGUE: Final = text("UPDATE conversations SET dialogue = :dialogue WHERE id = :conversation").bindparams(
    bindparam("dialogue", type_=JSONB)
)

_FILLED: Final = (
    text("""
    SELECT dialogue_after -> 'slots' -> CAST(:slot AS text) AS filled FROM turns
    WHERE conversation_id = :conversation AND dialogue_after -> 'slots' -> CAST(:slot AS text) -> 0 = :value
    ORDER BY created_at DESC LIMIT 1
""")
    .bindparams(bindparam("value", type_=JSONB))
    .columns(filled=JSONB)
)
