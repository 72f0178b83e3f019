"""How many calls to a model are left today: counted from the turns and files that took them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text

from core.clock import Deadline
from core.db.sessions import Database, TenantSession
from core.ids import CompanyId, ContactId

_KEPT_SECONDS: Final = 10.0
_MOST_KEPT: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a contact and its company had taken when it was counted."""

    by_contact: int
    by_company: int

    def within(self, of_company: int) -> "Allowance":
        return Allowance(taken=self, of_company=of_company)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What is left of it, by what the company's persona allows."""

    taken: Taken
    of_company: int

    async def calls_left(self, *, of_contact: int) -> int:
        return max(0, min(of_contact - self.taken.by_contact, self.of_company - self.taken.by_company))


@dataclass(slots=True)
class CompaniesToday:
    """What companies have taken, as this process last looked: so large a limit need not be counted for each turn.

    What is taken meanwhile is not seen for so long: a company may pass its limit by what each process takes of it in
    these seconds, and by what the turns take that run at the moment.
    """

    _counts: dict[CompanyId, tuple[int, Deadline]] = field(default_factory=dict)

    async def calls(self, session: TenantSession) -> int:
        company = CompanyId(session.tenant_id)
        count, until = self._counts.get(company, (0, _LONG_AGO))
        if until.passed:
            if len(self._counts) >= _MOST_KEPT:
                self._counts.clear()
            count = int(await session.scalar(_OF_COMPANY) or 0)
            self._counts[company] = (count, Deadline.after(_KEPT_SECONDS))
        return count


async def taken(
    session: TenantSession, contacts: Collection[ContactId], companies: CompaniesToday
) -> dict[ContactId, Taken]:
    """In the company's own day. What runs at this moment, in another conversation of theirs, is not counted yet."""
    if not contacts:
        return {}
    of_company = await companies.calls(session)
    rows = await session.execute(_OF_CONTACTS, {"contacts": list(contacts)})
    counts = {row.contact_id: int(row.calls) for row in rows}
    return {contact: Taken(by_contact=counts.get(contact, 0), by_company=of_company) for contact in contacts}


class CallsToday:
    """Of a contact and its company, counted when somebody asks. `of_company`: how many all of its contacts may take."""

    def __init__(
        self,
        database: Database,
        company: CompanyId,
        contact: ContactId,
        *,
        of_company: int,
        companies: CompaniesToday | None = None,
    ) -> None:
        self._database = database
        self._company = company
        self._contact = contact
        self._of_company = of_company
        self._companies = companies or CompaniesToday()

    async def calls_left(self, *, of_contact: int) -> int:
        async with self._database.tenant_session(self._company) as session:
            counted = await taken(session, [self._contact], self._companies)
        return await counted[self._contact].within(self._of_company).calls_left(of_contact=of_contact)


_LONG_AGO: Final = Deadline(0.0)

_DAY: Final = """
    day AS MATERIALIZED (
        SELECT date_trunc('day', app_now() AT TIME ZONE k.time_zone) AT TIME ZONE k.time_zone AS begun
        FROM companies k WHERE k.id = current_tenant())
"""

_OF_COMPANY: Final = text(f"""
    WITH {_DAY}
    SELECT (SELECT coalesce(sum(t.model_calls), 0) FROM turns t
            WHERE t.model_calls > 0 AND t.ended_at >= (SELECT begun FROM day))
        + (SELECT coalesce(sum(f.model_calls), 0) FROM media_files f
            WHERE f.model_calls > 0 AND f.heard_at >= (SELECT begun FROM day))
""")  # noqa: S608 - columns of ours

# By the contacts' own conversations, whatever else the company does today. Nobody waits longer than a day for a turn,
# and of a contact who writes more than so many lines a day what the first ones took is forgotten.
_OF_CONTACTS: Final = text(f"""
    WITH {_DAY}
    SELECT c.contact_id, sum(s.calls) AS calls FROM conversations c, LATERAL (
        (SELECT t.model_calls AS calls FROM turns t
         WHERE t.conversation_id = c.id AND t.created_at >= (SELECT begun - interval '1 day' FROM day)
           AND t.model_calls > 0 AND t.ended_at >= (SELECT begun FROM day))
        UNION ALL
        (SELECT f.model_calls FROM messages m JOIN media_files f ON f.message_id = m.id
         WHERE m.conversation_id = c.id AND m.seq > c.message_seq - 1000 AND m.kind IN ('voice', 'audio', 'image')
           AND f.model_calls > 0 AND f.heard_at >= (SELECT begun FROM day))) s
    WHERE c.contact_id = ANY (CAST(:contacts AS uuid[])) GROUP BY c.contact_id
""")  # noqa: S608 - columns of ours
