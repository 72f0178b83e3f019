"""Object storage: one contract over three places."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import Malformed, Misconfigured
from core.ids import CompanyId, new_id
from core.objects import Label, ObjectNotFound, ObjectTooLarge
from core.storage import Storage, open_storage
from tests.fixtures.object_stores import BUCKET, Dialect, ObjectStoreServer, object_store
from tests.fixtures.objects import BIG, COMPANY, IMAGE, chunks, key, pattern


@dataclass(frozen=True, kw_only=True)
class Place:
    storage: Storage
    server: ObjectStoreServer | None
    folder: Path

    def kept(self) -> list[bytes]:
        """What really lies there, asked without our code."""
        if self.server is not None:
            return [stored.body for stored in self.server.objects.values()]
        return [path.read_bytes() for path in (self.folder / "objects").rglob("*") if path.is_file()]

    def begun(self) -> int:
        """Uploads that were begun and neither ended nor dropped."""
        if self.server is not None:
            return len(self.server.uploads)
        return len(list((self.folder / "drafts").iterdir()))


@pytest.fixture(params=["file", Dialect.S3, Dialect.GS])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    folder = tmp_path / "a pasta #1"
    if request.param == "file":
        yield Place(storage=open_storage(folder.as_uri()), server=None, folder=folder)
        return
    async with object_store(request.param) as server:
        url = f"{request.param}://{BUCKET}/some prefix"
        yield Place(storage=open_storage(url, config=server.config, timeout=5), server=server, folder=folder)


class TestStorage:
    """The contract of every place."""

    async def test_what_was_put_comes_back_byte_for_byte(self, place: Place) -> None:
        where = key()

        size = await place.storage.put(where, pattern(1000), label=IMAGE)

        assert size == 1000
        assert await place.storage.get(where, max_bytes=1000) == pattern(1000)

    async def test_an_empty_object_is_an_object(self, place: Place) -> None:
        where = key()

        await place.storage.put(where, b"", label=IMAGE)

        assert await place.storage.get(where, max_bytes=0) == b""

    async def test_a_large_stream_comes_back_in_chunks(self, place: Place) -> None:
        where = key()

        size = await place.storage.put(where, chunks(BIG), label=IMAGE)
        download = await place.storage.open(where)
        parts = [part async for part in download.chunks]

        assert size == download.head.size == BIG
        assert b"".join(parts) == pattern(BIG)
        assert len(parts) > 1
        assert place.begun() == 0

    async def test_a_large_value_is_kept_as_a_stream_is(self, place: Place) -> None:
        where = key()

        await place.storage.put(where, pattern(BIG), label=IMAGE)

        assert place.kept() == [pattern(BIG)]

    async def test_a_second_put_replaces_the_first(self, place: Place) -> None:
        where = key()
        await place.storage.put(where, b"first", label=IMAGE)

        await place.storage.put(where, b"second", label=Label(content_type="text/plain"))

        assert await place.storage.get(where, max_bytes=10) == b"second"
        assert (await place.storage.head(where)).label.content_type == "text/plain"

    async def test_the_content_type_and_the_attributes_are_kept(self, place: Place) -> None:
        where = key()
        label = Label(content_type="audio/ogg; codecs=opus", attributes={"filename": "orçamento 100%.ogg"})

        await place.storage.put(where, b"abc", label=label)

        head = await place.storage.head(where)
        assert head.label == label
        assert head.key == where
        assert head.size == 3
        assert head.modified_at.tzinfo is not None

    async def test_the_attributes_of_a_large_object_are_kept(self, place: Place) -> None:
        where = key()
        label = Label(content_type="video/mp4", attributes={"filename": "vídeo.mp4"})

        await place.storage.put(where, chunks(BIG), label=label)

        assert (await place.storage.open(where)).head.label == label

    async def test_what_is_not_there_is_not_found(self, place: Place) -> None:
        with pytest.raises(ObjectNotFound):
            await place.storage.get(key(), max_bytes=10)
        with pytest.raises(ObjectNotFound):
            await place.storage.head(key())

    async def test_it_tells_what_exists(self, place: Place) -> None:
        where = key()
        await place.storage.put(where, b"abc", label=IMAGE)

        assert await place.storage.exists(where)
        assert not await place.storage.exists(key())

    async def test_more_than_the_caller_takes_is_refused_before_it_is_read(self, place: Place) -> None:
        where = key()
        await place.storage.put(where, b"abcd", label=IMAGE)

        with pytest.raises(ObjectTooLarge):
            await place.storage.get(where, max_bytes=3)

    @pytest.mark.parametrize("size", [1001, BIG])
    async def test_a_stream_over_its_cap_leaves_nothing(self, place: Place, size: int) -> None:
        with pytest.raises(ObjectTooLarge):
            await place.storage.put(key(), chunks(size), label=IMAGE, max_bytes=size - 1)

        assert place.kept() == []
        assert place.begun() == 0

    @pytest.mark.parametrize("size", [1000, BIG])
    async def test_a_stream_that_fails_leaves_nothing_and_its_own_error(self, place: Place, size: int) -> None:
        async def broken() -> AsyncIterator[bytes]:
            async for chunk in chunks(size):
                yield chunk
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await place.storage.put(key(), broken(), label=IMAGE)

        assert place.kept() == []
        assert place.begun() == 0

    async def test_a_cancelled_upload_leaves_nothing(self, place: Place) -> None:
        is_waiting = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            async for chunk in chunks(BIG):
                yield chunk
            is_waiting.set()
            await asyncio.Event().wait()

        upload = asyncio.ensure_future(place.storage.put(key(), endless(), label=IMAGE))
        await is_waiting.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

        assert place.kept() == []
        assert place.begun() == 0

    async def test_what_was_deleted_is_gone(self, place: Place) -> None:
        where = key()
        await place.storage.put(where, b"abc", label=IMAGE)

        await place.storage.delete(where)

        assert not await place.storage.exists(where)
        assert place.kept() == []

    async def test_deleting_what_is_not_there_is_fine(self, place: Place) -> None:
        await place.storage.delete(key())

    async def test_a_list_holds_one_company_over_all_its_pages(self, place: Place) -> None:
        mine = [key(kind=kind) for kind in ("media", "export") for _ in range(4)]
        for where in [*mine, key(company=CompanyId(new_id()))]:
            await place.storage.put(where, b"abc", label=IMAGE)

        listed = [item async for item in place.storage.list(COMPANY)]

        assert {item.key for item in listed} == set(mine)
        assert {item.size for item in listed} == {3}
        assert len(listed) == len(mine)

    async def test_a_list_can_be_held_to_one_kind(self, place: Place) -> None:
        media, _, _ = wanted = [key(), key(kind="media_thumb"), key(kind="export")]
        for where in wanted:
            await place.storage.put(where, b"abc", label=IMAGE)

        assert [item.key async for item in place.storage.list(COMPANY, kind="media")] == [media]

    async def test_a_list_of_nothing_is_empty(self, place: Place) -> None:
        assert [item async for item in place.storage.list(COMPANY)] == []

    async def test_a_kind_that_climbs_out_is_refused(self, place: Place) -> None:
        with pytest.raises(Malformed):
            _ = [item async for item in place.storage.list(COMPANY, kind="../other")]


class TestOpenStorage:
    @pytest.mark.parametrize("url", ["", "ftp://host/x", "file://relative/path", "s3://", "/srv/x"])
    def test_an_address_of_another_kind_is_refused(self, url: str) -> None:
        with pytest.raises(Misconfigured):
            open_storage(url)
