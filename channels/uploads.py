"""Files of ours that a message carries: given to the provider first, so that the send itself stays short."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from channels.answers import after_refusal, again, refused, unreachable
from channels.base import Adapter, Line
from channels.contents import Content, Media, Template, content_to_json
from channels.errors import MediaRefused, SendError, Unproven
from channels.media import open_stored
from channels.policy import Patience, Reason, backoff
from channels.stores import media as store
from channels.stores.claims import Claim
from channels.stores.results import NotTaken
from core.clock import Deadline
from core.db.away import AWAY
from core.errors import AppError, NotFound, Refused
from core.floor import Floor
from core.http import CallFailed
from core.ids import ConnectionId
from core.logging import get_logger
from core.models.outbox import OutboundState
from core.models.stream import MediaState
from core.storage import Storage
from core.vault import open_vault

_AT_ONCE: Final = 2  # each is in memory as a whole
_IN_QUEUE: Final = 1 / 3  # of the time for a call; the rest is for the file itself
_KEPT_SECONDS: Final = 24 * 3600.0  # providers keep a file for weeks
_MOST_KEPT: Final = 1000
_LONGEST_STEP: Final = 3

log = get_logger(__name__)

Key = tuple[ConnectionId, str]


class _Queued(Exception):
    """Others of ours are giving their files: that says nothing of the provider."""


class _NotHere(Exception):
    """The file is not in our storage: not yet, or never."""

    def __init__(self, state: MediaState) -> None:
        super().__init__(state)
        self.is_coming = state is MediaState.PENDING


@dataclass(frozen=True, slots=True)
class _Given:
    name: str
    until: Deadline


@dataclass(slots=True)
class Uploads:
    """A file that many messages carry is given once, as long as this process remembers what the provider calls it."""

    floor: Floor
    storage: Storage
    _given: dict[Key, _Given] = field(default_factory=dict)
    _locks: MutableMapping[Key, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def complete(self, claim: Claim) -> Claim | None:
        """The message as it can be sent; None where its file has to be given first."""
        key = _key_of(claim)
        if key is None:
            return claim
        given = self._given.get(key)
        if given is None or given.until.passed:
            return None
        return replace(claim, content=_with_name(claim.content, given.name))

    async def give(self, claim: Claim, adapter: Adapter, line: Line, patience: Patience) -> NotTaken:
        """Afterwards the message is queued again, and says what the provider calls its file."""
        seconds = patience.call.total_seconds()
        try:
            name = await self._name(claim, adapter, line, queued=Deadline.after(seconds * _IN_QUEUE), seconds=seconds)
        except SendError as error:
            return refused(claim, error, patience)
        except (CallFailed, Unproven, TimeoutError):
            return unreachable(claim)
        except (_Queued, *AWAY):
            return again(claim, Reason.NOT_STARTED, backoff(0))
        except _NotHere as error:
            return after_refusal(claim, Reason.NO_FILE, patience) if error.is_coming else _failed(claim, Reason.NO_FILE)
        except AppError as error:
            log.warning("outbox.no_file", outbound=str(claim.outbound), detail=error.detail.en)
            return _without_file(claim, error, patience)
        content = content_to_json(_with_name(claim.content, name))
        return NotTaken(claim=claim, state=OutboundState.QUEUED, reason=Reason.UPLOADED, costs=False, content=content)

    async def _name(self, claim: Claim, adapter: Adapter, line: Line, *, queued: Deadline, seconds: float) -> str:
        key = _key_of(claim)
        if key is None:
            raise AssertionError("there is no file to give")
        deadline = Deadline.after(seconds)
        async with _in_turn(self._locks.setdefault(key, asyncio.Lock()), queued):
            given = self._given.get(key)
            if given is not None and not given.until.passed:
                return given.name
            async with _in_turn(self._turns, queued), asyncio.timeout(deadline.remaining):
                name = await self._upload(claim, key[1], adapter, line, deadline=deadline)
        self._remember(key, name)
        return name

    async def _upload(self, claim: Claim, media: str, adapter: Adapter, line: Line, *, deadline: Deadline) -> str:
        async with self.floor.database.tenant_session(claim.company) as session:
            found = await store.find(session, _id(media))
            if found.kept is None:
                raise _NotHere(found.state)
            vault = await open_vault(session, self.floor.ring) if found.kept.sealed_key is not None else None
        chunks = await open_stored(self.storage, found.id, found.kept, vault)
        data = b"".join([chunk async for chunk in chunks])
        return await adapter.upload(data, found.kept.mime, line, deadline)

    def _remember(self, key: Key, name: str) -> None:
        self._given[key] = _Given(name, Deadline.after(_KEPT_SECONDS))
        while len(self._given) > _MOST_KEPT:
            del self._given[next(iter(self._given))]


@asynccontextmanager
async def _in_turn(place: asyncio.Lock | asyncio.Semaphore, until: Deadline) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(until.remaining):
            await place.acquire()
    except TimeoutError:
        raise _Queued from None
    try:
        yield
    finally:
        place.release()


def _key_of(claim: Claim) -> Key | None:
    """Of the file that only we have."""
    match claim.content:
        case Media() as file:
            pass
        case Template(header=Media() as file):
            pass
        case _:
            return None
    if file.media_id is None or file.provider_media_id or file.link:
        return None
    return claim.connection, file.media_id


def _with_name(content: Content, name: str) -> Content:
    match content:
        case Media():
            return replace(content, provider_media_id=name)
        case Template(header=Media() as header):
            return replace(content, header=replace(header, provider_media_id=name))
    return content


def _id(media: str) -> UUID:
    try:
        return UUID(media)
    except ValueError:
        raise _NotHere(MediaState.GONE) from None


def _without_file(claim: Claim, error: AppError, patience: Patience) -> NotTaken:
    if isinstance(error, NotFound):
        return _failed(claim, Reason.NO_FILE)
    if isinstance(error, Refused):  # our own check of what the provider takes
        return _failed(claim, MediaRefused.name)
    if error.retryable:
        return again(claim, Reason.NO_FILE, backoff(min(claim.number - 1, _LONGEST_STEP)))
    return after_refusal(claim, Reason.NO_FILE, patience)


def _failed(claim: Claim, reason: str) -> NotTaken:
    return NotTaken(claim=claim, state=OutboundState.FAILED, reason=reason)
