"""What a turn begins with, read in one transaction before its graph runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from agents.gateway import loops
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
_MOST_UNANSWERED: Final = 500  # the rules read all of them, a prompt the last
_LONGEST_LINE: Final = 4096
_MOST_OF_LOOP: Final = 24
# What is said of a message that has no words of its own; nobody said it, so it is no text of anybody's.
_WORDLESS: Final[Mapping[MessageKind, str]] = {
    MessageKind.IMAGE: "[imagem]",
    MessageKind.VIDEO: "[vídeo]",
    MessageKind.AUDIO: "[áudio que não pudemos ouvir]",
    MessageKind.VOICE: "[mensagem de voz que não pudemos ouvir]",
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

    @property
    def cache_key(self) -> str:
        """What the stable part of a prompt depends on."""
        return f"{self.snapshot.company}:{self.version.id}"


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
    lines = await _lines(session, row.conversation_id, heard_until=dialogue.heard_until, covered=row.covered or 0)
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
        is_loop=await _is_loop(session, row, lines),
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


async def _lines(session: TenantSession, conversation: UUID, *, heard_until: int, covered: int) -> list[Line]:
    """All that is unanswered, and before it as much of the past as a prompt may need: what the summary does not say."""
    bound = {
        "conversation": conversation,
        "heard": heard_until,
        "covered": covered,
        "new": _MOST_UNANSWERED,
        "old": MOST_LINES,
    }
    rows = (await session.execute(_LINES, bound)).all()
    return [_line(row) for row in sorted(rows, key=lambda row: row.seq)]


async def lines_after(session: TenantSession, conversation: UUID, *, after: int, most: int) -> list[Line]:
    """Of the whole conversation, from the oldest after that one on."""
    bound = {"conversation": conversation, "after": after, "most": most}
    return [_line(row) for row in (await session.execute(_AFTER, bound)).all()]


def _line(row: Any) -> Line:
    """A voice note by its words; a picture by its caption, and apart from it by what a model saw."""
    kind, content = MessageKind(row.kind), row.content
    was_spoken = kind in _SPOKEN
    words = (row.heard if was_spoken else None) or content.get("transcript") or row.text or content.get("caption") or ""
    described = (None if was_spoken else row.heard) or ("" if words else _WORDLESS.get(kind, ""))
    return Line(
        seq=row.seq,
        author=Author(row.author),
        kind=kind,
        text=words[:_LONGEST_LINE],
        at=row.created_at,
        choice=content.get("id") if content.get("type") == "choice" else None,
        was_spoken=was_spoken,
        described=described[:_LONGEST_LINE],
    )


async def _is_loop(session: TenantSession, row: Any, lines: Sequence[Line]) -> bool:
    """Whether a machine answers us. At what pace shows only in what has left: an answer to the rest is none."""
    if row.trigger != Trigger.INBOUND or row.control != Control.BOT:
        return False
    past = lines[-_MOST_OF_LOOP:]
    if loops.goes_in_circles(_told(past)):
        return True
    if not loops.is_quick(_told(past)):
        return False
    bound = {"conversation": row.conversation_id, "since": past[0].seq}
    left = set(await session.scalars(_LEFT, bound))
    return loops.is_quick(_told([line for line in past if line.author is not Author.BOT or line.seq in left]))


def _told(lines: Sequence[Line]) -> list[loops.Line]:
    return [
        loops.Line(line.author.value, line.text, line.at)  # type: ignore[arg-type] # not the one that is left out
        for line in lines
        if line.author is not Author.SYSTEM
    ]


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
        s.body AS summary, s.to_seq AS covered,
        (SELECT array_agg(DISTINCT e.tool) FROM effects e WHERE e.conversation_id = c.id AND e.state = 'succeeded')
            AS succeeded
    FROM turns t JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id
        JOIN connections l ON l.id = c.connection_id JOIN companies k ON k.id = t.tenant_id
        LEFT JOIN LATERAL (
            SELECT body, to_seq FROM conversation_summaries WHERE conversation_id = c.id ORDER BY to_seq DESC LIMIT 1
        ) s ON true
    WHERE t.id = :turn AND t.fence = :fence AND t.state = 'running'
""")

# Of messages `m`: what files say, where it is known, is looked up for those that are files alone.
_LINE: Final = """
    m.seq, m.author, m.kind, m.text, m.content, m.created_at, CASE WHEN m.kind IN ('voice', 'audio', 'image') THEN (
        SELECT f.words FROM media_files f WHERE f.message_id = m.id AND f.words_state = 'heard') END AS heard
"""

_LINES: Final = text(f"""
    SELECT {_LINE} FROM (
        (SELECT * FROM messages
         WHERE conversation_id = :conversation AND seq > :heard AND deleted_at IS NULL
           AND kind NOT IN ('reaction', 'system')
         ORDER BY seq LIMIT :new)
        UNION ALL
        (SELECT * FROM messages
         WHERE conversation_id = :conversation AND seq <= :heard AND seq > :covered AND deleted_at IS NULL
           AND kind NOT IN ('reaction', 'system')
         ORDER BY seq DESC LIMIT :old)
    ) m
""")  # noqa: S608 - columns of ours

_AFTER: Final = text(f"""
    SELECT {_LINE} FROM messages m
    WHERE m.conversation_id = :conversation AND m.seq > :after AND m.deleted_at IS NULL
      AND m.kind NOT IN ('reaction', 'system')
    ORDER BY m.seq LIMIT :most
""")  # noqa: S608 - columns of ours

_LEFT: Final = text("""
    SELECT seq FROM outbound WHERE conversation_id = :conversation AND seq >= :since AND accepted_at IS NOT NULL
""")

_LAST: Final = text("""
    SELECT dialogue_after FROM turns
    WHERE conversation_id = :conversation AND state = 'done' AND dialogue_after IS NOT NULL
    ORDER BY ended_at DESC, id DESC LIMIT 1
""")
