"""How many calls to a model are left today: counted from the turns that made them, which nobody can forget."""

from typing import Final

from sqlalchemy import text

from core.db.sessions import Database
from core.ids import CompanyId, ContactId

MOST_OF_COMPANY: Final = 20_000  # a day, for a company that has set no limit of its own


class CallsToday:
    """Of a contact and its company, in the company's own day."""

    def __init__(self, database: Database, company: CompanyId, contact: ContactId) -> None:
        self._database = database
        self._company = company
        self._contact = contact

    async def calls_left(self, *, of_contact: int) -> int:
        async with self._database.tenant_session(self._company) as session:
            row = (await session.execute(_TODAY, {"contact": self._contact})).one()
        return max(0, min(of_contact - int(row.of_contact), MOST_OF_COMPANY - int(row.of_company)))


_TODAY: Final = text("""
    WITH day AS (
        SELECT date_trunc('day', app_now() AT TIME ZONE k.time_zone) AT TIME ZONE k.time_zone AS begun
        FROM companies k WHERE k.id = current_tenant())
    SELECT coalesce(sum(t.model_calls), 0) AS of_company,
        coalesce(sum(t.model_calls) FILTER (WHERE c.contact_id = :contact), 0) AS of_contact
    FROM day, turns t JOIN conversations c ON c.id = t.conversation_id
    WHERE t.model_calls > 0 AND t.ended_at >= day.begun
""")
