"""The reading of a job: item by item, each in a transaction of its own, so that it goes on where it was cut off."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from core.clock import Deadline
from core.db.sessions import TenantSession
from core.egress import open_egress
from core.errors import Tampered
from core.ids import CompanyId, new_id
from core.logging import get_logger
from core.models.ingestion import ItemState, JobKind
from core.objects import ObjectNotFound
from core.storage import StorageUnavailable
from core.texts import Text
from core.vault import open_vault
from knowledge import quarantine
from knowledge.chunking import mark_of, pieces_of
from knowledge.documents import Loaded, Refusal, RefusalReason
from knowledge.handing_over import Desk
from knowledge.loaders.answers import Folder, Hints
from knowledge.parsing import CELL, Cell, read_source
from knowledge.stores import documents, jobs
from knowledge.stores.documents import MOST_PIECES, Put, Source
from knowledge.stores.jobs import Claimed, NewItem, Progress, Settled
from knowledge.web import MOST_PAGES, PASSING, Fetched, NotFetched, Visitor, WebReason

log = get_logger(__name__)

_LEASE: Final = timedelta(minutes=5)
_PAUSE: Final = timedelta(minutes=1)
_LONGEST_NAME: Final = 200


class Mishap(Enum):
    """Why an item came to no end of its own."""

    LOST = Text(
        "o arquivo enviado não está mais guardado: envie de novo", "the file is not kept any more: send it again"
    )
    AWAY = Text("o armazenamento não respondeu", "the storage did not answer")
    DIED = Text("a leitura parou várias vezes: tente de novo", "the reading broke off several times: try again")


def words_of(reason: str) -> Text:
    """What a person reads for the reason of an item or of a job."""
    known = {one.name: one.value for kind in (RefusalReason, WebReason, Mishap) for one in kind}
    pt, en = known.get(reason, Mishap.DIED.value)
    return Text(f"Não consegui ler: {pt}.", f"I could not read it: {en}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """Not now: what may be otherwise in a while."""

    reason: WebReason | Mishap


@dataclass(slots=True)
class Reader:
    """A walk through a job. The way to the web is opened only for what lies there."""

    desk: Desk
    company: CompanyId
    job: UUID
    cell: Cell = CELL
    pause: float | None = None  # between two pages of a site; none: the usual one
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    puts: dict[UUID, Put] = field(default_factory=dict)  # by item, of what was read in this walk
    _visitor: Visitor | None = None

    def turn_to(self, job: UUID) -> None:
        """The next one: what sites asked of us stays known."""
        self.job = job

    async def read(self, until: Deadline) -> Progress:
        """Until nothing waits or the time is up: whoever sees some waiting has it read on."""
        while not until.passed:
            async with self._session() as session:
                claimed = await jobs.claim(session, self.job, lease=_LEASE)
            if claimed is None:
                break
            await (self._list(claimed) if claimed.is_map else self._read_item(claimed))
        async with self._session() as session:
            await jobs.give_up(session, self.job, Mishap.DIED.name)
            return await jobs.progress(session, self.job)

    def _session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.desk.database.tenant_session(self.company)

    async def _visit(self) -> Visitor:
        if self._visitor is None:
            egress = await self.stack.enter_async_context(open_egress(loopback=self.desk.loopback))
            self._visitor = Visitor(egress, loopback=self.desk.loopback)
            self._visitor.pause = self._visitor.pause if self.pause is None else self.pause
        return self._visitor

    async def _list(self, claimed: Claimed) -> None:
        """Each page that the map names becomes an item of its own."""
        found = await (await self._visit()).pages_of(claimed.address or "")
        if isinstance(found, NotFetched) and _may_be_otherwise(found, claimed):
            await self._postpone(claimed, Later(reason=found.reason))
            return
        if isinstance(found, NotFetched | Refusal):
            await self._settle(claimed, _without(found))
            return
        pages = enumerate(found[:MOST_PAGES], start=1)
        items = [NewItem(position=at, name=page[:_LONGEST_NAME], address=page) for at, page in pages]
        await self._replace(claimed, items, JobKind.SITEMAP)

    async def _read_item(self, claimed: Claimed) -> None:
        fetched = await self._fetch(claimed)
        if isinstance(fetched, Later):
            await self._postpone(claimed, fetched)
            return
        if isinstance(fetched, NotFetched | Mishap):
            await self._settle(claimed, _without(fetched))
            return
        digest = mark_of(fetched.data)
        async with self._session() as session:
            known = await documents.is_unchanged(session, claimed.base, claimed.key, digest)
        if known is not None:
            await self._settle(claimed, Settled(state=ItemState.UNCHANGED, document=known))
            return
        got = await read_source(fetched.data, Hints(name=claimed.name, charset=fetched.charset), cell=self.cell)
        match got:
            case Refusal():
                await self._settle(claimed, _refused(got.reason))
            case Folder() if claimed.may_be_folder:
                await self._unpack(claimed, got)
            case Folder():
                await self._settle(claimed, _refused(RefusalReason.NESTED_FOLDER))
            case Loaded():
                await self._keep(claimed, got, digest)

    async def _fetch(self, claimed: Claimed) -> Fetched | NotFetched | Mishap | Later:
        if claimed.address is not None:
            page = await (await self._visit()).page(claimed.address)
            if isinstance(page, NotFetched) and _may_be_otherwise(page, claimed):
                return Later(reason=page.reason)
            return page
        if claimed.storage_key is None or claimed.sealed_key is None:
            return Mishap.LOST
        async with self._session() as session:
            vault = await open_vault(session, self.desk.ring)
        key, sealed_key = claimed.storage_key, claimed.sealed_key
        try:
            data = await quarantine.fetch(self.desk.storage, vault, claimed.id, storage_key=key, sealed_key=sealed_key)
        except (ObjectNotFound, Tampered):
            return Mishap.LOST
        except StorageUnavailable:
            return Later(reason=Mishap.AWAY)
        return Fetched(address=claimed.name, data=data)

    async def _keep(self, claimed: Claimed, loaded: Loaded, digest: str) -> None:
        """The passages and the end of the item in one transaction: neither is there without the other."""
        pieces = pieces_of(loaded)
        if not 0 < len(pieces) <= MOST_PIECES:
            reason = RefusalReason.TOO_MUCH_TEXT if pieces else RefusalReason.NO_TEXT
            await self._settle(claimed, _refused(reason))
            return
        source = Source(
            key=claimed.key,
            title=loaded.title or claimed.name,
            kind=loaded.kind.value,
            content_sha256=digest,
            notes=loaded.notes,
        )
        async with self._session() as session:
            if not await jobs.hold(session, claimed):
                return
            put = await documents.put(session, claimed.base, source, pieces)
            await jobs.settle(
                session,
                claimed,
                Settled(state=ItemState.DONE, notes=loaded.notes, pieces=len(pieces), document=put.document),
            )
        self.puts[claimed.id] = put
        await self._forget(claimed)
        log.info("knowledge.read", item=str(claimed.id), added=put.added, kept=put.kept, removed=put.removed)

    async def _unpack(self, claimed: Claimed, folder: Folder) -> None:
        """Each file becomes an item of its own, named by its place in the folder."""
        async with self._session() as session:
            vault = await open_vault(session, self.desk.ring)
        found: list[NewItem] = []
        for position, member in enumerate(folder.members, start=1):
            item = new_id()
            upload = await quarantine.keep(self.desk.storage, vault, item, member.data)
            found.append(NewItem(id=item, position=position, name=_inside(claimed, member.name), upload=upload))
        for position, skip in enumerate(folder.skipped, start=1 + len(found)):
            found.append(NewItem(position=position, name=_inside(claimed, skip.name), refused=skip.reason.name))
        await self._replace(claimed, found, JobKind.FOLDER)

    async def _replace(self, claimed: Claimed, inside: Sequence[NewItem], kind: JobKind) -> None:
        """What it holds takes its place, all at once: whoever was too slow adds nothing."""
        async with self._session() as session:
            if not await jobs.hold(session, claimed):
                return
            await jobs.add_items(session, claimed.job, inside)
            await jobs.start_reading(session, claimed.job, kind=kind)
            await jobs.settle(session, claimed, Settled(state=ItemState.DONE))
        await self._forget(claimed)

    async def _settle(self, claimed: Claimed, settled: Settled) -> None:
        async with self._session() as session:
            is_ours = await jobs.settle(session, claimed, settled)
        if is_ours:
            await self._forget(claimed)
            log.info("knowledge.settled", item=str(claimed.id), state=settled.state.value, reason=settled.reason)

    async def _postpone(self, claimed: Claimed, later: Later) -> None:
        async with self._session() as session:
            await jobs.postpone(session, claimed, later.reason.name, pause=_PAUSE)

    async def _forget(self, claimed: Claimed) -> None:
        """Passages are all that is needed of it. What cannot be deleted now, upkeep deletes."""
        if claimed.storage_key is not None:
            with suppress(StorageUnavailable):
                await quarantine.forget(self.desk.storage, claimed.storage_key)


def _may_be_otherwise(page: NotFetched, claimed: Claimed) -> bool:
    return page.reason in PASSING and claimed.attempts < jobs.MOST_ATTEMPTS


def _without(cause: NotFetched | Refusal | Mishap) -> Settled:
    """What may be otherwise another time has failed; what the site does not want is refused."""
    if isinstance(cause, Mishap):
        return Settled(state=ItemState.FAILED, reason=cause.name)
    state = ItemState.FAILED if cause.reason in PASSING else ItemState.REFUSED
    return Settled(state=state, reason=cause.reason.name)


def _refused(reason: RefusalReason) -> Settled:
    return Settled(state=ItemState.REFUSED, reason=reason.name)


def _inside(claimed: Claimed, name: str) -> str:
    return f"{claimed.name}/{name}"[-_LONGEST_NAME:]


@asynccontextmanager
async def open_reader(
    desk: Desk, company: CompanyId, job: UUID, *, cell: Cell = CELL, pause: float | None = None
) -> AsyncIterator[Reader]:
    async with AsyncExitStack() as stack:
        yield Reader(desk, company, job, cell, pause, stack)
