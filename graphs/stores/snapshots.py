"""What a turn begins with, read in one transaction before its graph runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from agents.ports import Fact
from core.db.sessions import TenantSession
from core.ids import CompanyId, ContactId, ConversationId, TurnId
from core.models.people import ConnectionKind
from core.models.service import ContactFact
from core.models.stream import Author, Control, MessageKind, Trigger
from graphs.conversation import memory
from graphs.conversation.state import EffectNews, Line, Snapshot
from graphs.stores import personas
from graphs.stores.personas import Version
from graphs.stores.turns import Claim

MOST_LINES: Final = 60  # of the past: the prompt takes fewer, and cuts them in blocks
_MOST_UNANSWERED: Final = 100
_LONGEST_LINE: Final = 4096
# What stands for a message that has no words of its own.
_WORDLESS: Final[Mapping[MessageKind, str]] = {
    MessageKind.IMAGE: "[imagem]",
    MessageKind.VIDEO: "[vídeo]",
    MessageKind.AUDIO: "[áudio]",
    MessageKind.VOICE: "[mensagem de voz]",
    MessageKind.DOCUMENT: "[documento]",
    MessageKind.STICKER: "[figurinha]",
    MessageKind.LOCATION: "[localização]",
    MessageKind.CONTACTS: "[contato]",
    MessageKind.ORDER: "[pedido do catálogo]",
    MessageKind.UNSUPPORTED: "[mensagem que não conseguimos ler]",
}
_SPOKEN: Final = frozenset({MessageKind.VOICE, MessageKind.AUDIO})


class Missing(StrEnum):
    """Why a turn cannot begin."""

    TURN = "turn"  # it is not ours any more
    PERSONA = "no_persona"


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A turn that is ours, with the persona that takes it."""

    claim: Claim
    version: Version
    snapshot: Snapshot


async def load(session: TenantSession, claim: Claim) -> Begun | Missing:
    row = (await session.execute(_TURN, {"turn": claim.turn, "fence": claim.fence})).one_or_none()
    if row is None:
        return Missing.TURN
    version = await personas.answering(session, pinned=row.persona_version_id, named=row.persona)
    if version is None:
        return Missing.PERSONA
    dialogue = memory.from_json(
        row.dialogue or await _remembered(session, row.conversation_id), first_stage=version.persona.stages[0].id
    )
    lines = await _lines(session, row.conversation_id, dialogue.heard_until)
    snapshot = Snapshot(
        company=CompanyId(session.tenant_id),
        company_name=row.company_name,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        contact_name=row.contact_name,
        turn=TurnId(claim.turn),
        trigger=Trigger(row.trigger),
        payload=row.payload,
        channel=ConnectionKind(row.channel),
        control=Control(row.control),
        epoch=row.control_epoch,
        turn_seq=row.turn_seq,
        last_inbound_seq=row.last_inbound_seq,
        dialogue=dialogue,
        unanswered=_unanswered(lines, dialogue.heard_until),
        history=[line for line in lines if line.seq <= dialogue.heard_until or line.author is not Author.CUSTOMER],
        now=row.now,
        time_zone=row.time_zone,
        summary=row.summary,
        facts=await _facts(session, row.contact_id),
        human_span=_human_span(lines),
        succeeded=frozenset(row.succeeded or ()),
        effects=_news(row.payload),
        is_opted_out=row.opted_out_at is not None,
        restarts=row.restarts,
    )
    return Begun(claim=claim, version=version, snapshot=snapshot)


def _unanswered(lines: Sequence[Line], heard_until: int) -> list[Line]:
    return [line for line in lines if line.seq > heard_until and line.author is Author.CUSTOMER]


def _human_span(lines: Sequence[Line]) -> list[Line]:
    """What was said since the bot last spoke, if a person has spoken since."""
    since = max((line.seq for line in lines if line.author is Author.BOT), default=0)
    span = [line for line in lines if line.seq > since]
    return span if any(line.author is Author.STAFF for line in span) else []


def _news(payload: Mapping[str, Any]) -> tuple[EffectNews, ...]:
    return tuple(
        EffectNews(tool=one["tool"], state=one["state"], result=one.get("result") or {}, reason=one.get("reason"))
        for one in payload.get("effects", ())
    )


async def _lines(session: TenantSession, conversation: UUID, heard_until: int) -> list[Line]:
    """All that is unanswered, and before it as much of the past as a prompt may need."""
    bound = {"conversation": conversation, "heard": heard_until, "new": _MOST_UNANSWERED, "old": MOST_LINES}
    rows = (await session.execute(_LINES, bound)).all()
    return [_line(row) for row in sorted(rows, key=lambda row: row.seq)]


def _line(row: Any) -> Line:
    kind, content = MessageKind(row.kind), row.content
    words = content.get("transcript") or row.text or content.get("caption") or _WORDLESS.get(kind, "")
    return Line(
        seq=row.seq,
        author=Author(row.author),
        kind=kind,
        text=words[:_LONGEST_LINE],
        at=row.created_at,
        choice=content.get("id") if content.get("type") == "choice" else None,
        was_spoken=kind in _SPOKEN,
    )


async def _facts(session: TenantSession, contact: UUID) -> list[Fact]:
    current = select(ContactFact).where(ContactFact.contact_id == contact, ContactFact.valid_to.is_(None))
    rows = await session.scalars(current.order_by(ContactFact.key))
    return [Fact(key=row.key, value=row.value, quote=row.quote) for row in rows]


async def _remembered(session: TenantSession, conversation: UUID) -> dict[str, Any]:
    """What the last turn left, where the column is empty: a copy of it is kept with every turn."""
    found: dict[str, Any] | None = await session.scalar(_LAST, {"conversation": conversation})
    return found or {}


_TURN: Final = text("""
    SELECT t.conversation_id, t.trigger, t.payload, t.restarts, c.contact_id, c.control, c.control_epoch, c.turn_seq,
        c.last_inbound_seq, c.dialogue, c.persona_version_id, p.name AS contact_name, p.opted_out_at,
        coalesce(p.time_zone, k.time_zone) AS time_zone, k.name AS company_name, l.kind AS channel, l.persona,
        app_now() AS now,
        (SELECT s.body FROM conversation_summaries s WHERE s.conversation_id = c.id ORDER BY s.to_seq DESC LIMIT 1)
            AS summary,
        (SELECT array_agg(DISTINCT e.tool) FROM effects e WHERE e.conversation_id = c.id AND e.state = 'succeeded')
            AS succeeded
    FROM turns t JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id
        JOIN connections l ON l.id = c.connection_id JOIN companies k ON k.id = t.tenant_id
    WHERE t.id = :turn AND t.fence = :fence AND t.state = 'running'
""")

_LINES: Final = text("""
    (SELECT seq, author, kind, text, content, created_at FROM messages
     WHERE conversation_id = :conversation AND seq > :heard AND deleted_at IS NULL
       AND kind NOT IN ('reaction', 'system')
     ORDER BY seq LIMIT :new)
    UNION ALL
    (SELECT seq, author, kind, text, content, created_at FROM messages
     WHERE conversation_id = :conversation AND seq <= :heard AND deleted_at IS NULL
       AND kind NOT IN ('reaction', 'system')
     ORDER BY seq DESC LIMIT :old)
""")

_LAST: Final = text("""
    SELECT dialogue_after FROM turns
    WHERE conversation_id = :conversation AND state = 'done' AND dialogue_after IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
""")
