"""Sources as a person hands them over: a file, a pasted text, answered questions, a page, a whole site."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core import audit
from core.audit import SYSTEM, Actor
from core.crypto import KeyRing
from core.db.sessions import Database, TenantSession
from core.errors import Malformed
from core.ids import CompanyId, new_id
from core.models.ingestion import JobKind
from core.storage import Storage
from core.targets import target_of
from core.vault import open_vault
from knowledge import quarantine
from knowledge.documents import RefusalReason, Unreadable
from knowledge.parsing import MOST_BYTES
from knowledge.sniffing import shape_of
from knowledge.stores import jobs
from knowledge.stores.jobs import NewItem, NewJob

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What taking sources in, and reading them, stands on."""

    database: Database
    ring: KeyRing
    storage: Storage
    actor: Actor = SYSTEM  # who hands over
    loopback: frozenset[str] = frozenset()  # whole origins of the sandbox and of tests


async def hand_over_file(
    desk: Desk, company: CompanyId, base: UUID, *, name: str, data: bytes, folder: str = ""
) -> UUID:
    """The job that reads it. What no parser takes is refused at once, with `Unreadable`.

    A file of a folder that is handed over file by file is known by its place in it.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(RefusalReason.TOO_LARGE)
    shape_of(data)
    return await _keep(desk, company, NewJob(base=base, kind=JobKind.FILE, name=_file_name(name, folder)), data)


async def hand_over_text(desk: Desk, company: CompanyId, base: UUID, *, name: str, text: str) -> UUID:
    data = text.encode(errors="replace")
    if not text.strip():
        raise Unreadable(RefusalReason.EMPTY)
    if len(data) > MOST_BYTES:
        raise Unreadable(RefusalReason.TOO_LARGE)
    return await _keep(desk, company, NewJob(base=base, kind=JobKind.PASTED, name=_file_name(name)), data)


async def hand_over_pairs(
    desk: Desk, company: CompanyId, base: UUID, *, name: str, pairs: Sequence[tuple[str, str]]
) -> UUID:
    """Questions, each with its answer."""
    told = [{"pergunta": question, "resposta": answer} for question, answer in pairs]
    name = f"{_file_name(name).removesuffix('.json')}.json"
    return await hand_over_text(desk, company, base, name=name, text=json.dumps(told) if told else "")


async def hand_over_page(desk: Desk, company: CompanyId, base: UUID, *, address: str) -> UUID:
    """Raises `Blocked` for an address that is not visited."""
    address = target_of(address.strip(), loopback=desk.loopback).url
    job = NewJob(base=base, kind=JobKind.PAGE, name=address[:_LONGEST_NAME], address=address)
    async with desk.database.tenant_session(company) as session:
        await _open(session, desk, job, NewItem(position=0, name=job.name, address=address))
    return job.id


async def hand_over_site(desk: Desk, company: CompanyId, base: UUID, *, address: str) -> UUID:
    """By the address of its map: its pages are listed first."""
    address = target_of(address.strip(), loopback=desk.loopback).url
    job = NewJob(base=base, kind=JobKind.SITEMAP, name=address[:_LONGEST_NAME], address=address)
    async with desk.database.tenant_session(company) as session:
        await _open(session, desk, job, NewItem(position=0, name=job.name, address=address))
    return job.id


async def _keep(desk: Desk, company: CompanyId, job: NewJob, data: bytes) -> UUID:
    """The bytes first, the rows afterwards: no transaction waits for the storage."""
    item = new_id()
    async with desk.database.tenant_session(company) as session:
        vault = await open_vault(session, desk.ring)
    upload = await quarantine.keep(desk.storage, vault, item, data)
    async with desk.database.tenant_session(company) as session:
        await _open(session, desk, job, NewItem(id=item, position=0, name=job.name, upload=upload))
    return job.id


async def _open(session: TenantSession, desk: Desk, job: NewJob, first: NewItem) -> None:
    await jobs.open_job(session, job, first)
    detail = {"source": job.name, "kind": job.kind.value}
    audit.record(session, desk.actor, "knowledge.handed_over", subject=job.id, detail=detail)


def _file_name(name: str, folder: str = "") -> str:
    """Without the folders that it came from, as any system writes them, but for the one that is named."""
    bare = _tidy(name.replace("\\", "/").rstrip("/").rpartition("/")[2])
    if not bare:
        raise Malformed("Falta o nome da fonte.", "The source has no name.")
    return (f"{_tidy(folder)}/{bare}" if folder else bare)[-_LONGEST_NAME:]


def _tidy(name: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
