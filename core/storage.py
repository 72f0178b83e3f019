"""Objects (media, documents, exports) in a folder, in S3 or in Google Cloud Storage, by one interface."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import GCSStore, S3Store

from core.drafts import CLOSED_DISK, FULL_DISK
from core.errors import AppError, Misconfigured, Unavailable
from core.ids import CompanyId
from core.objects import KEY, Label, ObjectKey, ObjectNotFound, match_key, too_large
from core.storage_places import Bucket, Folder, Source

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig, GCSConfig, RetryConfig, S3Config

RETRIES: Final = 2  # of one request, inside the time limit of its call
LONGEST_TRANSFER: Final = timedelta(hours=1)
_CHUNK: Final = 256 * 1024
_REFUSED: Final = (
    "confira se existe, a credencial e as permissões",
    "check that it exists, credential and permissions",
)
_T = TypeVar("_T")


class StorageUnavailable(Unavailable):
    """The storage did not answer, or not in time."""


class StorageFull(Unavailable):
    """The disk or its quota is used up."""


class StorageClosed(Misconfigured):
    """The storage is there and keeps us out: read-only, no permission, wrong credential, no such bucket."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    key: ObjectKey
    size: int
    modified_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Head(Listed):
    label: Label


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    head: Head
    chunks: AsyncGenerator[bytes, None]


class Storage:
    """One place for objects. Each step of ours (a call, a part, a chunk, a page) ends within the time limit."""

    def __init__(self, place: Bucket | Folder, *, name: str, timeout: float) -> None:
        self._place = place
        self._name = name
        self._timeout = timeout

    async def put(
        self, key: ObjectKey, data: bytes | AsyncIterable[bytes], *, label: Label, max_bytes: int | None = None
    ) -> int:
        """Keep an object whole, in place of any other of that key, or not at all. Gives its size."""
        source = Source(_once(data) if isinstance(data, bytes) else data, max_bytes=max_bytes)
        with self._failures(key.path, source=source):
            await self._place.save(key, source, label=label, timeout=self._timeout)
        return source.size

    async def get(self, key: ObjectKey, *, max_bytes: int) -> bytes:
        download = await self.open(key)
        if download.head.size > max_bytes:
            raise too_large(max_bytes)
        return b"".join([chunk async for chunk in download.chunks])

    async def open(self, key: ObjectKey) -> Download:
        """The head now and the bytes as they are asked for, in one request."""
        result = await self._request(key, is_head=False)
        return Download(head=await self._head(key, result), chunks=self._chunks(key, result))

    async def head(self, key: ObjectKey) -> Head:
        return await self._head(key, await self._request(key, is_head=True))

    async def exists(self, key: ObjectKey) -> bool:
        try:
            await self._request(key, is_head=True)
        except ObjectNotFound:
            return False
        return True

    async def delete(self, key: ObjectKey) -> None:
        """Afterwards it is not there; that it never was is fine."""
        with self._failures(key.path), suppress(FileNotFoundError):
            await asyncio.wait_for(self._place.remove(key), self._timeout)

    async def list(self, company: CompanyId, *, kind: str | None = None) -> AsyncIterator[Listed]:
        """The objects of one company, page by page, in no promised order."""
        prefix = f"{company}/{kind}/" if kind else f"{company}/"
        match_key(f"{company}/{kind or 'any'}/any")
        with self._failures(prefix):
            async for page in _each_within(obstore.list(self._place.store, prefix, chunk_size=500), self._timeout):
                for meta in page:
                    if KEY.fullmatch(meta["path"]):
                        key = ObjectKey.parse(meta["path"])
                        yield Listed(key=key, size=meta["size"], modified_at=meta["last_modified"])

    async def _request(self, key: ObjectKey, *, is_head: bool) -> "GetResult":
        with self._failures(key.path):
            call = obstore.get_async(self._place.store, key.path, options={"head": is_head})
            return await asyncio.wait_for(call, self._timeout)

    async def _head(self, key: ObjectKey, result: "GetResult") -> Head:
        with self._failures(key.path):
            label = await asyncio.wait_for(self._place.label(key, result), self._timeout)
        return Head(key=key, size=result.meta["size"], modified_at=result.meta["last_modified"], label=label)

    async def _chunks(self, key: ObjectKey, result: "GetResult") -> AsyncGenerator[bytes, None]:
        with self._failures(key.path):
            async for chunk in _each_within(result.stream(min_chunk_size=_CHUNK), self._timeout):
                yield bytes(chunk)

    @contextmanager
    def _failures(self, what: str, *, source: Source | None = None) -> Iterator[None]:
        try:
            yield
        except (OSError, BaseError) as error:
            if source is not None and source.is_asking:
                raise  # the caller's own chunks failed, not the storage
            if isinstance(error, FileNotFoundError) and source is None:
                raise ObjectNotFound(f"Não há o objeto {what}.", f"There is no object {what}.") from error
            raise _failure(error, name=self._name, what=what) from error


def open_storage(url: str, *, config: Mapping[str, str] | None = None, timeout: float = 30.0) -> Storage:
    """The storage of `file:///folder`, `s3://bucket/prefix` or `gs://bucket/prefix`.

    Buckets read the usual `AWS_*` and `GOOGLE_*` variables; `config` goes before them, by the same names without prefix
    (`endpoint`, `access_key_id`, `service_account_key`, ...). Plain http asks for `allow_http`.
    """
    try:
        return Storage(_place(url, dict(config or {}), timeout), name=url, timeout=timeout)
    except (OSError, BaseError) as error:
        raise _closed(error, name=url) from error


def _place(url: str, config: dict[str, str], timeout: float) -> Bucket | Folder:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return Folder(Path(unquote(parts.path)))
    prefix = {"s3": "AWS", "gs": "GOOGLE"}.get(parts.scheme)
    if prefix is None or not parts.netloc:
        raise Misconfigured(
            f"Armazenamento inválido: {url}. Use file:///pasta, s3://bucket/prefixo ou gs://bucket/prefixo.",
            f"Invalid storage: {url}. Use file:///folder, s3://bucket/prefix or gs://bucket/prefix.",
        )
    limit = timedelta(seconds=timeout)
    client: ClientConfig = {
        "allow_http": _allows_http(config, prefix),
        "read_timeout": limit,
        "timeout": LONGEST_TRANSFER,
    }
    retry: RetryConfig = {"max_retries": RETRIES, "retry_timeout": limit}
    if prefix == "AWS":
        config.setdefault("disable_bulk_delete", "true")  # few of the stores that speak S3 have it
        s3 = S3Store.from_url(url, config=cast("S3Config", config), client_options=client, retry_config=retry)
        return Bucket(s3)
    gs = GCSStore.from_url(url, config=cast("GCSConfig", config), client_options=client, retry_config=retry)
    return Bucket(gs)


def _allows_http(config: dict[str, str], prefix: str) -> bool:
    """Settled here: given client options, the library overlooks the variable, and in its `config` the name panics."""
    plain = config.pop("allow_http", None) or os.environ.get(f"{prefix}_ALLOW_HTTP", "")
    is_allowed = plain.lower() in {"1", "true", "yes"}
    named = config.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT", "")
    if prefix == "AWS" and named.startswith("http://") and not is_allowed:
        raise Misconfigured(
            f"O endereço {named} não é https: use https, ou AWS_ALLOW_HTTP=true numa rede que é só sua.",
            f"The endpoint {named} is not https: use https, or AWS_ALLOW_HTTP=true in a network of your own.",
        )
    return is_allowed


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _each_within(items: AsyncIterable[_T], timeout: float) -> AsyncIterator[_T]:
    iterator = aiter(items)
    while True:
        try:
            item = await asyncio.wait_for(anext(iterator), timeout)
        except StopAsyncIteration:
            return
        yield item


def _failure(error: OSError | BaseError, *, name: str, what: str) -> AppError:
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return StorageFull(
            f"O disco de {name} está cheio: libere espaço. {what} não foi guardado.",
            f"The disk of {name} is full: free some space. {what} was not kept.",
        )
    is_refusal = isinstance(error, PermissionDeniedError | UnauthenticatedError | FileNotFoundError)
    if is_refusal or (isinstance(error, OSError) and error.errno in CLOSED_DISK):
        return _closed(error, name=name)
    return StorageUnavailable(
        f"O armazenamento {name} não respondeu ({what}): tente de novo.",
        f"The storage {name} did not answer ({what}): try again.",
    )


def _closed(error: OSError | BaseError, *, name: str) -> StorageClosed:
    pt, en = CLOSED_DISK.get(getattr(error, "errno", None) or 0, _REFUSED)
    return StorageClosed(f"Não consegui usar o armazenamento {name}: {pt}.", f"Could not use the storage {name}: {en}.")
