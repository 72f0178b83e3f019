"""Drafts as rows: proposed by a turn, decided on by one person, and void once the conversation has gone on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, exists, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB

from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConversationId, new_id
from core.models.service import Draft, DraftState
from core.models.stream import Author, Control, Conversation, Message, MessageKind, Turn
from graphs.conversation.state import Outcome
from graphs.stores.snapshots import Begun

_SENDABLE: Final = (Control.COPILOT, Control.HUMAN)  # where a person answers, alone or with help
_SILENT: Final = (MessageKind.REACTION, MessageKind.SYSTEM)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A draft, and whether it waits for an answer to a conversation that is not as it was."""

    row: Draft
    is_stale: bool

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(str(bubble["text"]) for bubble in self.row.bubbles)


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftListing:
    most: int
    after: tuple[datetime, UUID] | None = None
    state: DraftState | None = None
    conversation: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a person made of it."""

    state: DraftState
    text: str | None = None  # as it was sent
    distance: int | None = None
    reason: str | None = None


async def hold(session: TenantSession, draft: UUID) -> Shown:
    """With its conversation locked until the commit: nothing is said there meanwhile."""
    await session.execute(_HOLD, {"draft": draft})
    return await get(session, draft)


async def get(session: TenantSession, draft: UUID) -> Shown:
    mine = _SHOWN.where(Draft.id == draft).execution_options(populate_existing=True)
    found = (await session.execute(mine)).one_or_none()
    if found is None:
        raise NotFound("Este rascunho não existe.", "There is no such draft.")
    row, is_stale = found
    return Shown(row=row, is_stale=is_stale)


async def waiting(session: TenantSession, conversation: ConversationId) -> Shown | None:
    """The one that nobody has decided about."""
    open_one = _SHOWN.where(Draft.conversation_id == conversation, Draft.state == DraftState.PROPOSED)
    found = (await session.execute(open_one)).one_or_none()
    return None if found is None else Shown(row=found[0], is_stale=found[1])


async def list_drafts(session: TenantSession, wanted: DraftListing) -> list[Shown]:
    """The newest first."""
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(tuple_(Draft.created_at, Draft.id) < wanted.after)
    if wanted.state is not None:
        rules.append(Draft.state == wanted.state)
    if wanted.conversation is not None:
        rules.append(Draft.conversation_id == wanted.conversation)
    newest = _SHOWN.where(*rules).order_by(Draft.created_at.desc(), Draft.id.desc()).limit(wanted.most)
    return [Shown(row=row, is_stale=is_stale) for row, is_stale in await session.execute(newest)]


async def decide(session: TenantSession, draft: UUID, verdict: Verdict, *, by: Actor) -> None:
    await session.execute(
        update(Draft)
        .where(Draft.id == draft)
        .values(
            state=verdict.state,
            sent_text=verdict.text,
            distance=verdict.distance,
            reason=verdict.reason,
            decided_by=by.id,
            decided_at=func.app_now(),
        )
        .execution_options(synchronize_session=False)
    )


async def supersede(session: TenantSession, conversation: ConversationId) -> None:
    """What waits there is of no use any more."""
    await session.execute(_SUPERSEDE, {"conversation": conversation})


async def suggest(session: TenantSession, begun: Begun, outcome: Outcome) -> UUID | None:
    """In a conversation that is locked. None: somebody has written since, or the turn is not ours any more."""
    snapshot, heard = begun.snapshot, outcome.decision.dialogue.heard_until
    bound = {"conversation": snapshot.conversation, "heard": heard}
    if await session.scalar(_HAS_GONE_ON, bound):
        return None
    ending = {
        "turn": begun.claim.turn,
        "fence": begun.claim.fence,
        "trace": {**outcome.trace, "heard": heard},
        "version": begun.version.id,
    }
    if (await session.execute(_CLOSE, ending)).first() is None:
        return None
    await supersede(session, snapshot.conversation)
    draft = new_id()
    row = {
        "id": draft,
        "conversation": snapshot.conversation,
        "turn": begun.claim.turn,
        "bubbles": [{"text": bubble.text} for bubble in outcome.bubbles],
    }
    await session.execute(_SUGGEST, row)
    return draft


def _is_stale() -> ColumnElement[bool]:
    """Another control, another turn, or a message that the draft knows nothing of."""
    heard = func.coalesce(
        cast(Turn.dialogue_after["heard"].astext, BigInteger), cast(Turn.trace["heard"].astext, BigInteger), 0
    )
    is_customers = and_(Message.author == Author.CUSTOMER, Message.kind.not_in(_SILENT))
    is_answer = and_(Message.author == Author.STAFF, Message.created_at > Draft.created_at)
    since = exists().where(
        Message.tenant_id == Draft.tenant_id,
        Message.conversation_id == Draft.conversation_id,
        Message.seq > heard,
        Message.deleted_at.is_(None),
        or_(is_customers, is_answer),
    )
    has_gone_on = or_(
        Draft.epoch != Conversation.control_epoch,
        Draft.turn_seq != Conversation.turn_seq,
        Conversation.control.not_in(_SENDABLE),
        since,
    )
    return and_(Draft.state == DraftState.PROPOSED, has_gone_on)


_SHOWN: Final = (
    select(Draft, _is_stale().label("is_stale"))
    .join(Conversation, and_(Conversation.tenant_id == Draft.tenant_id, Conversation.id == Draft.conversation_id))
    .join(Turn, and_(Turn.tenant_id == Draft.tenant_id, Turn.id == Draft.turn_id))
)

_HOLD: Final = text("""
    SELECT c.id FROM conversations c JOIN drafts d ON d.conversation_id = c.id WHERE d.id = :draft
    FOR NO KEY UPDATE OF c
""")

_SUPERSEDE: Final = text("""
    UPDATE drafts SET state = 'superseded', decided_at = app_now()
    WHERE conversation_id = :conversation AND state = 'proposed'
""")

_HAS_GONE_ON: Final = text("""
    SELECT EXISTS (SELECT FROM messages WHERE conversation_id = :conversation AND seq > :heard AND deleted_at IS NULL
        AND (author = 'staff' OR author = 'customer' AND kind NOT IN ('reaction', 'system')))
""")

# Nothing of it counts for the dialogue: what was said is heard again once the bot is back. What its models took is
# charged by whoever gives way.
_CLOSE: Final = text("""
    UPDATE turns SET state = 'done', outcome = 'drafted', reason = 'taken', trace = :trace,
        persona_version_id = :version, ended_at = app_now(), lease_until = NULL
    WHERE id = :turn AND fence = :fence AND state = 'running' RETURNING id
""").bindparams(bindparam("trace", type_=JSONB))

_SUGGEST: Final = text("""
    INSERT INTO drafts (tenant_id, id, conversation_id, turn_id, epoch, turn_seq, bubbles)
    SELECT tenant_id, :id, id, :turn, control_epoch, turn_seq, :bubbles FROM conversations WHERE id = :conversation
""").bindparams(bindparam("bubbles", type_=JSONB))
