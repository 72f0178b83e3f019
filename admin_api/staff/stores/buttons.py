"""Rows of buttons: kept when they are shown, used once."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, delete, func, select, update

from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.staff import StaffButton
from core.models.stream import Conversation


class Refused(StrEnum):
    """Why a press does nothing."""

    FORGED = "forged"
    UNKNOWN = "unknown"
    NOT_YOURS = "not_yours"
    USED = "used"
    EXPIRED = "expired"
    STALE = "stale"  # who answers the conversation has changed since it was shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    id: UUID
    signature: bytes
    card: UUID
    action: str
    arguments: dict[str, Any]
    conversation: ConversationId | None
    epoch: int | None
    person: UUID | None


async def keep(session: TenantSession, press: Press, lifetime: timedelta) -> None:
    now = await _now(session)
    session.add(
        StaffButton(
            tenant_id=session.tenant_id,
            id=press.id,
            signature=press.signature,
            card_id=press.card,
            action=press.action,
            arguments=press.arguments,
            conversation_id=press.conversation,
            epoch=press.epoch,
            person_id=press.person,
            expires_at=now + lifetime,
        )
    )
    await session.flush()


async def use(session: TenantSession, button: UUID, signature: bytes, person: UUID) -> Press | Refused:
    """All of its card are locked, so that of two who press two at once one comes second."""
    card = select(StaffButton.card_id).where(StaffButton.id == button).scalar_subquery()
    rows = await session.scalars(
        select(StaffButton).where(StaffButton.card_id == card).order_by(StaffButton.id).with_for_update()
    )
    known = {row.id: row for row in rows}
    row = known.get(button)
    if row is None:
        return Refused.UNKNOWN
    if not hmac.compare_digest(row.signature, signature):
        return Refused.FORGED
    refused = await _refuse(session, row, known.values(), person)
    if refused is not None:
        return refused
    await session.execute(
        update(StaffButton).where(StaffButton.id == button).values(used_at=func.app_now(), used_by=person)
    )
    return Press(
        id=row.id,
        signature=row.signature,
        card=row.card_id,
        action=row.action,
        arguments=row.arguments,
        conversation=None if row.conversation_id is None else ConversationId(row.conversation_id),
        epoch=row.epoch,
        person=row.person_id,
    )


async def forget(session: TenantSession, card: UUID) -> None:
    """Those that nobody pressed: the card is shown anew, with others."""
    await session.execute(delete(StaffButton).where(StaffButton.card_id == card, StaffButton.used_at.is_(None)))


async def forget_old(session: TenantSession, age: timedelta) -> None:
    """Whoever presses one that expired so long ago is told that it is gone."""
    await session.execute(delete(StaffButton).where(StaffButton.expires_at < func.app_now() - age))


async def _refuse(
    session: TenantSession, row: StaffButton, all_of_card: Iterable[StaffButton], person: UUID
) -> Refused | None:
    if row.person_id not in {None, person}:
        return Refused.NOT_YOURS
    if any(one.used_at is not None for one in all_of_card):
        return Refused.USED
    if row.expires_at <= await _now(session):
        return Refused.EXPIRED
    if row.conversation_id is None or row.epoch is None:
        return None
    epoch = select(Conversation.control_epoch).where(Conversation.id == row.conversation_id)
    return None if await session.scalar(epoch.with_for_update(key_share=True)) == row.epoch else Refused.STALE


async def _now(session: TenantSession) -> datetime:
    return (await session.scalars(select(func.app_now(type_=DateTime(timezone=True))))).one()
