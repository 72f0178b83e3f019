"""Files of messages as rows: noted with their message, claimed to be fetched, and what became of each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, Uuid, bindparam, func, insert, select, text, update

from core.db.sessions import Database, TenantSession
from core.errors import NotFound
from core.ids import CompanyId, ConnectionId, MessageId, new_id
from core.models.stream import MediaFile, MediaState, MessageKind, WordsState

HEARABLE: Final = frozenset({MessageKind.VOICE, MessageKind.AUDIO, MessageKind.IMAGE})  # a model can say what they say


class Reason(StrEnum):
    """Why a file is not here, or not yet. What a person reads of it is in `channels/media.py`."""

    TOO_LARGE = "too_large"
    ACTIVE = "active"
    EMPTY = "empty"
    ALTERED = "altered"
    ADDRESS = "address"
    BROKEN = "broken"
    NO_LINE = "no_line"
    NOT_THERE = "not_there"
    TROUBLE = "trouble"
    SLOW = "slow"
    STORAGE = "storage"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewMedia:
    """A file that a provider holds, as its message told of it."""

    message: MessageId
    connection: ConnectionId
    kind: MessageKind
    provider_media_id: str
    mime: str | None = None
    sha256: str | None = None
    filename: str | None = None
    is_customers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    company: CompanyId
    media: UUID
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A claimed file, and all that is known of it before it is fetched."""

    claim: Claim
    connection: ConnectionId
    kind: MessageKind
    provider_media_id: str | None
    mime: str | None
    sha256: str | None
    filename: str | None
    attempts: int  # this one counted
    reason: Reason | None  # of the last failure
    age: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What lies in the storage."""

    mime: str
    size: int
    sha256: str
    key: str
    sealed_key: bytes | None  # what opens it; none: it lies there as it came


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A row, for whoever wants the file."""

    id: UUID
    state: MediaState
    reason: Reason | None
    filename: str | None
    kept: Kept | None


async def note(session: TenantSession, files: Sequence[NewMedia]) -> list[UUID]:
    """Beside their messages, in the same transaction; they are fetched afterwards. A message has one file at most."""
    if not files:
        return []
    rows = [
        {
            "tenant_id": session.tenant_id,
            "id": new_id(),
            "message_id": file.message,
            "connection_id": file.connection,
            "kind": file.kind,
            "provider_media_id": file.provider_media_id,
            "declared_mime": file.mime,
            "declared_sha256": file.sha256,
            "filename": file.filename,
            "words_state": WordsState.AWAITED if file.is_customers and file.kind in HEARABLE else None,
        }
        for file in files
    ]
    await session.execute(insert(MediaFile), rows)
    await session.execute(_NUDGE)
    return [row["id"] for row in rows if isinstance(row["id"], UUID)]


@dataclass(frozen=True, kw_only=True, slots=True)
class OurFile:
    """One that somebody of the company sends: it lies in our storage, and its message is queued."""

    id: UUID
    message: MessageId
    connection: ConnectionId
    kind: MessageKind
    key: str
    mime: str
    size: int
    sha256: str | None
    filename: str | None


async def keep_ours(session: TenantSession, file: OurFile) -> None:
    """In the transaction that queues its message."""
    row = MediaFile(
        tenant_id=session.tenant_id,
        id=file.id,
        message_id=file.message,
        connection_id=file.connection,
        kind=file.kind,
        state=MediaState.STORED,
        declared_mime=file.mime,
        filename=file.filename,
        mime=file.mime,
        size=file.size,
        sha256=file.sha256,
        storage_key=file.key,
    )
    session.add(row)
    await session.flush()


async def claim(database: Database, *, most: int, lease: timedelta) -> list[Claim]:
    async with database.crossing() as session:
        rows = await session.execute(_CLAIM, {"most": most, "lease": lease})
        return [Claim(company=CompanyId(row.company), media=row.media, fence=row.held_fence) for row in rows]


async def load(session: TenantSession, claim: Claim) -> Due | None:
    """None where somebody else has it by now."""
    age = (func.app_now() - MediaFile.created_at).label("age")
    found = await session.execute(select(MediaFile, age).where(*_still(claim)))
    row = found.one_or_none()
    if row is None:
        return None
    file: MediaFile = row[0]
    return Due(
        claim=claim,
        connection=ConnectionId(file.connection_id),
        kind=file.kind,
        provider_media_id=file.provider_media_id,
        mime=file.declared_mime,
        sha256=file.declared_sha256,
        filename=file.filename,
        attempts=file.attempts,
        reason=_reason(file.reason),
        age=row.age,
    )


async def keep(session: TenantSession, claim: Claim, kept: Kept) -> bool:
    """False: a later claim has taken over."""
    return await _settle(
        session,
        claim,
        state=MediaState.STORED,
        reason=None,
        mime=kept.mime,
        size=kept.size,
        sha256=kept.sha256,
        storage_key=kept.key,
        sealed_key=kept.sealed_key,
    )


async def give_up(session: TenantSession, claim: Claim, state: MediaState, reason: Reason) -> bool:
    return await _settle(session, claim, state=state, reason=reason)


async def put_off(session: TenantSession, claim: Claim, reason: Reason, delay: timedelta) -> bool:
    bound = {"media": claim.media, "fence": claim.fence, "reason": reason.value, "delay": delay}
    return (await session.execute(_PUT_OFF, bound)).first() is not None


async def find(session: TenantSession, media: UUID) -> Found:
    file = await session.scalar(
        select(MediaFile).where(MediaFile.id == media).execution_options(populate_existing=True)
    )
    if file is None:
        raise NotFound("Este arquivo não existe.", "This file does not exist.")
    return Found(id=file.id, state=file.state, reason=_reason(file.reason), filename=file.filename, kept=_kept(file))


def _kept(file: MediaFile) -> Kept | None:
    if file.state is not MediaState.STORED or file.storage_key is None:
        return None
    return Kept(
        mime=file.mime or "",
        size=file.size or 0,
        sha256=file.sha256 or "",
        key=file.storage_key,
        sealed_key=file.sealed_key,
    )


async def _settle(session: TenantSession, claim: Claim, **values: object) -> bool:
    done = await session.execute(
        update(MediaFile)
        .where(*_still(claim))
        .values(lease_until=None, **values)
        .returning(MediaFile.words_state)
        .execution_options(synchronize_session=False)
    )
    settled = done.first()
    if settled is not None and settled.words_state is WordsState.AWAITED:
        await session.execute(_NUDGE_HEARING)
    return settled is not None


def _still(claim: Claim) -> Collection[ColumnElement[bool]]:
    return (MediaFile.id == claim.media, MediaFile.fence == claim.fence, MediaFile.state == MediaState.PENDING)


def _reason(kept: str | None) -> Reason | None:
    return Reason(kept) if kept in set(Reason) else None


_NUDGE: Final = text("SELECT pg_notify('media', '')")
_NUDGE_HEARING: Final = text("SELECT pg_notify('hearing', '')")
_CLAIM: Final = text("SELECT company, media, held_fence FROM priv.claim_media(:most, :lease)").bindparams(
    bindparam("lease", type_=Interval)
)
# When to try again is a matter of the world's time, like the lease.
_PUT_OFF: Final = text("""
    UPDATE media_files SET reason = :reason, next_at = now() + :delay, lease_until = NULL
    WHERE id = :media AND fence = :fence AND state = 'pending' RETURNING id
""").bindparams(bindparam("media", type_=Uuid), bindparam("delay", type_=Interval))
