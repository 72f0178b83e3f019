"""What a person of the company answered, and what the customer had asked."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from core import lexicon
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId, MessageId

_MOST: Final = 12  # lines of the customer in which a question is looked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """`question` is empty where the customer had written nothing."""

    message: MessageId
    seq: int
    conversation: ConversationId
    contact: ContactId
    question: str
    is_asked: bool  # it ends as a question
    answer: str


async def of_answer(session: TenantSession, message: UUID) -> Lesson | None:
    """None: it is no line of a person of the company, or it has no words."""
    row = (await session.execute(_ANSWER, {"message": message})).one_or_none()
    if row is None:
        return None
    asked = await session.scalars(_ASKED, {"conversation": row.conversation_id, "seq": row.seq, "most": _MOST})
    said = list(asked)
    question = next((line for line in said if lexicon.is_question(line)), said[0] if said else "")
    return Lesson(
        message=MessageId(row.id),
        seq=row.seq,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        question=question,
        is_asked=bool(question) and lexicon.is_question(question),
        answer=row.text,
    )


async def last_answer(session: TenantSession, conversation: ConversationId) -> UUID | None:
    found: UUID | None = await session.scalar(_LAST, {"conversation": conversation})
    return found


_ANSWER: Final = text("""
    SELECT m.id, m.seq, m.conversation_id, c.contact_id, m.text FROM messages m
    JOIN conversations c ON c.id = m.conversation_id
    WHERE m.id = :message AND m.author = 'staff' AND m.direction = 'out' AND m.deleted_at IS NULL AND m.text <> ''
""")

# The newest first. What a recording says was asked as well.
_ASKED: Final = text("""
    SELECT coalesce(nullif(m.text, ''), f.words) AS words
    FROM messages m LEFT JOIN media_files f ON f.message_id = m.id AND m.kind IN ('voice', 'audio')
    WHERE m.conversation_id = :conversation AND m.seq < :seq AND m.author = 'customer' AND m.deleted_at IS NULL
        AND m.kind NOT IN ('reaction', 'system') AND coalesce(nullif(m.text, ''), f.words) <> ''
    ORDER BY m.seq DESC LIMIT :most
""")

# Not what was put by for later, nor what did not leave.
_LAST: Final = text("""
    SELECT m.id FROM messages m LEFT JOIN outbound o ON o.message_id = m.id
    WHERE m.conversation_id = :conversation AND m.author = 'staff' AND m.direction = 'out' AND m.deleted_at IS NULL
        AND m.text <> '' AND (o.id IS NULL
            OR o.not_before <= app_now() AND o.state NOT IN ('failed', 'suppressed', 'expired'))
    ORDER BY m.seq DESC LIMIT 1
""")
