"""Object storage in a bucket, where servers fail, stall and refuse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from core.errors import Misconfigured
from core.storage import RETRIES, Storage, StorageClosed, StorageUnavailable, open_storage
from tests.fixtures.object_stores import BUCKET, Answer, CutAfter, Dialect, ObjectStoreServer, Stall, object_store
from tests.fixtures.objects import BIG, IMAGE, chunks, key, pattern


@pytest.fixture(params=list(Dialect))
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStoreServer]:
    async with object_store(request.param) as server:
        yield server


def bucket(server: ObjectStoreServer, *, timeout: float = 5, **config: str) -> Storage:
    return open_storage(f"{server.dialect}://{BUCKET}", config={**server.config, **config}, timeout=timeout)


class TestBucket:
    async def test_a_small_object_costs_one_request(self, server: ObjectStoreServer) -> None:
        await bucket(server).put(key(), chunks(1000), label=IMAGE)

        assert len(server.requests) == 1

    async def test_a_failure_that_passes_is_repeated_and_not_noticed(self, server: ObjectStoreServer) -> None:
        server.faults.extend([Answer(503)] * RETRIES)

        await bucket(server).put(key(), b"abc", label=IMAGE)

        assert len(server.requests) == RETRIES + 1

    async def test_a_failure_that_stays_is_told_after_the_stated_number_of_tries(
        self, server: ObjectStoreServer
    ) -> None:
        server.faults.extend([Answer(503)] * 10)

        with pytest.raises(StorageUnavailable) as caught:
            await bucket(server).put(key(), b"abc", label=IMAGE)

        assert len(server.requests) == RETRIES + 1
        assert caught.value.retryable

    async def test_a_server_that_does_not_answer_is_left_in_time(self, server: ObjectStoreServer) -> None:
        server.faults.extend([Stall()] * 10)

        async with asyncio.timeout(3):
            with pytest.raises(StorageUnavailable):
                await bucket(server, timeout=0.3).head(key())

    async def test_a_server_that_is_away_is_unavailable(self, server: ObjectStoreServer) -> None:
        async with object_store(server.dialect) as gone:
            storage = bucket(gone)

        with pytest.raises(StorageUnavailable):
            await storage.get(key(), max_bytes=10)

    async def test_a_download_that_was_cut_goes_on_where_it_stopped(self, server: ObjectStoreServer) -> None:
        where = key()
        await bucket(server).put(where, pattern(1_000_000), label=IMAGE)
        server.faults.append(CutAfter(300_000))

        assert await bucket(server).get(where, max_bytes=1_000_000) == pattern(1_000_000)

    async def test_a_download_may_take_longer_than_one_step(self, server: ObjectStoreServer) -> None:
        where = key()
        storage = bucket(server, timeout=0.5)
        await storage.put(where, pattern(3_000_000), label=IMAGE)

        size = 0
        async for chunk in (await storage.open(where)).chunks:
            size += len(chunk)
            await asyncio.sleep(0.1)

        assert size == 3_000_000

    async def test_a_download_that_is_left_early_ends(self, server: ObjectStoreServer) -> None:
        where = key()
        await bucket(server).put(where, chunks(BIG), label=IMAGE)

        download = await bucket(server).open(where)
        async with aclosing(download.chunks) as parts:
            assert await anext(parts)

    async def test_a_large_upload_that_the_server_breaks_leaves_no_parts(self, server: ObjectStoreServer) -> None:
        server.breaks_at = "partNumber="

        with pytest.raises(StorageUnavailable):
            await bucket(server).put(key(), chunks(BIG), label=IMAGE)

        assert server.objects == {}
        assert server.uploads == {}

    async def test_a_refused_credential_is_named_as_such(self, server: ObjectStoreServer) -> None:
        server.faults.append(Answer(403))

        with pytest.raises(StorageClosed, match="credential"):
            await bucket(server).get(key(), max_bytes=10)

    async def test_a_bucket_that_is_not_there_is_a_setting_to_mend(self, server: ObjectStoreServer) -> None:
        storage = open_storage(f"{server.dialect}://other", config=server.config)

        with pytest.raises(StorageClosed, match="exists"):
            await storage.put(key(), b"abc", label=IMAGE)

    async def test_the_usual_variables_name_the_endpoint(
        self, server: ObjectStoreServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prefix = "AWS" if server.dialect is Dialect.S3 else "GOOGLE"
        for name, value in server.config.items():
            monkeypatch.setenv(f"{prefix}_{name.upper()}", value)

        await open_storage(f"{server.dialect}://{BUCKET}/of prefix").put(key("x"), b"abc", label=IMAGE)

        assert list(server.objects) == [f"of prefix/{key('x').path}"]

    async def test_a_plain_endpoint_is_named_at_the_start(self) -> None:
        with pytest.raises(Misconfigured, match="AWS_ALLOW_HTTP"):
            open_storage("s3://bucket", config={"endpoint": "http://minio:9000"})

    async def test_plain_http_is_refused_unless_it_is_allowed(self, server: ObjectStoreServer) -> None:
        with pytest.raises((Misconfigured, StorageUnavailable)):
            await bucket(server, allow_http="false").put(key(), b"abc", label=IMAGE)

        assert server.requests == []
