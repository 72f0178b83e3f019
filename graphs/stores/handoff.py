"""Who answers in a conversation, as columns of its row, and the open turn that falls to a person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConversationId, UserId
from core.models.people import Membership
from core.models.stream import Control, Conversation, Turn, TurnState


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Who answers now, in a conversation whose row is locked until the commit."""

    control: Control
    epoch: int
    assignee: UserId | None
    since: datetime


async def hold(session: TenantSession, conversation: ConversationId) -> Held:
    """Lock the conversation: nothing of it is claimed for a send until the commit."""
    found = await session.execute(
        select(Conversation.control, Conversation.control_epoch, Conversation.assignee_id, Conversation.control_since)
        .where(Conversation.id == conversation)
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    assignee = UserId(row.assignee_id) if row.assignee_id else None
    return Held(control=Control(row.control), epoch=row.control_epoch, assignee=assignee, since=row.control_since)


async def write(
    session: TenantSession, conversation: ConversationId, *, control: Control, reason: str, assignee: UserId | None
) -> int:
    """The new epoch: whatever was decided under an older one is void."""
    epoch = await session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation)
        .values(
            control=control,
            control_epoch=Conversation.control_epoch + 1,
            control_reason=reason,
            control_since=func.app_now(),
            assignee_id=assignee,
        )
        .returning(Conversation.control_epoch)
        .execution_options(synchronize_session=False)
    )
    if epoch is None:
        raise AssertionError("a conversation that is held has gone")
    return epoch


async def ignore_open_turn(session: TenantSession, conversation: ConversationId, *, reason: str) -> UUID | None:
    """The turn that waits is not taken. One that runs finds out by the epoch when it commits."""
    return await session.scalar(
        update(Turn)
        .where(Turn.conversation_id == conversation, Turn.state == TurnState.OPEN)
        .values(state=TurnState.IGNORED, reason=reason, ended_at=func.app_now())
        .returning(Turn.id)
        .execution_options(synchronize_session=False)
    )


async def is_member(session: TenantSession, user: UserId) -> bool:
    return await session.scalar(select(Membership.id).where(Membership.user_id == user)) is not None
