"""Where objects lie: a bucket of S3 or Google Cloud Storage, or a folder; and how they get there."""

import asyncio
import json
from collections.abc import AsyncIterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote, unquote

import obstore
from obstore.store import GCSStore, LocalStore, S3Store

from core.drafts import Draft, make_private_folder, sweep_drafts, sync_folder
from core.objects import ATTRIBUTE, Label, ObjectKey, too_large

if TYPE_CHECKING:
    from obstore import Attributes, GetResult

_PART: Final = 5 * 1024 * 1024  # the smallest that S3 takes; no more than three are in memory
_UNKNOWN: Final = "application/octet-stream"


class Source:
    """The caller's chunks, counted, in parts large enough for an upload."""

    def __init__(self, chunks: AsyncIterable[bytes], *, max_bytes: int | None) -> None:
        self.size = 0
        self.is_asking = False  # and stays so when the caller's chunks fail
        self._chunks = aiter(chunks)
        self._max_bytes = max_bytes
        self.ready = b""
        self._task: asyncio.Task[object] | None = None
        self._is_given_up = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_given_up:
            raise asyncio.CancelledError
        self._task = asyncio.current_task()
        part, self.ready = self.ready or await self.part(), b""
        self._task = None
        if not part:
            raise StopAsyncIteration
        return part

    async def part(self) -> bytes:
        """At least `_PART` bytes, unless the end comes first."""
        part = bytearray()
        while len(part) < _PART and (chunk := await self._next_chunk()) is not None:
            part += chunk
        return bytes(part)

    def give_up(self) -> None:
        """Fail whoever reads on, so that a backend drops the parts it has."""
        self._is_given_up = True
        if self._task is not None:
            self._task.cancel()

    async def _next_chunk(self) -> bytes | None:
        self.is_asking = True
        chunk = await anext(self._chunks, None)
        self.is_asking = False
        self.size += len(chunk or b"")
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise too_large(self._max_bytes)
        return chunk


class Bucket:
    """S3 and Google Cloud Storage, which differ in name only."""

    def __init__(self, store: S3Store | GCSStore) -> None:
        self.store = store

    async def save(self, key: ObjectKey, source: Source, *, label: Label, timeout: float) -> None:
        attributes: Attributes = {name: quote(value) for name, value in label.attributes.items()}
        attributes["Content-Type"] = label.content_type
        put = partial(obstore.put_async, self.store, key.path, attributes=attributes, max_concurrency=2)
        source.ready = await source.part()
        if len(source.ready) < _PART:
            await asyncio.wait_for(put(source.ready), timeout)
            return
        upload = asyncio.ensure_future(put(source, chunk_size=_PART))
        try:
            await asyncio.shield(upload)
        except asyncio.CancelledError:
            # Cancelled from outside, the library would leave the parts it sent in the bucket, unseen and paid for.
            source.give_up()
            await asyncio.wait({upload}, timeout=timeout)
            upload.cancel()
            raise

    async def label(self, _key: ObjectKey, result: "GetResult") -> Label:
        found = {name.lower(): value for name, value in result.attributes.items()}
        ours = {name: unquote(value) for name, value in found.items() if ATTRIBUTE.fullmatch(name)}
        return Label(content_type=found.get("content-type", _UNKNOWN), attributes=ours)

    async def remove(self, key: ObjectKey) -> None:
        await obstore.delete_async(self.store, key.path)


class Folder:
    """A folder that only its owner reads: drafts, the objects, and beside them what a plain file cannot hold."""

    def __init__(self, root: Path) -> None:
        self._drafts, self._objects, self._labels = (root / name for name in ("drafts", "objects", "labels"))
        for folder in (self._drafts, self._objects, self._labels):
            make_private_folder(folder)
        sweep_drafts(self._drafts)
        self.store = LocalStore(self._objects)

    async def save(self, key: ObjectKey, source: Source, *, label: Label, timeout: float) -> None:
        draft = await asyncio.wait_for(asyncio.to_thread(Draft, self._drafts), timeout)
        try:
            async for part in source:
                await asyncio.wait_for(asyncio.to_thread(draft.write, part), timeout)
            await asyncio.wait_for(asyncio.to_thread(self._commit, draft, key, label), timeout)
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(draft.discard), timeout)

    def _commit(self, draft: Draft, key: ObjectKey, label: Label) -> None:
        """The label first: one without an object is never seen."""
        with Draft(self._drafts) as beside:
            beside.write(json.dumps(asdict(label)).encode())
            beside.commit(self._labels / key.path)
        draft.commit(self._objects / key.path)

    async def label(self, key: ObjectKey, _result: "GetResult") -> Label:
        try:
            return Label(**json.loads(await asyncio.to_thread((self._labels / key.path).read_bytes)))
        except FileNotFoundError:
            return Label(content_type=_UNKNOWN)

    async def remove(self, key: ObjectKey) -> None:
        await asyncio.to_thread(self._remove, key)

    def _remove(self, key: ObjectKey) -> None:
        for folder in (self._objects, self._labels):
            path = folder / key.path
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)
