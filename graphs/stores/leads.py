"""Leads as rows: a projection of their events, which are only ever added."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ContactId, ConversationId, MessageId, PersonaVersionId, TurnId, new_id
from core.models.personas import BoardStage, Cause, LeadStageEvent, StageKind

MOST_EVENTS: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """A move. `slots_before` is what an undo brings back."""

    source: str | None
    target: str
    cause: Cause
    rule: str | None = None
    criteria: Sequence[Mapping[str, Any]] = ()
    slots_before: Mapping[str, Any] = field(default_factory=dict)
    version: PersonaVersionId | None = None
    turn: TurnId | None = None
    actor: UUID | None = None
    is_forced: bool = False
    undo_of: UUID | None = None
    reason: str | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldLead:
    """A lead as its row says or, with what is new of it, as it will be once it is kept."""

    id: UUID
    board_id: UUID
    contact_id: ContactId
    conversation_id: ConversationId | None
    stage: str
    seq: int
    slots: Mapping[str, Any]
    news: tuple[NewEvent, ...] = ()

    @property
    def is_new(self) -> bool:
        """Made in this transaction: no event has led it anywhere yet."""
        return self.seq == 0

    def moved(self, new: NewEvent) -> "HeldLead":
        """The next in the chain; the lead stands where it leads."""
        return replace(self, stage=new.target, seq=self.seq + 1, news=(*self.news, new))

    def knowing(self, slots: Mapping[str, Any]) -> "HeldLead":
        """What is known of the customer's wish; unchanged, it is the same lead."""
        return self if self.slots == slots else replace(self, slots=dict(slots))

    def numbered(self) -> Iterator[tuple[int, NewEvent]]:
        return enumerate(self.news, start=self.seq - len(self.news) + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLead:
    persona: str
    contact: ContactId
    conversation: ConversationId
    stage: str


async def find(session: TenantSession, wanted: Sequence[tuple[ContactId, str]]) -> dict[ContactId, HeldLead]:
    """Of each contact, once, on a persona's board. Locked until the commit, in the order of their ids."""
    bound = {"contacts": [contact for contact, _ in wanted], "personas": [persona for _, persona in wanted]}
    rows = (await session.execute(_FIND, bound)).all()
    return {ContactId(row.contact_id): _held(row) for row in rows}


async def make(session: TenantSession, leads: Sequence[NewLead]) -> dict[ContactId, HeldLead]:
    """Locked until the commit. Another conversation may make one at the same moment: then that one is found.

    A board is made with the first version of a persona that was activated, and only such a version ever answers.
    """
    if not leads:
        return {}
    bound = {
        "ids": [new_id() for _ in leads],
        "personas": [lead.persona for lead in leads],
        "contacts": [lead.contact for lead in leads],
        "conversations": [lead.conversation for lead in leads],
        "stages": [lead.stage for lead in leads],
    }
    rows = (await session.execute(_MAKE, bound)).all()
    if len(rows) < len(leads):
        raise AssertionError("a lead without a board: a version answers that never was active")
    return {ContactId(row.contact_id): _held(row) for row in rows}


async def keep(session: TenantSession, leads: Sequence[HeldLead]) -> None:
    """As they are by now, with all that is new of them."""
    if not leads:
        return
    news = [(lead, seq, event) for lead in leads for seq, event in lead.numbered()]
    await session.execute(_KEEP, {**_lead_columns(leads), **_event_columns(news)})


async def hold(session: TenantSession, lead: UUID) -> HeldLead:
    """Locked until the commit, after the conversation in which it moved last: a turn takes both in this order."""
    await session.execute(_HOLD_CONVERSATION, {"lead": lead})
    return await _get(session, _HOLD, lead)


async def get(session: TenantSession, lead: UUID) -> HeldLead:
    """As it is at this moment: nobody has locked it."""
    return await _get(session, _GET, lead)


async def events_of(session: TenantSession, lead: UUID) -> list[LeadStageEvent]:
    """The newest first."""
    chain = select(LeadStageEvent).where(LeadStageEvent.lead_id == lead)
    return list(await session.scalars(chain.order_by(LeadStageEvent.seq.desc()).limit(MOST_EVENTS)))


async def stages_of(session: TenantSession, board: UUID) -> list[BoardStage]:
    columns = select(BoardStage).where(BoardStage.board_id == board)
    return list(await session.scalars(columns.order_by(BoardStage.position, BoardStage.key)))


async def lost_stage_of(session: TenantSession, board: UUID) -> str | None:
    return next((stage.key for stage in await stages_of(session, board) if stage.kind is StageKind.LOST), None)


async def messages_of(
    session: TenantSession, wanted: Collection[tuple[ConversationId, int]]
) -> dict[tuple[ConversationId, int], MessageId]:
    """By conversation and number."""
    if not wanted:
        return {}
    bound = {"conversations": [conversation for conversation, _ in wanted], "seqs": [seq for _, seq in wanted]}
    rows = (await session.execute(_MESSAGES, bound)).all()
    return {(ConversationId(row.conversation), row.seq): MessageId(row.id) for row in rows}


async def dialogue_of(session: TenantSession, conversation: UUID) -> dict[str, Any] | None:
    """What an open conversation remembers; None also where a turn commits there: it looks at the lead itself."""
    found: dict[str, Any] | None = await session.scalar(_DIALOGUE, {"conversation": conversation})
    return found


async def write_dialogue(session: TenantSession, conversation: UUID, dialogue: Mapping[str, Any]) -> None:
    await session.execute(_WRITE_DIALOGUE, {"conversation": conversation, "dialogue": dict(dialogue)})


async def words_for(
    session: TenantSession, conversation: UUID, slot: str, *, value: Mapping[str, Any]
) -> tuple[str, int]:
    """The words, and the number of their message, with which a slot got this value, as a turn has kept them."""
    bound = {"conversation": conversation, "slot": slot, "value": dict(value)}
    filled: list[Any] | None = await session.scalar(_FILLED, bound)
    return (str(filled[1]), int(filled[2])) if filled else ("", 0)


async def _get(session: TenantSession, statement: TextClause, lead: UUID) -> HeldLead:
    row = (await session.execute(statement, {"lead": lead})).one_or_none()
    if row is None:
        raise NotFound("Este lead não existe.", "There is no such lead.")
    return _held(row)


def _held(row: Any) -> HeldLead:
    return HeldLead(
        id=row.id,
        board_id=row.board_id,
        contact_id=ContactId(row.contact_id),
        conversation_id=ConversationId(row.conversation_id) if row.conversation_id else None,
        stage=row.stage,
        seq=row.seq,
        slots=row.slots,
    )


def _lead_columns(leads: Sequence[HeldLead]) -> dict[str, Any]:
    return {
        "leads": [lead.id for lead in leads],
        "conversations": [lead.conversation_id for lead in leads],
        "stages": [lead.stage for lead in leads],
        "seqs": [lead.seq for lead in leads],
        "slots": [_json(dict(lead.slots)) for lead in leads],
    }


def _event_columns(news: Sequence[tuple[HeldLead, int, NewEvent]]) -> dict[str, Any]:
    events = [event for _, _, event in news]
    return {
        "event_ids": [event.id for event in events],
        "event_leads": [lead.id for lead, _, _ in news],
        "event_seqs": [seq for _, seq, _ in news],
        "sources": [event.source for event in events],
        "targets": [event.target for event in events],
        "causes": [event.cause.value for event in events],
        "rules": [event.rule for event in events],
        "criteria": [_json([dict(criterion) for criterion in event.criteria]) for event in events],
        "befores": [_json(dict(event.slots_before)) for event in events],
        "versions": [event.version for event in events],
        "turns": [event.turn for event in events],
        "actors": [event.actor for event in events],
        "forced": [event.is_forced for event in events],
        "undone": [event.undo_of for event in events],
        "reasons": [event.reason for event in events],
    }


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


_LEAD: Final = "l.id, l.board_id, l.contact_id, l.conversation_id, l.stage, l.seq, l.slots"

_FIND: Final = text(f"""
    SELECT {_LEAD} FROM unnest(CAST(:contacts AS uuid[]), CAST(:personas AS text[])) AS w (contact, persona)
        JOIN boards b ON b.key = w.persona JOIN leads l ON l.board_id = b.id AND l.contact_id = w.contact
    ORDER BY l.id FOR NO KEY UPDATE OF l
""")  # noqa: S608 - columns of ours

# What is there already is not changed, but locked.
_MAKE: Final = text(f"""
    INSERT INTO leads AS l (tenant_id, id, board_id, contact_id, conversation_id, stage)
    SELECT current_tenant(), w.id, b.id, w.contact, w.conversation, w.stage
    FROM unnest(CAST(:ids AS uuid[]), CAST(:personas AS text[]), CAST(:contacts AS uuid[]),
            CAST(:conversations AS uuid[]), CAST(:stages AS text[])) AS w (id, persona, contact, conversation, stage)
        JOIN boards b ON b.key = w.persona
    ORDER BY b.id, w.contact
    ON CONFLICT (tenant_id, board_id, contact_id) DO UPDATE SET contact_id = excluded.contact_id
    RETURNING {_LEAD}
""")  # noqa: S608 - columns of ours

_KEEP: Final = text("""
    WITH added AS (
        INSERT INTO lead_stage_events (tenant_id, id, lead_id, seq, from_stage, to_stage, cause, rule_id, criteria,
            slots_before, persona_version_id, turn_id, actor_id, is_forced, undo_of, reason)
        SELECT current_tenant(), e.id, e.lead, e.seq, e.source, e.target, e.cause, e.rule, CAST(e.criteria AS jsonb),
            CAST(e.before AS jsonb), e.version, e.turn, e.actor, e.forced, e.undone, e.reason
        FROM unnest(
                CAST(:event_ids AS uuid[]), CAST(:event_leads AS uuid[]), CAST(:event_seqs AS bigint[]),
                CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:causes AS text[]), CAST(:rules AS text[]),
                CAST(:criteria AS text[]), CAST(:befores AS text[]), CAST(:versions AS uuid[]), CAST(:turns AS uuid[]),
                CAST(:actors AS uuid[]), CAST(:forced AS boolean[]), CAST(:undone AS uuid[]), CAST(:reasons AS text[])
            ) AS e (id, lead, seq, source, target, cause, rule, criteria, before, version, turn, actor, forced, undone,
                reason))
    UPDATE leads l SET conversation_id = w.conversation, stage = w.stage, seq = w.seq, slots = CAST(w.slots AS jsonb),
        stage_since = CASE WHEN w.seq > l.seq THEN app_now() ELSE l.stage_since END, updated_at = app_now()
    FROM unnest(CAST(:leads AS uuid[]), CAST(:conversations AS uuid[]), CAST(:stages AS text[]),
        CAST(:seqs AS bigint[]), CAST(:slots AS text[])) AS w (lead, conversation, stage, seq, slots)
    WHERE l.id = w.lead
""")

_HOLD_CONVERSATION: Final = text("""
    SELECT c.id FROM conversations c JOIN leads l ON l.conversation_id = c.id WHERE l.id = :lead
    FOR NO KEY UPDATE OF c
""")

_GET: Final = text(f"SELECT {_LEAD} FROM leads l WHERE l.id = :lead")  # noqa: S608 - ours

_HOLD: Final = text(f"{_GET.text} FOR NO KEY UPDATE")

# One by one: joined, a plan made while the table was small would read all that a company ever said.
_MESSAGES: Final = text("""
    SELECT w.conversation, w.seq, m.id
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq),
        LATERAL (SELECT id FROM messages WHERE conversation_id = w.conversation AND seq = w.seq LIMIT 1) m
""")

_DIALOGUE: Final = text(
    "SELECT dialogue FROM conversations WHERE id = :conversation AND control <> 'closed' FOR NO KEY UPDATE SKIP LOCKED"
).columns(dialogue=JSONB)

_WRITE_DIALOGUE: Final = text("UPDATE conversations SET dialogue = :dialogue WHERE id = :conversation").bindparams(
    bindparam("dialogue", type_=JSONB)
)

_FILLED: Final = (
    text("""
    SELECT dialogue_after -> 'slots' -> CAST(:slot AS text) AS filled FROM turns
    WHERE conversation_id = :conversation AND dialogue_after -> 'slots' -> CAST(:slot AS text) -> 0 = :value
    ORDER BY created_at DESC LIMIT 1
""")
    .bindparams(bindparam("value", type_=JSONB))
    .columns(filled=JSONB)
)
