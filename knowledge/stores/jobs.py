"""Jobs of reading and their items as rows: opened, claimed one by one, settled once, counted as they go."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Interval, bindparam, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import Database, TenantSession
from core.errors import NotFound
from core.ids import CompanyId, new_id
from core.models.ingestion import IngestionItem, IngestionJob, ItemState, JobKind, JobState
from knowledge.documents import Note

MOST_ATTEMPTS: Final = 3
_OPEN: Final = (JobState.LISTING, JobState.READING)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    base: UUID
    kind: JobKind
    name: str
    address: str | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Where an item's bytes lie until they are read."""

    storage_key: str
    sealed_key: bytes = field(repr=False)
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewItem:
    position: int
    name: str
    address: str | None = None
    upload: Upload | None = None
    refused: str | None = None  # why it is not even tried
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """An item that is ours to read, as long as its lease lasts."""

    id: UUID
    job: UUID
    kind: JobKind
    base: UUID
    position: int
    name: str
    address: str | None
    storage_key: str | None
    sealed_key: bytes | None = field(repr=False)
    fence: int
    attempts: int  # this one counted

    @property
    def key(self) -> str:
        """What the same source is known by when it is read again."""
        return self.address or self.name

    @property
    def may_be_folder(self) -> bool:
        """The files of a folder are sources; a folder among them, or among the pages of a site, is none."""
        return self.position == 0 and self.kind in {JobKind.FILE, JobKind.PAGE}

    @property
    def is_map(self) -> bool:
        return self.position == 0 and self.kind is JobKind.SITEMAP


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of an item."""

    state: ItemState
    reason: str | None = None
    notes: Sequence[Note] = ()
    pieces: int = 0
    document: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a job has come."""

    id: UUID
    base: UUID
    kind: JobKind
    name: str
    address: str | None
    state: JobState
    items: int
    done: int
    refused: int
    pieces: int
    reason: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def waiting(self) -> int:
        return self.items - self.done - self.refused


async def open_job(session: TenantSession, job: NewJob, first: NewItem) -> None:
    """What lies in a folder or on a site becomes further items, once the first is read."""
    state = JobState.LISTING if job.kind is JobKind.SITEMAP else JobState.READING
    row = {"tenant_id": session.tenant_id, "id": job.id, "base_id": job.base, "kind": job.kind, "name": job.name}
    await session.execute(insert(IngestionJob).values(**row, address=job.address, state=state))
    await add_items(session, job.id, [first])


async def add_items(session: TenantSession, job: UUID, items: Sequence[NewItem]) -> int:
    """Those of positions that are taken are there already: a listing that was cut off is simply done again."""
    rows = [_row(session, job, item) for item in items]
    if not rows:
        return 0
    statement = insert(IngestionItem).values(rows).on_conflict_do_nothing()
    added = (await session.execute(statement.returning(IngestionItem.state))).scalars().all()
    refused = added.count(ItemState.REFUSED)
    await _change(session, job, items=IngestionJob.items + len(added), refused=IngestionJob.refused + refused)
    return len(added)


def _row(session: TenantSession, job: UUID, item: NewItem) -> dict[str, Any]:
    upload = asdict(item.upload) if item.upload else dict.fromkeys(("storage_key", "sealed_key", "size", "sha256"))
    return {
        "tenant_id": session.tenant_id,
        "id": item.id,
        "job_id": job,
        "position": item.position,
        "name": item.name,
        "address": item.address,
        "state": ItemState.REFUSED if item.refused else ItemState.WAITING,
        "reason": item.refused,
        **upload,
    }


async def start_reading(session: TenantSession, job: UUID, *, kind: JobKind | None = None) -> None:
    await _change(session, job, state=JobState.READING, **({"kind": kind} if kind else {}))


async def claim(session: TenantSession, job: UUID, *, lease: timedelta) -> Claimed | None:
    """The first that waits and that nobody reads. None: there is none, or the job was stopped."""
    next_one = (
        select(IngestionItem.id)
        .join(IngestionJob, (IngestionJob.tenant_id == IngestionItem.tenant_id) & (IngestionJob.id == job))
        .where(IngestionJob.state.in_(_OPEN), IngestionItem.job_id == job)
        .where(IngestionItem.state == ItemState.WAITING, IngestionItem.attempts < MOST_ATTEMPTS)
        .where(IngestionItem.lease_until.is_(None) | (IngestionItem.lease_until < func.now()))
        .order_by(IngestionItem.position)
        .limit(1)
        .with_for_update(of=IngestionItem, skip_locked=True)
        .scalar_subquery()
    )
    taken = {
        "lease_until": func.now() + bindparam("lease", lease, Interval),
        "fence": IngestionItem.fence + 1,
        "attempts": IngestionItem.attempts + 1,
        "reason": None,
        "updated_at": func.app_now(),
    }
    found = await session.execute(
        update(IngestionItem).where(IngestionItem.id == next_one).values(taken).returning(IngestionItem)
    )
    item = found.scalar_one_or_none()
    if item is None:
        return None
    await _change(session, job)
    of_job = (
        await session.execute(select(IngestionJob.base_id, IngestionJob.kind).where(IngestionJob.id == job))
    ).one()
    names = ("id", "position", "name", "address", "storage_key", "sealed_key", "fence", "attempts")
    shown = {name: getattr(item, name) for name in names}
    return Claimed(job=job, base=of_job.base_id, kind=of_job.kind, **shown)


async def settle(session: TenantSession, claimed: Claimed, settled: Settled) -> bool:
    """False: somebody else has it by now, and what was done for it must not be kept."""
    values = {
        "state": settled.state,
        "reason": settled.reason,
        "notes": [asdict(note) for note in settled.notes],
        "pieces": settled.pieces,
        "document_id": settled.document,
        "lease_until": None,
        "updated_at": func.app_now(),
    }
    found = await session.execute(
        update(IngestionItem).where(*_still(claimed)).values(values).returning(IngestionItem.id)
    )
    if found.scalar_one_or_none() is None:
        return False
    is_read = settled.state in {ItemState.DONE, ItemState.UNCHANGED}
    await _change(
        session,
        claimed.job,
        done=IngestionJob.done + int(is_read),
        refused=IngestionJob.refused + int(not is_read),
        pieces=IngestionJob.pieces + settled.pieces,
    )
    await finish(session, claimed.job, reason=settled.reason)
    return True


async def hold(session: TenantSession, claimed: Claimed) -> bool:
    """Nobody else takes it over until the commit. False: somebody has."""
    held = select(IngestionItem.id).where(*_still(claimed)).with_for_update()
    return await session.scalar(held) is not None


async def postpone(session: TenantSession, claimed: Claimed, reason: str, *, pause: timedelta) -> None:
    """It is tried again after the pause; until then its reason says what held it up."""
    paused = {
        "lease_until": func.now() + bindparam("pause", pause, Interval),
        "reason": reason,
        "updated_at": func.app_now(),
    }
    await session.execute(update(IngestionItem).where(*_still(claimed)).values(paused))


async def give_up(session: TenantSession, job: UUID, reason: str) -> int:
    """Items whose reading never came to an end: each took its reader with it, time after time."""
    dead = (
        update(IngestionItem)
        .where(IngestionItem.job_id == job, IngestionItem.state == ItemState.WAITING)
        .where(IngestionItem.attempts >= MOST_ATTEMPTS, IngestionItem.lease_until < func.now())
        .values(state=ItemState.FAILED, reason=reason, updated_at=func.app_now())
        .returning(IngestionItem.id)
    )
    count = len((await session.execute(dead)).all())
    if count:
        await _change(session, job, refused=IngestionJob.refused + count)
        await finish(session, job, reason=reason)
    return count


async def finish(session: TenantSession, job: UUID, *, reason: str | None) -> bool:
    """Only once nothing waits. The job's row was written just before, so two that end at once do it in turn.

    A site whose map came to nothing is stopped, for that reason.
    """
    waits = select(IngestionItem.id).where(IngestionItem.job_id == job, IngestionItem.state == ItemState.WAITING)
    is_listing = IngestionJob.state == JobState.LISTING
    ended = (
        update(IngestionJob)
        .where(IngestionJob.id == job, IngestionJob.state.in_(_OPEN), ~waits.exists())
        .values(
            state=case((is_listing, JobState.STOPPED), else_=JobState.DONE),
            reason=case((is_listing, reason)),
            finished_at=func.app_now(),
            updated_at=func.app_now(),
        )
        .returning(IngestionJob.id)
    )
    return (await session.execute(ended)).scalar_one_or_none() is not None


async def progress(session: TenantSession, job: UUID) -> Progress:
    row = await session.scalar(select(IngestionJob).where(IngestionJob.id == job).execution_options(**_FRESH))
    if row is None:
        raise NotFound("Essa leitura não existe.", "There is no such reading.")
    return _progress(row)


async def settled_of(session: TenantSession, every: Collection[UUID]) -> tuple[int, int]:
    """How many items of these jobs have come to an end, and how many there are so far."""
    ended = IngestionJob.done + IngestionJob.refused
    query = select(func.sum(ended), func.sum(IngestionJob.items)).where(IngestionJob.id.in_(every))
    done, total = (await session.execute(query)).one()
    return int(done or 0), int(total or 0)


async def items(session: TenantSession, job: UUID, *, after: int = -1, most: int = 500) -> Sequence[IngestionItem]:
    query = select(IngestionItem).where(IngestionItem.job_id == job, IngestionItem.position > after)
    return (await session.scalars(query.order_by(IngestionItem.position).limit(most).execution_options(**_FRESH))).all()


async def waiting_files(session: TenantSession) -> frozenset[str]:
    """Where the bytes lie that are still to be read."""
    waits = (IngestionItem.state == ItemState.WAITING) & IngestionItem.storage_key.is_not(None)
    found = await session.scalars(select(IngestionItem.storage_key).where(waits))
    return frozenset(key for key in found if key is not None)


async def due(database: Database, *, most: int) -> Sequence[tuple[CompanyId, UUID]]:
    """Jobs of any company that nobody carries on."""
    async with database.crossing() as session:
        found = await session.execute(_DUE, {"most": most})
        return [(CompanyId(row.company), row.job) for row in found]


def _progress(row: IngestionJob) -> Progress:
    names = ("id", "kind", "name", "address", "state", "items", "done", "refused", "pieces", "reason")
    shown = {name: getattr(row, name) for name in names}
    return Progress(base=row.base_id, created_at=row.created_at, finished_at=row.finished_at, **shown)


async def _change(session: TenantSession, job: UUID, **values: Any) -> None:
    await session.execute(
        update(IngestionJob).where(IngestionJob.id == job).values(**values, updated_at=func.app_now())
    )


def _still(claimed: Claimed) -> tuple[Any, ...]:
    is_same = IngestionItem.fence == claimed.fence
    return IngestionItem.id == claimed.id, is_same, IngestionItem.state == ItemState.WAITING


_FRESH: Final = {"populate_existing": True}
_DUE: Final = text("SELECT company, job FROM priv.ingestion_due(:most)")
