"""Companies, what is put on their shelves, and what lies there, in one line each."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.knowledge import KnowledgePassage, KnowledgePosting
from knowledge.documents import Piece
from knowledge.features import words_of
from knowledge.search import Found, search
from knowledge.stores import bases, documents, postings
from knowledge.stores.documents import Put, Source

BASE = "loja"


async def new_company(floor: Floor) -> CompanyId:
    slug = f"c{new_id().hex}"
    return await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)


def piece(text: str, position: int = 0, *, title: str = "") -> Piece:
    return Piece(text=text, title=title, position=position, sha256=hashlib.sha256(text.encode()).hexdigest())


async def shelve(session: TenantSession, *texts: str, key: str = "ajuda.md", base: str = BASE) -> Put:
    source = Source(key=key, title=key, kind="txt", content_sha256=hashlib.sha256("".join(texts).encode()).hexdigest())
    pieces = [piece(text, position) for position, text in enumerate(texts)]
    return await documents.put(session, await bases.ensure(session, base), source, pieces)


async def shelve_dated(
    session: TenantSession,
    text: str,
    key: str,
    *,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    published_at: datetime | None = None,
) -> UUID:
    source = Source(
        key=key,
        title=key,
        kind="txt",
        content_sha256=key,
        valid_from=valid_from,
        valid_until=valid_until,
        published_at=published_at,
    )
    return (await documents.put(session, await bases.ensure(session, BASE), source, [piece(text)])).document


async def rows(session: TenantSession) -> dict[str, UUID]:
    found = await session.execute(select(KnowledgePassage.body, KnowledgePassage.id))
    return {row.body: row.id for row in found}


async def lists(session: TenantSession) -> dict[str, Counter[int]]:
    """Which words stand in which passages, as the postings say."""
    found: dict[str, Counter[int]] = {}
    for row in await session.scalars(select(KnowledgePosting)):
        [run] = await postings.find(session, [row.base_id], [row.word])
        found.setdefault(row.word, Counter()).update(run.first + place for place in run.places)
    return found


async def true_lists(session: TenantSession) -> dict[str, Counter[int]]:
    """The same, from the passages themselves."""
    found: dict[str, Counter[int]] = {}
    for row in await session.scalars(select(KnowledgePassage)):
        for word in words_of(row.body, (row.title, *row.headings)):
            found.setdefault(word, Counter())[row.number] += 1
    return found


async def ask(floor: Floor, company: CompanyId, question: str, names: Sequence[str] = (BASE,), k: int = 5) -> Found:
    async with floor.database.tenant_session(company) as session:
        return await search(session, question, names, k)


async def texts(floor: Floor, company: CompanyId, question: str, k: int = 5) -> list[str]:
    return [hit.text for hit in (await ask(floor, company, question, k=k)).hits]
