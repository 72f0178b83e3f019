"""Conversations frozen as they were, sealed until somebody makes a regression case of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.ids import ConversationId, UserId, new_id
from core.models.files import CaseState, DraftCase
from core.vault import Vault

FORM: Final = 1  # of the document
_LONGEST_TITLE: Final = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCase:
    """`lesson`: what the right answer to which message is, where the case was made of one."""

    conversation: ConversationId
    title: str
    by: UserId | None = None
    lesson: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    id: UUID
    title: str
    state: CaseState
    created_at: datetime


async def freeze(session: TenantSession, vault: Vault, new: NewCase) -> UUID:
    """As it is at this moment: what was said, who the persona was, what it knew, looked up, did and found."""
    frozen = (await session.execute(_FROZEN, {"conversation": new.conversation})).one_or_none()
    if frozen is None:
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    row = DraftCase(
        tenant_id=session.tenant_id,
        id=new_id(),
        conversation_id=new.conversation,
        contact_id=frozen.contact_id,
        title=" ".join(new.title.split())[:_LONGEST_TITLE],
        made_by=new.by,
    )
    content = {"form": FORM, **frozen.document, **({"lesson": dict(new.lesson)} if new.lesson else {})}
    vault.seal(row, DraftCase.content, json.dumps(content, ensure_ascii=False).encode())
    session.add(row)
    await session.flush()
    return row.id


async def every(session: TenantSession, *, most: int, skip: int = 0) -> Sequence[Listed]:
    """Those that are still to be looked at, the newest first."""
    wanted = select(DraftCase.id, DraftCase.title, DraftCase.state, DraftCase.created_at)
    drafts = wanted.where(DraftCase.state == CaseState.DRAFT, DraftCase.content.is_not(None))
    newest = drafts.order_by(DraftCase.created_at.desc(), DraftCase.id.desc()).limit(most).offset(skip)
    return [
        Listed(id=row.id, title=row.title, state=row.state, created_at=row.created_at)
        for row in await session.execute(newest)
    ]


async def opened(session: TenantSession, vault: Vault, case: UUID) -> dict[str, Any]:
    """For whoever makes an eval of it, who makes it anonymous first."""
    row = await session.get(DraftCase, (session.tenant_id, case))
    content = None if row is None else vault.unseal(row, DraftCase.content)
    if content is None:
        raise _gone()
    read: dict[str, Any] = json.loads(content)
    return read


async def drop(session: TenantSession, case: UUID) -> None:
    """Its content goes at once."""
    dropped = update(DraftCase).where(DraftCase.id == case, DraftCase.state != CaseState.DROPPED)
    values = dropped.values(state=CaseState.DROPPED, content=None).returning(DraftCase.id)
    if await session.scalar(values.execution_options(synchronize_session=False)) is None:
        raise Conflict("Este caso já foi descartado.", "This case was dropped already.")


def _gone() -> NotFound:
    return NotFound("Este caso não existe mais.", "This case is gone.")


_FROZEN: Final = text("""
    SELECT c.contact_id, jsonb_build_object(
        'channel', k.kind, 'control', c.control, 'dialogue', c.dialogue, 'time_zone', o.time_zone,
        'persona', (SELECT jsonb_build_object('name', v.name, 'number', v.number, 'sha256', v.sha256, 'id', v.id)
            FROM persona_versions v WHERE v.id = c.persona_version_id),
        'messages', coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'seq', m.seq, 'author', m.author, 'kind', m.kind, 'text', m.text, 'words', f.words,
                'content', m.content, 'at', coalesce(m.provider_at, m.created_at), 'turn', m.turn_id)) ORDER BY m.seq)
            FROM messages m LEFT JOIN media_files f ON f.message_id = m.id
            WHERE m.conversation_id = c.id AND m.deleted_at IS NULL), '[]'),
        'turns', coalesce((SELECT jsonb_agg(jsonb_build_object(
                'id', t.id, 'trigger', t.trigger, 'outcome', t.outcome, 'persona_version', t.persona_version_id,
                'dialogue_after', t.dialogue_after, 'trace', t.trace, 'ended_at', t.ended_at)
                ORDER BY t.ended_at, t.id)
            FROM turns t WHERE t.conversation_id = c.id AND t.state = 'done'), '[]'),
        'tools', coalesce((SELECT jsonb_agg(jsonb_build_object(
                'tool', e.tool, 'arguments', e.arguments, 'state', e.state, 'result', e.result, 'turn', e.turn_id)
                ORDER BY e.created_at, e.id)
            FROM effects e WHERE e.conversation_id = c.id), '[]')) AS document
    FROM conversations c JOIN connections k ON k.id = c.connection_id JOIN companies o ON o.id = c.tenant_id
    WHERE c.id = :conversation
""").columns(document=JSONB)
