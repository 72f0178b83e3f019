"""How people look for leads: as cards, and in the columns of their boards."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, cast, func, or_, select, tuple_

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.models.people import Contact, ContactIdentity
from core.models.personas import Board, BoardStage, Lead, LeadStageEvent

_FEW_DIGITS: Final = 3  # of a number; fewer would find everybody


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
    """`value_cents` is what is known of their worth."""

    stage: BoardStage
    leads: int
    value_cents: int | None


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
    """Left to right, each with how many stand there and what they are worth."""
    stands_there = (Lead.tenant_id == BoardStage.tenant_id) & (Lead.board_id == BoardStage.board_id)
    is_somebody = (Contact.tenant_id == Lead.tenant_id) & (Contact.id == Lead.contact_id)
    worth = func.sum(Lead.value_cents).filter(Contact.id.is_not(None))
    counted = (
        select(BoardStage, func.count(Contact.id), cast(worth, BigInteger))
        .outerjoin(Lead, stands_there & (Lead.stage == BoardStage.key))
        .outerjoin(Contact, is_somebody & Contact.merged_into.is_(None))
        .where(BoardStage.board_id.in_(boards))
        .group_by(BoardStage.tenant_id, BoardStage.id)
        .order_by(BoardStage.position, BoardStage.key)
    )
    found: dict[UUID, list[Column]] = {}
    for stage, leads, value in await session.execute(counted):
        found.setdefault(stage.board_id, []).append(Column(stage=stage, leads=leads, value_cents=value))
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
