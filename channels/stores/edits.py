"""Messages that were changed or taken back afterwards: the latest edit holds, the first removal stays."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.contents import Content, content_from_json, content_to_json, kind_of, words_of
from channels.stores import parked
from channels.stores.parked import News
from channels.stores.thread import known
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ConversationId
from core.models.stream import ParkedKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """Without a content, the message was taken back."""

    connection: UUID
    target: str
    at: datetime
    content: Content | None = None

    @property
    def name(self) -> tuple[UUID, str]:
        return self.connection, self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A message that is not what it was."""

    conversation: ConversationId
    seq: int


async def apply(session: TenantSession, edits: Sequence[Edit]) -> list[Changed]:
    """Those of messages that we know are written, the others are parked."""
    there = await known(session, [edit.name for edit in edits])
    await parked.park(session, [_news(edit) for edit in edits if edit.name not in there])
    return await _write(session, [edit for edit in edits if edit.name in there])


async def join_edits(session: TenantSession, names: Sequence[tuple[UUID, str]] | None = None) -> list[Changed]:
    """Those that waited for these messages, or for any that we know by now."""
    return await _write(session, [_edit(news) for news in await parked.take_changes(session, names)])


async def _write(session: TenantSession, edits: Sequence[Edit]) -> list[Changed]:
    rows: list[Any] = []
    newest: dict[tuple[UUID, str], Edit] = {}
    for edit in edits:
        if edit.content is not None:
            newest[edit.name] = max(newest.get(edit.name, edit), edit, key=_order)
    if newest:
        rows += await session.execute(_EDIT, _edit_columns(list(newest.values())))
    removals = [edit for edit in edits if edit.content is None]
    if removals:
        bound = {
            "connections": [edit.connection for edit in removals],
            "names": [edit.target for edit in removals],
            "moments": [edit.at for edit in removals],
        }
        rows += await session.execute(_DELETE, bound)
    changed = [Changed(conversation=ConversationId(row.conversation_id), seq=row.seq) for row in rows]
    for one in dict.fromkeys(changed):
        emit(session, Event(kind=EventKind.MESSAGE_CHANGED, subject_id=one.conversation, payload={"seq": one.seq}))
    return changed


def _order(edit: Edit) -> tuple[datetime, str]:
    return edit.at, _plain(edit)


def _plain(edit: Edit) -> str:
    content = {} if edit.content is None else content_to_json(edit.content)
    return json.dumps(content, allow_nan=False, ensure_ascii=False, sort_keys=True)


def _edit_columns(edits: Sequence[Edit]) -> dict[str, Any]:
    contents = [edit.content for edit in edits if edit.content is not None]
    return {
        "connections": [edit.connection for edit in edits],
        "names": [edit.target for edit in edits],
        "moments": [edit.at for edit in edits],
        "kinds": [kind_of(content).value for content in contents],
        "texts": [words_of(content) for content in contents],
        "contents": [_plain(edit) for edit in edits],
    }


def _news(edit: Edit) -> News:
    said: dict[str, Any] = {"at": edit.at.isoformat()}
    if edit.content is not None:
        said["content"] = content_to_json(edit.content)
    kind = ParkedKind.DELETE if edit.content is None else ParkedKind.EDIT
    return News(connection=edit.connection, target=edit.target, kind=kind, said=said)


def _edit(news: News) -> Edit:
    content = content_from_json(news.said["content"]) if news.kind is ParkedKind.EDIT else None
    at = datetime.fromisoformat(news.said["at"])
    return Edit(connection=news.connection, target=news.target, at=at, content=content)


# How the message came to us stays with it. Of two edits of one second the greater holds, whichever came first.
_EDIT: Final = text("""
    UPDATE messages m SET edited_at = w.moment, kind = w.kind, text = w.words,
        content = jsonb_strip_nulls(jsonb_build_object('is_forwarded', m.content -> 'is_forwarded',
            'referral', m.content -> 'referral')) || CAST(w.content AS jsonb)
    FROM unnest(CAST(:connections AS uuid[]), CAST(:names AS text[]), CAST(:moments AS timestamptz[]),
        CAST(:kinds AS text[]), CAST(:texts AS text[]), CAST(:contents AS text[]))
        AS w (connection, name, moment, kind, words, content)
    WHERE m.connection_id = w.connection AND m.provider_id = w.name AND (m.edited_at IS NULL OR m.edited_at < w.moment
        OR m.edited_at = w.moment AND CAST(m.content AS text) < CAST(CAST(w.content AS jsonb) AS text))
    RETURNING m.conversation_id, m.seq
""")

_DELETE: Final = text("""
    UPDATE messages m SET deleted_at = w.moment
    FROM (SELECT connection, name, min(moment) AS moment
        FROM unnest(CAST(:connections AS uuid[]), CAST(:names AS text[]), CAST(:moments AS timestamptz[]))
            AS w (connection, name, moment) GROUP BY 1, 2) AS w
    WHERE m.connection_id = w.connection AND m.provider_id = w.name
      AND (m.deleted_at IS NULL OR m.deleted_at > w.moment)
    RETURNING m.conversation_id, m.seq
""")
