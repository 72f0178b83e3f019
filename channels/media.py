"""Files that customers send: fetched from the provider into our storage, and handed out so that nothing can run.

A message never waits for its file and never depends on it: what cannot be had is a reason on the file's row.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

from channels.base import Adapter, Line, MediaHead
from channels.errors import SendError, Unproven
from channels.file_types import UNKNOWN
from channels.inspection import Announced, Inspected, Unwanted, digests_of
from channels.sealed_files import Sealing, new_sealing, seal, unseal
from channels.station import Station
from channels.stores import media as store
from channels.stores.media import Claim, Due, Found, Kept, Reason
from core.clock import Deadline
from core.crashpoints import CrashPoint, crashpoint
from core.crypto import KeyRing
from core.db.sessions import TenantSession
from core.errors import AppError, Conflict, NotFound, Unavailable
from core.http import CallFailed, Garbled, Oversized, TimedOut, TooLate
from core.logging import get_logger
from core.models.stream import MediaState, MessageKind
from core.objects import Label, ObjectKey
from core.storage import Storage, StorageClosed
from core.targets import Blocked
from core.texts import Text
from core.vault import Vault, open_vault

AT_ONCE: Final = 2  # each holds up to three parts of an upload in memory
FILE_SECONDS: Final = 40.0
_CLAIMING_SECONDS: Final = 10.0  # with one more file a pass stays below the minute after which a loop counts as dead
_LEASE: Final = timedelta(seconds=90)
_LIFE: Final = timedelta(days=7)  # so long a provider keeps a file
_PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
_CRASHES: Final = 3
_LOOKED_BACK: Final = 5  # each attempt that ends cleans up behind those before it
_MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = {
    MessageKind.IMAGE: 5 * _MEGABYTE,
    MessageKind.STICKER: _MEGABYTE,
    MessageKind.AUDIO: 16 * _MEGABYTE,
    MessageKind.VOICE: 16 * _MEGABYTE,
    MessageKind.VIDEO: 16 * _MEGABYTE,
    MessageKind.DOCUMENT: 100 * _MEGABYTE,
}
_MOST_OF_OTHERS: Final = 16 * _MEGABYTE
# Found once it may be the line's fault; found again it is the file's.
_DOUBTFUL: Final = frozenset({Reason.ALTERED, Reason.EMPTY})

WORDS: Final[Mapping[Reason, Text]] = {
    Reason.TOO_LARGE: Text("O arquivo é grande demais.", "The file is too large."),
    Reason.ACTIVE: Text(
        "Páginas, scripts e programas não são guardados, por segurança.",
        "Pages, scripts and programs are not kept, for safety.",
    ),
    Reason.EMPTY: Text("O arquivo veio vazio.", "The file came empty."),
    Reason.ALTERED: Text(
        "O arquivo chegou diferente do que o provedor anunciou.", "The file is not the one the provider announced."
    ),
    Reason.ADDRESS: Text(
        "O provedor apontou para um endereço que não acessamos.", "The provider pointed to an address we do not visit."
    ),
    Reason.BROKEN: Text("O arquivo não pôde ser processado.", "The file could not be processed."),
    Reason.NO_LINE: Text(
        "A conexão não está em ordem: confira o token e o estado dela.",
        "The connection is not in order: check its token and state.",
    ),
    Reason.NOT_THERE: Text("O provedor não tem mais este arquivo.", "The provider does not have this file any more."),
    Reason.TROUBLE: Text("O provedor está com problemas.", "The provider is in trouble."),
    Reason.SLOW: Text("O provedor demorou demais para entregar o arquivo.", "The provider took too long."),
    Reason.STORAGE: Text(
        "Não conseguimos guardar o arquivo: confira o armazenamento.", "We could not keep the file: check the storage."
    ),
}

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    reason: Reason
    is_final: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How files are fetched: what they are kept as, and how long one may take."""

    is_sealed: bool = False
    seconds: float = FILE_SECONDS


USUAL: Final = Manner()


async def fetch_due(station: Station, manner: Manner = USUAL) -> int:
    """How many files were tried. Few at a time, each streamed: memory stays within bounds whatever comes."""
    until = Deadline.after(_CLAIMING_SECONDS)
    workers = (_work(station, manner, until) for _ in range(AT_ONCE))
    tried = await asyncio.gather(*workers, return_exceptions=True)  # each ends by itself; then an error is heard
    for one in tried:
        if isinstance(one, BaseException):
            raise one
    return sum(one for one in tried if isinstance(one, int))


async def _work(station: Station, manner: Manner, until: Deadline) -> int:
    tried = 0
    while not until.passed and (claims := await store.claim(station.floor.database, most=1, lease=_LEASE)):
        for claim in claims:
            await _fetch(station, manner, claim)
            tried += 1
    return tried


async def _fetch(station: Station, manner: Manner, claim: Claim) -> None:
    database = station.floor.database
    async with database.tenant_session(claim.company) as session:
        due = await store.load(session, claim)
    if due is None:
        return
    outcome = await _try(station, manner, due)
    async with database.tenant_session(claim.company) as session:
        is_ours = await _settle(session, due, outcome)
    await _forget(station, due.claim, is_kept=is_ours and isinstance(outcome, Kept))
    reason = outcome.reason if isinstance(outcome, Failed) else None
    log.info("media.tried", media=str(claim.media), reason=reason, attempt=due.attempts, is_ours=is_ours)


async def _try(station: Station, manner: Manner, due: Due) -> Kept | Failed:
    if due.provider_media_id is None:
        return Failed(reason=Reason.NOT_THERE, is_final=True)
    if due.attempts > _CRASHES and due.reason is None:
        return Failed(reason=Reason.BROKEN, is_final=True)  # whoever tried before left no word of how it ended
    try:
        async with asyncio.timeout(manner.seconds):
            return await _store(station, manner, due, due.provider_media_id)
    except (AppError, TimeoutError) as error:
        reason = _reason_of(error)
        is_final = reason in _FINAL or (reason in _DOUBTFUL and reason is due.reason)
        return Failed(reason=reason, is_final=is_final, retry_after=getattr(error, "retry_after", None) or 0.0)


async def _store(station: Station, manner: Manner, due: Due, provider_id: str) -> Kept | Failed:
    company = due.claim.company
    opened = (await station.lines.of(company, [due.connection])).get(due.connection)
    if opened is None:
        return Failed(reason=Reason.NO_LINE)
    adapter: Adapter = station.registry.get(opened.kind)
    sealing = await _new_sealing(station, due.claim) if manner.is_sealed else None
    key = key_of(due.claim)
    async with adapter.open_media(provider_id, opened.line, Deadline.after(manner.seconds)) as stream:
        announced = _announced(due, stream.head, opened.line)
        announced.refuse_at_once()
        inspected = Inspected(stream.chunks, announced)
        mime = await inspected.begin()
        crashpoint(CrashPoint.MEDIA_PRE_STORE)
        async with aclosing(inspected.pieces() if sealing is None else seal(inspected.pieces(), sealing)) as pieces:
            await station.storage.put(key, pieces, label=Label(content_type=UNKNOWN))
    crashpoint(CrashPoint.MEDIA_POST_STORE)
    return Kept(
        mime=mime,
        size=inspected.size,
        sha256=inspected.sha256,
        key=key.path,
        sealed_key=None if sealing is None else sealing.sealed_key,
    )


def _announced(due: Due, head: MediaHead, line: Line) -> Announced:
    most = MOST_BYTES.get(due.kind, _MOST_OF_OTHERS)
    chosen = line.settings.get("media_max_bytes")
    if isinstance(chosen, int) and 0 < chosen < most:
        most = chosen
    return Announced(
        most=most,
        size=head.size,
        digests=digests_of((due.sha256, head.sha256)),
        mime=due.mime or head.mime,
        filename=due.filename,
    )


async def _new_sealing(station: Station, claim: Claim) -> Sealing:
    async with station.floor.database.tenant_session(claim.company) as session:
        return new_sealing(await open_vault(session, station.floor.ring), claim.media)


def key_of(claim: Claim) -> ObjectKey:
    """Of one claim alone: a worker that was frozen must not write over the file of whoever came after it."""
    return ObjectKey(company=claim.company, kind="media", name=f"{claim.media}-{claim.fence}")


def _reason_of(error: AppError | TimeoutError) -> Reason:
    if isinstance(error, Unwanted):
        return error.reason
    if isinstance(error, SendError) and not error.retryable:
        return Reason.NO_LINE if error.blocks_connection else Reason.NOT_THERE
    return next((reason for kinds, reason in _REASONS if isinstance(error, kinds)), Reason.BROKEN)


_REASONS: Final[tuple[tuple[tuple[type[BaseException], ...], Reason], ...]] = (
    ((Blocked,), Reason.ADDRESS),
    ((Oversized,), Reason.TOO_LARGE),
    ((Garbled,), Reason.ALTERED),
    ((TimedOut, TooLate, TimeoutError), Reason.SLOW),
    ((CallFailed, SendError, Unproven), Reason.TROUBLE),
    ((StorageClosed, Unavailable), Reason.STORAGE),
    ((NotFound,), Reason.NOT_THERE),
)
_FINAL: Final = frozenset({Reason.ACTIVE, Reason.ADDRESS, Reason.TOO_LARGE})


async def _settle(session: TenantSession, due: Due, outcome: Kept | Failed) -> bool:
    """False: a later claim has taken over, whose word counts."""
    if isinstance(outcome, Kept):
        return await store.keep(session, due.claim, outcome)
    if outcome.is_final:
        return await store.give_up(session, due.claim, MediaState.REFUSED, outcome.reason)
    if due.age >= _LIFE:
        return await store.give_up(session, due.claim, MediaState.GONE, outcome.reason)
    pause = max(_PAUSES[min(due.attempts, len(_PAUSES)) - 1], timedelta(seconds=min(outcome.retry_after, 3600)))
    return await store.put_off(session, due.claim, outcome.reason, pause)


async def _forget(station: Station, claim: Claim, *, is_kept: bool) -> None:
    """What attempts stored that died before they could say so, and what this one did for nothing."""
    last = claim.fence - 1 if is_kept else claim.fence
    with suppress(Unavailable, StorageClosed):
        for fence in range(max(1, claim.fence - _LOOKED_BACK), last + 1):
            await station.storage.delete(key_of(replace(claim, fence=fence)))


# --- handing out ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """For the API: the bytes as they are asked for, and the headers that keep a browser from running them."""

    size: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None]


async def download(session: TenantSession, storage: Storage, media: UUID, *, ring: KeyRing) -> Download:
    """The chunks may be read after the session ends. `ring` opens what is sealed."""
    found = await store.find(session, media)
    kept = found.kept
    if kept is None:
        raise _not_here(found)
    vault = await open_vault(session, ring) if kept.sealed_key is not None else None
    return Download(
        size=kept.size, headers=headers_of(found, kept), chunks=await open_stored(storage, media, kept, vault)
    )


async def open_stored(storage: Storage, media: UUID, kept: Kept, vault: Vault | None) -> AsyncGenerator[bytes, None]:
    """The file as it was received. `vault` where it is sealed."""
    opened = await storage.open(ObjectKey.parse(kept.key))
    if kept.sealed_key is None:
        return opened.chunks
    if vault is None:
        raise ValueError("a sealed file opens with its company's vault")
    return unseal(opened.chunks, vault, media, kept.sealed_key)


def headers_of(found: Found, kept: Kept) -> dict[str, str]:
    return {
        "Content-Type": kept.mime if kept.mime in _TOLD_TYPES else UNKNOWN,
        "Content-Length": str(kept.size),
        "Content-Disposition": _disposition(found),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


_TOLD_TYPES: Final = frozenset(
    {
        *("image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "video/mp4", "video/3gpp"),
        *("audio/ogg", "audio/opus", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav"),
    }
)


def _disposition(found: Found) -> str:
    """To be saved, under a name without folders, quotes or anything that cannot be seen (RFC 6266)."""
    last = re.split(r"[/\\]", found.filename or "")[-1]
    seen = "".join(
        character for character in last if unicodedata.category(character)[0] not in "CZ" or character == " "
    )
    name = seen.strip(" .")[-_LONGEST_NAME:] or f"arquivo-{str(found.id)[-12:]}"
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode())
    return f"attachment; filename=\"{plain or 'arquivo'}\"; filename*=UTF-8''{quote(name, safe='')}"


_LONGEST_NAME: Final = 150


def _not_here(found: Found) -> Conflict | NotFound:
    if found.state is MediaState.PENDING:
        return Conflict(
            "Este arquivo ainda está sendo baixado: tente daqui a pouco.",
            "This file is still being fetched: try again in a while.",
        )
    words = WORDS[found.reason or Reason.NOT_THERE]
    return NotFound(f"Este arquivo não está aqui. {words.pt}", f"This file is not here. {words.en}")
