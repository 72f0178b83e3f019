"""Whom an erasure is about: all rows by which a person is found, what was said of them elsewhere, and the receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.telegram_staff.notes import Body, to_json
from core import phones
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId, new_id
from core.models.files import Erasure
from core.models.staff import NoteLane
from graphs.stores.erasing_rows import SPOKEN, STATEMENTS, TAUGHT

REASON: Final = "erased"
_PROOF: Final = 8  # characters of a name that does not stand in a text by chance
_UUIDS: Final = ARRAY(Uuid)


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """All rows by which somebody is found: the contacts that are one person, and what hangs on them, by id."""

    contacts: Sequence[UUID]
    conversations: Sequence[UUID]
    messages: Sequence[UUID]
    turns: Sequence[UUID]
    leads: Sequence[UUID]
    handoffs: Sequence[UUID]
    effects: Sequence[UUID]
    drafts: Sequence[UUID]
    topics: Sequence[UUID]
    identities: Sequence[str]

    @property
    def subjects(self) -> list[UUID]:
        """Whatever an entry of a record may be about."""
        lists = (getattr(self, one.name) for one in fields(self) if one.name != "identities")
        return [one for ids in lists for one in ids]

    @property
    def numbers(self) -> list[str]:
        """Telephones as they stand in texts, in each way that they are written. Shorter names are no proof."""
        plain = [one.removeprefix("+") for one in self.identities]
        every = (way for one in plain if len(one) >= _PROOF for way in phones.ways(one))
        return list(dict.fromkeys(every))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """An approved answer, with its question."""

    id: UUID
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """The place of a person in a staff group: how Telegram knows it, while it does."""

    id: UUID
    group: UUID
    chat: int
    thread: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """Said of them outside of their topic: in the group's General, or to one of its people alone."""

    group: UUID | None
    person: UUID | None
    messages: Sequence[int]
    chat: int | None = None
    is_too_late: bool = False  # for a bot without the right: Telegram lets it take back what is two days old, no more


async def take_time(session: TenantSession) -> None:
    """To look through all that providers ever posted takes longer than a query of a person may."""
    await session.execute(text("SET LOCAL statement_timeout = '10min'"))


async def family_of(session: TenantSession, contact: ContactId) -> list[UUID]:
    """The contact with all that were merged into it, and that it was merged into; locked, in the order of ids."""
    return list(await session.scalars(_FAMILY, {"contact": contact}))


async def threads_of(session: TenantSession, contacts: Sequence[UUID]) -> list[ConversationId]:
    """Locked until the commit, in the order of ids."""
    return [ConversationId(one) for one in await session.scalars(_THREADS, {"contacts": list(contacts)})]


async def is_sending(session: TenantSession, contacts: Sequence[UUID]) -> bool:
    """A provider has one of its messages at this moment, and what it answers is still to be written down."""
    return await session.scalar(_SENDING, {"contacts": list(contacts)}) is not None


async def traces_of(session: TenantSession, contacts: Sequence[UUID]) -> Traces:
    row = (await session.execute(_TRACES, {"contacts": list(contacts)})).mappings().one()
    return Traces(contacts=list(contacts), **{name: ids or [] for name, ids in row.items()})


async def topics_of(session: TenantSession, traces: Traces) -> list[Topic]:
    rows = await session.execute(_TOPICS, {"topics": list(traces.topics)})
    return [Topic(id=row.id, group=row.group_id, chat=row.chat_id, thread=row.thread_id) for row in rows]


async def spoken_of(session: TenantSession, traces: Traces) -> list[Spoken]:
    rows = await session.execute(SPOKEN, _bound(SPOKEN, traces))
    return [
        Spoken(
            group=row.group_id,
            person=row.person_id,
            messages=row.message_ids,
            chat=row.chat_id,
            is_too_late=bool(row.is_too_late),
        )
        for row in rows
    ]


async def questions_of(session: TenantSession, traces: Traces) -> list[str]:
    """What they asked of the company's knowledge, as turns understood it."""
    return list(await session.scalars(_QUESTIONS, {"turns": list(traces.turns)}))


async def forget_gaps(session: TenantSession, questions: Sequence[str]) -> int:
    found = await session.scalars(_GAPS, {"questions": list(questions)})
    return len(found.all())


async def taught_by(session: TenantSession, traces: Traces) -> list[Taught]:
    """Answers that people approved in their conversations, those that hold no longer too."""
    rows = await session.execute(TAUGHT, _bound(TAUGHT, traces))
    return [Taught(id=row.id, words=f"{row.question} {row.answer}") for row in rows]


async def forget_taught(session: TenantSession, answer: UUID) -> None:
    """After it was withdrawn: that there was one stays."""
    await session.execute(_FORGET_TAUGHT, {"answer": answer})


async def blank(session: TenantSession, traces: Traces) -> dict[str, int]:
    """Every store with how many of its rows said something. In this order: rows that are found by others come first."""
    counted: dict[str, int] = {}
    for store, statement in STATEMENTS.items():
        done = await session.execute(statement, _bound(statement, traces))
        counted[store] = len(done.all())
    return counted | await _blank_record(session, traces)


def _bound(statement: TextClause, traces: Traces) -> dict[str, Any]:
    told = {one.name: list(getattr(traces, one.name)) for one in fields(traces)}
    told |= {"subjects": [str(one) for one in traces.subjects], "numbers": traces.numbers}
    return {name: told[name] for name in statement.compile().params}


async def _blank_record(session: TenantSession, traces: Traces) -> dict[str, int]:
    """Of what the app may only add to."""
    bound = {"people": list(traces.contacts), "leads": list(traces.leads), "subjects": traces.subjects}
    row = (await session.execute(_RECORD, bound)).one()
    return {
        "consent_events": row.consents,
        "contact_events": row.changes,
        "lead_stage_events": row.moves,
        "audit_log": row.acts,
    }


async def post(session: TenantSession, body: Body, place: Topic | Spoken) -> None:
    """To be done in the group, or in somebody's private chat."""
    note = new_id()
    topic = place.id if isinstance(place, Topic) else None
    person = place.person if isinstance(place, Spoken) else None
    bound = {"id": note, "key": f"{REASON}:{note}", "group": place.group, "topic": topic, "person": person}
    await session.execute(_POST, bound | {"lane": NoteLane.NEWS.value, "body": to_json(body)})
    await session.execute(_TELL)


def keep_receipt(session: TenantSession, contact: ContactId, by: UUID | None, receipt: Mapping[str, int]) -> UUID:
    row = Erasure(tenant_id=session.tenant_id, id=new_id(), contact_id=contact, requested_by=by, receipt=dict(receipt))
    session.add(row)
    return row.id


_FAMILY: Final = text("""
    WITH RECURSIVE family AS (
        SELECT id, merged_into FROM contacts WHERE id = :contact
        UNION SELECT c.id, c.merged_into FROM contacts c JOIN family f ON c.id = f.merged_into OR c.merged_into = f.id)
    SELECT c.id FROM contacts c WHERE c.id IN (SELECT id FROM family) ORDER BY c.id FOR NO KEY UPDATE OF c
""")

_THREADS: Final = text("""
    SELECT id FROM conversations WHERE contact_id = ANY (:contacts) ORDER BY id FOR NO KEY UPDATE
""").bindparams(bindparam("contacts", type_=_UUIDS))

_SENDING: Final = text("""
    SELECT id FROM outbound WHERE contact_id = ANY (:contacts) AND state = 'sending' LIMIT 1
""").bindparams(bindparam("contacts", type_=_UUIDS))

_TRACES: Final = text("""
    WITH talks AS MATERIALIZED (SELECT id FROM conversations WHERE contact_id = ANY (:contacts))
    SELECT (SELECT array_agg(id) FROM talks) AS conversations,
        (SELECT array_agg(id) FROM messages WHERE conversation_id IN (SELECT id FROM talks)) AS messages,
        (SELECT array_agg(id) FROM turns WHERE conversation_id IN (SELECT id FROM talks)) AS turns,
        (SELECT array_agg(id) FROM leads WHERE contact_id = ANY (:contacts)) AS leads,
        (SELECT array_agg(id) FROM handoffs WHERE conversation_id IN (SELECT id FROM talks)) AS handoffs,
        (SELECT array_agg(id) FROM effects WHERE contact_id = ANY (:contacts)
            OR conversation_id IN (SELECT id FROM talks)) AS effects,
        (SELECT array_agg(id) FROM drafts WHERE conversation_id IN (SELECT id FROM talks)) AS drafts,
        (SELECT array_agg(id) FROM staff_topics WHERE contact_id = ANY (:contacts)) AS topics,
        (SELECT array_agg(value) FROM contact_identities WHERE contact_id = ANY (:contacts)) AS identities
""").bindparams(bindparam("contacts", type_=_UUIDS))

_TOPICS: Final = text("""
    SELECT t.id, t.group_id, g.chat_id, t.thread_id FROM staff_topics t JOIN staff_groups g ON g.id = t.group_id
    WHERE t.id = ANY (:topics) ORDER BY t.id
""").bindparams(bindparam("topics", type_=_UUIDS))

_QUESTIONS: Final = text("""
    SELECT DISTINCT command ->> 'query' FROM turns t,
        jsonb_path_query(t.trace, '$.commands[*] ? (@.type == "ask_knowledge")') AS command
    WHERE t.id = ANY (:turns) AND command ->> 'query' IS NOT NULL
""").bindparams(bindparam("turns", type_=_UUIDS))

_GAPS: Final = text("DELETE FROM knowledge_gaps WHERE question = ANY (:questions) RETURNING id").bindparams(
    bindparam("questions", type_=ARRAY(Text))
)

_FORGET_TAUGHT: Final = text("UPDATE approved_answers SET question = '-', answer = '-' WHERE id = :answer")

_RECORD: Final = text("SELECT * FROM priv.erase_record(:people, :leads, :subjects)").bindparams(
    *(bindparam(name, type_=_UUIDS) for name in ("people", "leads", "subjects"))
)

_POST: Final = text("""
    INSERT INTO staff_notes (tenant_id, id, key, group_id, topic_id, person_id, lane, body)
    VALUES (current_tenant(), :id, :key, :group, :topic, :person, :lane, :body)
""").bindparams(*(bindparam(name, type_=Uuid) for name in ("group", "topic", "person")), bindparam("body", type_=JSONB))

_TELL: Final = text("SELECT pg_notify('staff', CAST(current_tenant() AS text))")
