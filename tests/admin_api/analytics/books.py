"""A company's rows, often right before or after a midnight of its own, and who they belong to."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update

from admin_api.analytics.figures import Figures, Period
from admin_api.analytics.queries import figures_of
from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.db.sessions import Database
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.answers import ApprovedAnswer, GapState, KnowledgeGap
from core.models.base import TenantEntity
from core.models.commerce import Appointment, Charge, ChargeMethod, ChargeState, Order, OrderState
from core.models.installation import Company
from core.models.outbox import Lane, Outbound, OutboundState, Purpose
from core.models.people import Connection, ConnectionKind, ConsentEvent, ConsentKind, ConsentSource, Contact
from core.models.personas import Board, BoardStage, Cause, Lead, LeadStageEvent, PersonaVersion, StageKind
from core.models.service import Handoff, HandoffState
from core.models.stream import (
    Author,
    Conversation,
    Direction,
    MediaFile,
    Message,
    MessageKind,
    Trigger,
    Turn,
    TurnState,
)

ZONE: Final = ZoneInfo("America/Noronha")  # another day than UTC's, and than São Paulo's, for some hours
FIRST, LAST = date(2026, 11, 10), date(2026, 11, 16)
WEEK: Final = Period(begins=FIRST, ends=LAST)
_AUTHORS: Final = (Author.CUSTOMER, Author.CUSTOMER, Author.BOT, Author.STAFF, Author.SYSTEM)

_UNSENT: Final = frozenset(
    {OutboundState.QUEUED, OutboundState.FAILED, OutboundState.SUPPRESSED, OutboundState.EXPIRED}
)
_FATES: Final = (None, OutboundState.ACCEPTED, OutboundState.READ, OutboundState.AMBIGUOUS, *sorted(_UNSENT))


class Books:
    """A company's rows, as they were written, and a recount of them that knows no SQL."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a test says which
        self.rows: list[TenantEntity] = []
        self.unsaid: set[UUID] = set()  # messages that nobody ever got
        self.connection = self.add(Connection(id=new_id(), kind=ConnectionKind.WHATSAPP, name="Loja"))
        self.board = self.add(Board(id=new_id(), key="vendas", name="Vendas"))
        for place, (key, kind) in enumerate(
            (("novo", StageKind.OPEN), ("ganho", StageKind.WON), ("perdido", StageKind.LOST))
        ):
            self.add(BoardStage(id=new_id(), board_id=self.board.id, key=key, name=key, position=place, kind=kind))
        self.version = self.add(
            PersonaVersion(id=new_id(), name="vendas", number=1, source="x", definition={}, sha256="0" * 64)
        )

    def add(self, row: Any) -> Any:
        self.rows.append(row)
        return row

    def of(self, kind: type) -> list[Any]:
        return [row for row in self.rows if isinstance(row, kind)]

    @property
    def said(self) -> list[Message]:
        return [row for row in self.of(Message) if row.id not in self.unsaid]

    def moment(self) -> datetime:
        """Somewhere around the week, and often right before or after a midnight of the company."""
        day = FIRST + timedelta(days=self._random.randint(-3, 9))
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        near = self._random.choice([timedelta(seconds=-1), timedelta(0), timedelta(seconds=1)])
        far = timedelta(seconds=self._random.randint(0, 86_399))
        return (midnight + self._random.choice([near, far])).astimezone(UTC)

    def fill(self) -> None:
        for _ in range(12):
            self._person()
        for _ in range(20):
            self.add(
                KnowledgeGap(id=new_id(), question="?", words=[], state=self._one(GapState), first_at=self.moment())
            )
            self.add(ApprovedAnswer(id=new_id(), question="?", answer="!", created_at=self.moment()))
            self.add(_order(self.moment(), self._one(OrderState), self._one(["BRL", "USD"])))
            paid = self._one([self.moment(), None])
            self.add(_charge(paid, ChargeState.PAID if paid else ChargeState.PENDING))

    def _one(self, choices: Any) -> Any:
        return self._random.choice(list(choices))

    def _person(self) -> None:
        contact = self.add(Contact(id=new_id()))
        talk = self.add(
            Conversation(id=new_id(), contact_id=contact.id, connection_id=self.connection.id, created_at=self.moment())
        )
        said = [self._say(talk, number) for number in range(self._random.randint(0, 25))]
        talk.last_message_at = max((row.provider_at or row.created_at for row in said), default=None)
        self._hand_over(talk)
        self._lead(contact)
        self._consent(contact)
        starts = self.moment()
        self.add(
            Appointment(
                id=new_id(),
                contact_id=contact.id,
                service="corte",
                starts_at=starts,
                ends_at=starts + timedelta(hours=1),
                place=len(self.rows),
                state=self._one(["booked", "cancelled"]),
                created_at=self.moment(),
                cancelled_at=self._one([None, self.moment()]),
            )
        )

    def _say(self, talk: Conversation, number: int) -> Message:
        author, at = self._one(_AUTHORS), self.moment()
        row: Message = self.add(
            Message(
                id=new_id(),
                conversation_id=talk.id,
                connection_id=self.connection.id,
                seq=number + 1,
                direction=Direction.IN if author is Author.CUSTOMER else Direction.OUT,
                author=author,
                kind=MessageKind.TEXT,
                text="oi",
                provider_at=at if author is Author.CUSTOMER else None,
                created_at=self.moment() if author is Author.CUSTOMER else at,
            )
        )
        if author is Author.BOT:
            self._think(talk, at)
        if row.direction is Direction.OUT and (state := self._one(_FATES)) is not None:
            self._send(talk, row, state)
        return row

    def _send(self, talk: Conversation, row: Message, state: OutboundState) -> None:
        if state in _UNSENT:
            self.unsaid.add(row.id)
        self.add(
            Outbound(
                id=new_id(),
                intent_key=str(row.id),
                conversation_id=talk.id,
                connection_id=talk.connection_id,
                contact_id=talk.contact_id,
                message_id=row.id,
                seq=row.seq,
                lane=Lane.REPLY,
                purpose=Purpose.REPLY,
                state=state,
                content={},
                control_epoch=0,
            )
        )

    def _think(self, talk: Conversation, at: datetime) -> None:
        self.add(
            Turn(
                id=new_id(),
                conversation_id=talk.id,
                trigger=Trigger.INBOUND,
                state=TurnState.DONE,
                due_at=at,
                ended_at=at,
                model_calls=self._one([0, 1, 2]),
                cost_micros=self._one([None, 0, 250]),
                persona_version_id=self.version.id,
            )
        )
        heard = [row for row in self.of(Message) if row.conversation_id == talk.id and row.author is Author.CUSTOMER]
        known = {row.message_id for row in self.of(MediaFile)}
        for row in [row for row in heard if row.id not in known][:1]:
            file = MediaFile(id=new_id(), message_id=row.id, connection_id=self.connection.id, kind=MessageKind.VOICE)
            file.words_model, file.model_calls, file.heard_at = "openai/whisper-1", 1, at
            file.cost_micros = self._one([None, 90])
            self.add(file)

    def _hand_over(self, talk: Conversation) -> None:
        for _ in range(self._random.randint(0, 3)):
            asked = self.moment()
            taken = self._one([None, asked, asked + timedelta(minutes=7)])
            ended = asked + timedelta(days=self._random.randint(0, 3), minutes=1)
            self.add(
                Handoff(
                    id=new_id(),
                    conversation_id=talk.id,
                    epoch=1,
                    queue="vendas",
                    reason="x",
                    state=HandoffState.ENDED,
                    created_at=asked,
                    taken_at=taken,
                    ended_at=ended,
                )
            )

    def _lead(self, contact: Contact) -> None:
        lead = self.add(
            Lead(
                id=new_id(),
                board_id=self.board.id,
                contact_id=contact.id,
                stage=self._one(["novo", "ganho", "perdido"]),
                value_cents=self._one([None, 1500]),
                created_at=self.moment(),
            )
        )
        before: LeadStageEvent | None = None
        for number in range(self._random.randint(1, 5)):
            is_undo = before is not None and before.undo_of is None and self._random.random() < 0.3
            before = self.add(
                LeadStageEvent(
                    id=new_id(),
                    lead_id=lead.id,
                    seq=number + 1,
                    from_stage=None if number == 0 else "novo",
                    to_stage=self._one(["novo", "ganho", "perdido"]),
                    cause=Cause.UNDO if is_undo else self._one([Cause.RULE, Cause.STAFF]),
                    undo_of=before.id if is_undo and before is not None else None,
                    created_at=self.moment(),
                )
            )

    def _consent(self, contact: Contact) -> None:
        for _ in range(self._random.randint(0, 2)):
            self.add(
                ConsentEvent(
                    id=new_id(),
                    contact_id=contact.id,
                    kind=self._one(ConsentKind),
                    source=self._one([ConsentSource.KEYWORD, ConsentSource.IMPORT, ConsentSource.STAFF]),
                    created_at=self.moment(),
                )
            )

    async def keep(self, database: Database, company: CompanyId) -> None:
        async with database.tenant_session(company) as session:
            await session.execute(update(Company).values(time_zone=ZONE.key))
            for kind in dict.fromkeys(type(row) for row in self.rows):  # those that others refer to come first
                for row in self.of(kind):
                    row.tenant_id = company
                    session.add(row)
                await session.flush()


def _order(at: datetime, state: OrderState, currency: str) -> Order:
    name = str(new_id())
    order = Order(id=new_id(), source="loja", external_id=name, number=name, state=state, total_cents=1990)
    order.placed_at, order.currency = at, currency
    return order


def _charge(paid: datetime | None, state: ChargeState) -> Charge:
    charge = Charge(id=new_id(), source="psp", external_id=str(new_id()), method=ChargeMethod.PIX, amount_cents=700)
    charge.paid_at, charge.state = paid, state
    return charge


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """A company with its books."""

    database: Database
    company: CompanyId
    books: Books

    async def figures(self, period: Period = WEEK) -> Figures:
        async with self.database.tenant_session(self.company) as session:
            return await figures_of(session, period)


async def open_office(floor: Floor, seed: int | None) -> Office:
    slug = f"books-{new_id().hex[-12:]}"
    company = await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)
    books = Books(seed or 0)
    if seed is not None:
        books.fill()
        await books.keep(floor.database, company)
    return Office(database=floor.database, company=company, books=books)
