"""What a contact has ordered and owes, as the shop and the payment provider told us."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Text, bindparam, func, text
from sqlalchemy.dialects.postgresql import insert

from agents.ports import ChargeNews, OrderNews
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ContactId, new_id
from core.models.commerce import Charge, ChargeMethod, Order, OrderState
from graphs.stores.appointments import reading


@dataclass(frozen=True, kw_only=True, slots=True)
class NewOrder:
    contact_id: ContactId
    source: str
    external_id: str
    number: str
    state: OrderState
    total_cents: int
    placed_at: datetime
    tracking: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCharge:
    contact_id: ContactId
    source: str
    external_id: str
    method: ChargeMethod
    amount_cents: int
    description: str
    due_on: date
    pay_code: str


async def keep(session: TenantSession, *, orders: Sequence[NewOrder], charges: Sequence[NewCharge]) -> None:
    """Each once, by what its source calls it: what is there already stays as it is."""
    for table, rows in ((Order, orders), (Charge, charges)):
        values = [{"tenant_id": func.current_tenant(), "id": new_id(), **asdict(row)} for row in rows]
        if values:
            await session.execute(insert(table).values(values).on_conflict_do_nothing())


async def of_contact(
    session: TenantSession, contact: ContactId, number: str | None = None, *, most: int = 5
) -> list[OrderNews]:
    """The newest first. A number is theirs or finds nothing: nobody is told of another's order."""
    bound = {"contact": contact, "number": number, "most": most}
    return [
        OrderNews(
            id=row.id,
            number=row.number,
            state=row.state,
            total_cents=row.total_cents,
            placed_at=row.placed_at,
            tracking=row.tracking,
        )
        for row in await session.execute(_ORDERS, bound)
    ]


class ContactOrders:
    """Of one contact, whatever name they were known by before."""

    def __init__(self, database: Database, company: CompanyId, contact: ContactId) -> None:
        self._database = database
        self._company = company
        self._contact = contact

    async def orders(self, number: str | None = None, *, most: int = 5) -> Sequence[OrderNews]:
        async with reading(self._database, self._company) as session:
            return await of_contact(session, self._contact, number, most=most)

    async def charges(self, *, most: int = 5) -> Sequence[ChargeNews]:
        """What is open, by the day on which it is due."""
        async with reading(self._database, self._company) as session:
            rows = (await session.execute(_CHARGES, {"contact": self._contact, "most": most})).all()
        return [
            ChargeNews(
                description=row.description,
                method=row.method,
                state=row.state,
                amount_cents=row.amount_cents,
                due_on=row.due_on,
                pay_url=row.pay_url,
                pay_code=row.pay_code,
            )
            for row in rows
        ]


# People write the number with or without its sign, and in any case.
_ORDERS: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT o.id, o.number, o.state, o.total_cents, o.placed_at, o.tracking
    FROM orders o JOIN mine ON mine.id = o.contact_id
    WHERE CAST(:number AS text) IS NULL
       OR lower(ltrim(o.number, '#')) = lower(ltrim(btrim(CAST(:number AS text)), '#'))
    ORDER BY o.placed_at DESC, o.id DESC LIMIT :most
""").bindparams(bindparam("number", type_=Text))

_CHARGES: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT h.description, h.method, h.state, h.amount_cents, h.due_on, h.pay_url, h.pay_code
    FROM charges h JOIN mine ON mine.id = h.contact_id
    WHERE h.state = 'pending' ORDER BY h.due_on NULLS LAST, h.created_at, h.id LIMIT :most
""")
