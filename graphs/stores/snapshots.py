"""What a turn begins with, read in one transaction before its graph runs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from agents.gateway import loops
from agents.ports import Fact
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, MessageKind, Trigger
from graphs.conversation import memory
from graphs.conversation.state import Dialogue, EffectNews, Line, Snapshot
from graphs.stores import personas
from graphs.stores.personas import Version, Wanted
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
    PAUSED = "paused"  # the bot was switched off on this connection


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """What is known of a turn before its messages are read."""

    claim: Claim
    row: Any
    version: Version
    dialogue: Dialogue


async def load(session: TenantSession, claims: Sequence[Claim]) -> list[Begun | Missing]:
    """Each in its place. Many at once cost little more than one."""
    bound = {"turns": [claim.turn for claim in claims], "fences": [claim.fence for claim in claims]}
    rows = {row.id: row for row in await session.execute(_TURNS, bound)}
    paused = {turn for turn, row in rows.items() if row.bot_paused_at is not None}
    wanted = {turn: Wanted(pinned=row.persona_version_id, named=row.persona) for turn, row in rows.items()}
    versions = await personas.answering(session, wanted.values())
    ours = [claim for claim in claims if claim.turn in rows and claim.turn not in paused]
    taken = [(claim, rows[claim.turn], versions[wanted[claim.turn]]) for claim in ours]
    opened = [_open(claim, row, version) for claim, row, version in taken if version is not None]
    lines = await _lines(session, opened)
    circling = await _circling(session, opened, lines)
    begun = {
        one.claim.turn: _begin(one, lines[one.row.conversation_id], is_loop=one.row.conversation_id in circling)
        for one in opened
    }
    missing = dict.fromkeys(rows, Missing.PERSONA) | dict.fromkeys(paused, Missing.PAUSED)
    return [begun.get(claim.turn, missing.get(claim.turn, Missing.TURN)) for claim in claims]


def _open(claim: Claim, row: Any, version: Version) -> _Opened:
    dialogue = memory.from_json(row.dialogue, first_stage=version.persona.stages[0].id)
    return _Opened(claim=claim, row=row, version=version, dialogue=dialogue)


def _begin(opened: _Opened, lines: Sequence[Line], *, is_loop: bool) -> Begun:
    row, dialogue = opened.row, opened.dialogue
    unanswered = _unanswered(lines, dialogue)
    asked = {line.seq for line in unanswered}
    earlier = [line for line in lines if line.seq <= dialogue.heard_until or line.author is not Author.CUSTOMER]
    snapshot = Snapshot(
        company=opened.claim.company,
        company_name=row.company_name,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        contact_name=row.contact_name,
        turn=opened.claim.turn,
        trigger=Trigger(row.trigger),
        payload=row.payload,
        channel=ConnectionKind(row.channel),
        control=Control(row.control),
        epoch=row.control_epoch,
        turn_seq=row.turn_seq,
        last_inbound_seq=row.last_inbound_seq,
        dialogue=dialogue,
        unanswered=unanswered,
        history=[line for line in earlier if line.seq not in asked],
        now=row.now,
        time_zone=row.time_zone,
        summary=row.summary,
        facts=[Fact(**fact) for fact in row.facts],
        human_span=_human_span(lines),
        succeeded=frozenset(row.succeeded or ()),
        effects=_news(row.payload),
        is_opted_out=row.opted_out_at is not None,
        is_loop=is_loop,
        restarts=row.restarts,
    )
    return Begun(claim=opened.claim, version=opened.version, snapshot=snapshot)


def _unanswered(lines: Sequence[Line], dialogue: Dialogue) -> list[Line]:
    """What is new, and recordings whose words were not known when they were."""
    said = (line for line in lines if line.author is Author.CUSTOMER)
    late = frozenset(dialogue.unheard)
    return [line for line in said if line.seq > dialogue.heard_until or (line.seq in late and not line.is_unheard)]


def _human_span(lines: Sequence[Line]) -> list[Line]:
    """What was said since the bot last spoke, if a person has spoken since."""
    since = max((line.seq for line in lines if line.author is Author.BOT), default=0)
    span = [line for line in lines if line.seq > since]
    return span if any(line.author is Author.STAFF for line in span) else []


def _news(payload: Mapping[str, Any]) -> tuple[EffectNews, ...]:
    return tuple(
        EffectNews(
            tool=one["tool"],
            state=one["state"],
            result=one.get("result") or {},
            reason=one.get("reason"),
            counts=one.get("counts", True),
        )
        for one in payload.get("effects", ())
    )


async def _lines(session: TenantSession, opened: Sequence[_Opened]) -> Mapping[UUID, list[Line]]:
    """All that is unanswered, and before it as much of the past as a prompt may need: what the summary does not say."""
    bound = {
        "conversations": [one.row.conversation_id for one in opened],
        "heard": [one.dialogue.heard_until for one in opened],
        "covered": [one.row.covered for one in opened],
        "new": _MOST_UNANSWERED,
        "old": MOST_LINES,
    }
    lines: defaultdict[UUID, list[Line]] = defaultdict(list)
    for row in (await session.execute(_LINES, bound)).all() if opened else ():
        lines[row.conversation].append(_line(row))
    return lines


async def lines_after(session: TenantSession, conversation: UUID, *, after: int, most: int) -> list[Line]:
    """Of the whole conversation, from the oldest after that one on."""
    bound = {"conversation": conversation, "after": after, "most": most}
    return [_line(row) for row in (await session.execute(_AFTER, bound)).all()]


def _line(row: Any) -> Line:
    """A voice note by its words; a picture by its caption, and apart from it by what a model saw."""
    kind = MessageKind(row.kind)
    was_spoken = kind in _SPOKEN
    words = (row.heard if was_spoken else None) or row.transcript or row.text or row.caption or ""
    described = (None if was_spoken else row.heard) or ("" if words else _WORDLESS.get(kind, ""))
    return Line(
        seq=row.seq,
        author=Author(row.author),
        kind=kind,
        text=words[:_LONGEST_LINE],
        at=row.created_at,
        choice=row.choice,
        was_spoken=was_spoken,
        described=described[:_LONGEST_LINE],
    )


async def _circling(
    session: TenantSession, opened: Sequence[_Opened], lines: Mapping[UUID, Sequence[Line]]
) -> set[UUID]:
    """Where a machine answers us. At what pace shows only in what has left: an answer to the rest is none."""
    watched = [one.row for one in opened if one.row.trigger == Trigger.INBOUND and one.row.control == Control.BOT]
    pasts = {row.conversation_id: lines[row.conversation_id][-_MOST_OF_LOOP:] for row in watched}
    told = {where: _told(past) for where, past in pasts.items()}
    round_and_round = {where for where, past in told.items() if loops.goes_in_circles(past)}
    quick = [where for where, past in told.items() if where not in round_and_round and loops.is_quick(past)]
    left = await _left(session, {where: pasts[where] for where in quick})
    return round_and_round | {where for where, past in left.items() if loops.is_quick(_told(past))}


async def _left(session: TenantSession, pasts: Mapping[UUID, Sequence[Line]]) -> dict[UUID, list[Line]]:
    """Without what we have only written, and the channel has not taken yet."""
    if not pasts:
        return {}
    bound = {"conversations": list(pasts), "since": [past[0].seq for past in pasts.values()]}
    sent = {(row.conversation_id, row.seq) for row in await session.execute(_LEFT, bound)}
    return {
        where: [line for line in past if line.author is not Author.BOT or (where, line.seq) in sent]
        for where, past in pasts.items()
    }


def _told(lines: Sequence[Line]) -> list[loops.Line]:
    return [
        loops.Line(line.author, line.text, line.at)  # type: ignore[arg-type] # not the one that is left out
        for line in lines
        if line.author is not Author.SYSTEM
    ]


# The dialogue is what the last turn left, where the column is empty: a copy of it is kept with every turn.
# What was booked counts as long as it lies ahead.
_TURNS: Final = text("""
    SELECT t.id, t.conversation_id, t.trigger, t.payload, t.restarts, c.contact_id, c.control, c.control_epoch,
        c.turn_seq, c.last_inbound_seq, c.persona_version_id, p.name AS contact_name, p.opted_out_at,
        coalesce(p.time_zone, k.time_zone) AS time_zone, k.name AS company_name, l.kind AS channel, l.persona,
        l.bot_paused_at, app_now() AS now, s.body AS summary, coalesce(s.to_seq, 0) AS covered,
        coalesce(nullif(c.dialogue, '{}'), (
            SELECT d.dialogue_after FROM turns d
            WHERE d.conversation_id = c.id AND d.state = 'done' AND d.dialogue_after IS NOT NULL
            ORDER BY d.ended_at DESC, d.id DESC LIMIT 1), '{}') AS dialogue,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('key', f.key, 'value', f.value, 'quote', f.quote) ORDER BY f.key),
                '[]')
            FROM contact_facts f WHERE f.contact_id = c.contact_id AND f.valid_to IS NULL) AS facts,
        (SELECT array_agg(DISTINCT e.tool) FROM effects e WHERE e.conversation_id = c.id AND e.state = 'succeeded'
            AND e.reason IS NULL AND (e.tool <> 'agenda.criar' OR EXISTS (SELECT FROM appointments a
                WHERE a.id = CAST(e.result ->> 'appointment' AS uuid) AND a.state = 'booked'
                  AND a.starts_at > app_now()))) AS succeeded
    FROM unnest(CAST(:turns AS uuid[]), CAST(:fences AS bigint[])) AS w (id, fence)
        JOIN turns t ON t.id = w.id AND t.fence = w.fence AND t.state = 'running'
        JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id
        JOIN connections l ON l.id = c.connection_id JOIN companies k ON k.id = t.tenant_id
        LEFT JOIN LATERAL (
            SELECT body, to_seq FROM conversation_summaries WHERE conversation_id = c.id ORDER BY to_seq DESC LIMIT 1
        ) s ON true
""")

# Of messages `m`: what files say, where it is known, is looked up for those that are files alone.
_LINE: Final = """
    m.seq, m.author, m.kind, m.text, m.created_at, m.content ->> 'transcript' AS transcript,
    m.content ->> 'caption' AS caption, CASE WHEN m.content ->> 'type' = 'choice' THEN m.content ->> 'id' END AS choice,
    CASE WHEN m.kind IN ('voice', 'audio', 'image') THEN (
        SELECT f.words FROM media_files f WHERE f.message_id = m.id AND f.words_state = 'heard') END AS heard
"""

# What a person has put by for later was not said yet. Only their lines are looked up, each by its key: an EXISTS
# might be answered by reading all that is queued.
_WAS_SAID: Final = """
    CASE WHEN m.author = 'staff' THEN (
        SELECT true FROM outbound o WHERE o.tenant_id = m.tenant_id AND o.message_id = m.id AND o.state = 'queued'
          AND o.not_before > app_now() LIMIT 1) IS NULL ELSE true END
"""

_LINES: Final = text(f"""
    SELECT w.conversation, {_LINE}
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:heard AS bigint[]), CAST(:covered AS bigint[]))
            AS w (conversation, heard, covered),
        LATERAL (
            (SELECT * FROM messages
             WHERE conversation_id = w.conversation AND seq > w.heard AND deleted_at IS NULL
               AND kind NOT IN ('reaction', 'system')
             ORDER BY seq LIMIT :new)
            UNION ALL
            (SELECT * FROM messages
             WHERE conversation_id = w.conversation AND seq <= w.heard AND seq > w.covered AND deleted_at IS NULL
               AND kind NOT IN ('reaction', 'system')
             ORDER BY seq DESC LIMIT :old)) m
    WHERE {_WAS_SAID}
    ORDER BY m.seq
""")  # noqa: S608 - columns of ours

_AFTER: Final = text(f"""
    SELECT {_LINE} FROM messages m
    WHERE m.conversation_id = :conversation AND m.seq > :after AND m.deleted_at IS NULL
      AND m.kind NOT IN ('reaction', 'system') AND {_WAS_SAID}
    ORDER BY m.seq LIMIT :most
""")  # noqa: S608 - columns of ours

_LEFT: Final = text("""
    SELECT o.conversation_id, o.seq
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:since AS bigint[])) AS w (conversation, since)
        JOIN outbound o ON o.conversation_id = w.conversation AND o.seq >= w.since AND o.accepted_at IS NOT NULL
""")
