"""The bases of a company: made, named, counted, emptied. Whoever writes to one holds it until the commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import randbits
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import TenantSession
from core.errors import Malformed, NotFound
from core.ids import new_id
from core.models.ingestion import IngestionJob
from core.models.knowledge import (
    KnowledgeBase,
    KnowledgeDocument,
    KnowledgePassage,
    KnowledgePosting,
    KnowledgeSpelling,
)

_LONGEST_NAME: Final = 80
_MARK_BITS: Final = 62
_OURS: Final = "="  # what names of ours begin with


class _Reserved(Malformed):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"O nome `{name}` é reservado: escolha outro.", f"The name `{name}` is reserved: choose another."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    id: UUID
    name: str
    version: int
    passages: int


async def ensure(session: TenantSession, name: str, *, is_reserved: bool = False) -> UUID:
    """The base of that name, made if there is none."""
    name = _sound(name)
    if not is_reserved and name.startswith(_OURS):  # also before ours is there: it would take its place
        raise _Reserved(name)
    row = {"tenant_id": session.tenant_id, "id": new_id(), "name": name, "is_reserved": is_reserved}
    await session.execute(insert(KnowledgeBase).values(row).on_conflict_do_nothing())
    found = await session.execute(select(KnowledgeBase.id, KnowledgeBase.is_reserved).where(KnowledgeBase.name == name))
    base, reserved = found.one()
    if reserved and not is_reserved:
        raise _Reserved(name)
    return UUID(str(base))


async def every(session: TenantSession) -> Sequence[Base]:
    """By name, without those of ours."""
    return await _found(session, KnowledgeBase.is_reserved.is_(False))


async def named(session: TenantSession, names: Sequence[str]) -> Sequence[Base]:
    """Those of the names that exist and are not ours."""
    return await _found(session, KnowledgeBase.name.in_(names) & KnowledgeBase.is_reserved.is_(False))


async def one(session: TenantSession, name: str) -> Base:
    found = await named(session, [name])
    if not found:
        raise NotFound(
            f"Não há base de conhecimento `{name}`: confira o nome.",
            f"There is no knowledge base `{name}`: check the name.",
        )
    return found[0]


async def hold(session: TenantSession, base: UUID) -> int:
    """Nobody else writes to it until the commit. The first number that no passage of it ever had."""
    # Rows that refer to the base, such as jobs, may be made meanwhile.
    locked = select(KnowledgeBase.next_number).where(KnowledgeBase.id == base).with_for_update(key_share=True)
    number = await session.scalar(locked)
    if number is None:
        raise NotFound("Essa base de conhecimento não existe mais.", "That knowledge base does not exist any more.")
    return int(number)


async def mark_written(session: TenantSession, base: UUID, *, numbers: int = 0, passages: int = 0) -> None:
    """So many numbers were given out, and so many more passages are there. Caches of the base are void."""
    await session.execute(
        update(KnowledgeBase)
        .where(KnowledgeBase.id == base)
        .values(
            version=randbits(_MARK_BITS),  # not the next number, which a write that is rolled back leaves to another
            next_number=KnowledgeBase.next_number + numbers,
            passages=KnowledgeBase.passages + passages,
        )
    )


async def remove(session: TenantSession, base: UUID) -> int:
    """With all that is in it, and what is being read into it. How many documents it had."""
    await hold(session, base)
    await session.execute(delete(IngestionJob).where(IngestionJob.base_id == base))
    for model in (KnowledgePosting, KnowledgeSpelling, KnowledgePassage):
        await session.execute(delete(model).where(model.base_id == base))
    gone = await session.execute(
        delete(KnowledgeDocument).where(KnowledgeDocument.base_id == base).returning(KnowledgeDocument.id)
    )
    documents = len(gone.all())
    await session.execute(delete(KnowledgeBase).where(KnowledgeBase.id == base))
    return documents


async def _found(session: TenantSession, condition: ColumnElement[bool]) -> Sequence[Base]:
    columns = (KnowledgeBase.id, KnowledgeBase.name, KnowledgeBase.version, KnowledgeBase.passages)
    rows = await session.execute(select(*columns).where(condition).order_by(KnowledgeBase.name))
    return [Base(id=row.id, name=row.name, version=row.version, passages=row.passages) for row in rows]


def _sound(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > _LONGEST_NAME or not tidy.isprintable():
        raise Malformed(
            f"O nome de uma base tem de 1 a {_LONGEST_NAME} caracteres visíveis.",
            f"The name of a base has 1 to {_LONGEST_NAME} visible characters.",
        )
    return tidy
