"""Files of customers: fetched within bounds from a provider that lies, kept as what they are, handed out harmless."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psutil
import pytest
from sqlalchemy import update
from typing_extensions import override

from channels.contents import Media
from channels.file_types import is_active_by_name, sniff
from channels.inspection import digests_of
from channels.lines import Lines
from channels.media import MOST_BYTES, WORDS, Manner, download, fetch_due
from channels.registry import Registry
from channels.sealed_files import new_sealing, seal, unseal
from channels.station import Station
from channels.stores import media as store
from channels.stores.media import NewMedia, Reason
from channels.stores.thread import Entry, append
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from core import clock
from core.errors import Conflict, NotFound, Tampered
from core.floor import Floor
from core.http import open_client
from core.ids import new_id
from core.models.people import Connection, ConnectionKind
from core.models.stream import Author, Direction, MediaFile, MediaState, Message, MessageKind
from core.objects import ObjectKey
from core.storage import Storage, open_storage
from core.vault import Vault, open_vault, rotate_company
from sandbox.whatsapp.accounts import Account
from sandbox.whatsapp.downloads import Endless, Failing, GzipBomb, Redirect, Slow, WrongLength
from sandbox.whatsapp.media import File
from sandbox.world import Sandbox
from tests.fixtures.gates import Somebody, gather_crowd
from tests.fixtures.outbox import World, make_world

JPEG: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
PDF: Final = b"%PDF-1.7\n" + b"texto " * 500
OGG: Final = b"OggS\0\x02" + b"\0" * 20 + b"\x01\x13OpusHead" + bytes(range(200)) * 30
MB: Final = 1024 * 1024


class Site:
    """A company on a simulated WhatsApp, and a station that fetches from it."""

    def __init__(self, world: World, who: Somebody, *, sandbox: Sandbox, station: Station) -> None:
        self.world = world
        self.who = who
        self.sandbox = sandbox
        self.station = station
        self.phone_id = ""

    async def sent(self, file: File, kind: MessageKind = MessageKind.IMAGE, **told: Any) -> UUID:
        """A customer sent it: the message is there, and its file is still with the provider."""
        held = self.sandbox.whatsapp.shelf.receive(file, phone_id=self.phone_id)
        return await self.noted(held.id, kind, **told)

    async def noted(self, provider_id: str, kind: MessageKind = MessageKind.IMAGE, **told: Any) -> UUID:
        entry = Entry(
            conversation=self.who.conversation,
            connection=self.world.connection,
            direction=Direction.IN,
            author=Author.CUSTOMER,
            content=Media(kind="image", provider_media_id=provider_id),
            provider_id=f"wamid.{new_id()}",
            provider_at=clock.now(),
        )
        async with self.world.session() as session:
            [added] = await append(session, [entry])
            new = NewMedia(
                message=added.id, connection=self.world.connection, kind=kind, provider_media_id=provider_id, **told
            )
            [noted] = await store.note(session, [new])
        return noted

    async def fetch(self, *, again: bool = False, **manner: Any) -> int:
        if again:
            await self.set(next_at=clock.now() - timedelta(minutes=1))
        return await fetch_due(self.station, Manner(**manner))

    async def set(self, **values: Any) -> None:
        async with self.world.session() as session:
            await session.execute(update(MediaFile).values(**values))

    async def row(self, noted: UUID) -> MediaFile:
        async with self.world.session() as session:
            return await session.get_one(MediaFile, (self.world.company, noted))

    async def outcome(self, noted: UUID) -> tuple[MediaState, str | None]:
        row = await self.row(noted)
        return row.state, row.reason

    async def fetched(self, file: File, kind: MessageKind = MessageKind.IMAGE, **told: Any) -> MediaFile:
        noted = await self.sent(file, kind, **told)
        assert await self.fetch() == 1
        return await self.row(noted)

    async def lies(self, noted: UUID) -> bytes:
        """What is in the storage, as it lies there."""
        key = (await self.row(noted)).storage_key
        assert key is not None
        return await self.station.storage.get(ObjectKey.parse(key), max_bytes=200 * MB)

    async def kept(self, noted: UUID) -> list[str]:
        """Every object of the file, whatever attempt made it."""
        listed = [item.key.path async for item in self.station.storage.list(self.world.company)]
        return [key for key in listed if str(noted) in key]

    async def is_kept(self, noted: UUID) -> bool:
        return await self.kept(noted) != []


class Held(Storage):
    """A storage before which a worker stands still until it is let go."""

    def __init__(self, inner: Storage) -> None:
        self.__dict__.update(vars(inner))
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    @override
    async def put(self, *arguments: Any, **told: Any) -> int:
        self.reached.set()
        await self.go_on.wait()
        return await super().put(*arguments, **told)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.open() as sandbox:
        yield sandbox


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(tmp_path.joinpath("storage").as_uri())


@pytest.fixture
async def site(floor: Floor, sandbox: Sandbox, storage: Storage) -> AsyncIterator[Site]:
    async with open_client() as client:
        adapter = WhatsAppCloud(client, base=sandbox.url, version="v23.0")
        lines = Lines(floor.database, floor.ring)
        station = Station(
            floor=floor, registry=Registry({ConnectionKind.WHATSAPP: adapter}), lines=lines, storage=storage
        )
        site = await open_site(floor, sandbox, station)
        yield site
        await site.set(state=MediaState.GONE)  # the floor is shared by the module: nothing of this site stays due


async def open_site(floor: Floor, sandbox: Sandbox, station: Station) -> Site:
    world = await make_world(floor)
    [who] = await gather_crowd(world, 1)
    async with world.session() as session:
        connection = await session.get_one(Connection, (world.company, world.connection))
    site = Site(world, who, sandbox=sandbox, station=station)
    site.phone_id = connection.settings["phone_number_id"]
    account = Account(
        phone_id=site.phone_id,
        waba_id="200",
        display_phone_number="+551130000000",
        access_token="x" * 16,
        app_secret="x" * 16,
    )
    await sandbox.whatsapp.connect(account)
    return site


def b64(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


class TestSniff:
    @pytest.mark.parametrize(
        ("head", "mime"),
        [
            (JPEG, "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            (b"GIF89a\x01", "image/gif"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
            (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "video/mp4"),
            (b"\0\0\0\x18ftyp3gp5\0\0\0\0", "video/3gpp"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
            (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4"),
            (OGG, "audio/ogg"),
            (b"ID3\x04\0\0", "audio/mpeg"),
            (b"\xff\xfb\x90\x64\0", "audio/mpeg"),
            (b"\xff\xf1\x50\x80\0", "audio/aac"),
            (b"#!AMR\n\x3c", "audio/amr"),
            (PDF, "application/pdf"),
            (b"PK\x03\x04\x14\0outro.txt", "application/zip"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "application/x-ole-storage"),
            ("Olá, tudo bem?\n".encode(), "text/plain"),
            (b"\xef\xbb\xbfnome;fone\n", "text/plain"),
            ("olá".encode("utf-16"), "text/plain"),
            (b"\x00\x01\x02\x03", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ],
    )
    def test_a_file_is_what_its_first_bytes_say(self, head: bytes, mime: str) -> None:
        found = sniff(head)

        assert found.mime == mime
        assert not found.is_active

    def test_an_office_file_is_told_from_other_archives(self) -> None:
        assert sniff(b"PK\x03\x04\x14\0[Content_Types].xml word/document.xml").mime.endswith(
            "wordprocessingml.document"
        )
        assert sniff(b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.text").mime.endswith("opendocument.text")

    @pytest.mark.parametrize(
        "head",
        [
            *(b"<!DOCTYPE html><p>oi", b"<html>", b"  \n\t<HTML", b"<svg xmlns='x'>", b"<?xml version='1.0'?>"),
            *(b"\xef\xbb\xbf<script>alert(1)", "<script>".encode("utf-16"), b"<!-- x --><body>", b"<?php echo 1;"),
            *(b"<script>WEBPVP8 \0\0", b"<svgftypisom\0\0", b"#!/bin/sh\nrm", b"#!/usr/bin/env python\n"),
            *(b"MZ\x90\0\x03\0", b"\x7fELF\x02\x01", b"\xca\xfe\xba\xbe\0\0", b"\xcf\xfa\xed\xfe", b"dex\n035\0"),
            *(b"L\0\0\0\x01\x14\x02\0\0", b"\0asm\x01\0\0\0", b"CWS\x0a\0\0"),
            *(b"PK\x03\x04\0AndroidManifest.xml", b"PK\x03\x04\0META-INF/MANIFEST.MF", b"PK\x03\x04\0setup.exe"),
        ],
    )
    def test_what_a_browser_or_a_machine_would_run_is_active(self, head: bytes) -> None:
        assert sniff(head).is_active

    @pytest.mark.parametrize("head", [b"MZ e o resto do texto", b"<3 adorei", b"CWS: lista de compras", b"ID3 e 4"])
    def test_a_text_that_begins_like_a_program_is_a_text(self, head: bytes) -> None:
        assert not sniff(head).is_active

    def test_the_declared_type_decides_only_within_one_container(self) -> None:
        film = b"\0\0\0\x18ftypmp42\0\0\0\0"
        assert sniff(film, declared="audio/mp4").mime == "audio/mp4"
        assert sniff(film, declared="image/jpeg").mime == "video/mp4"
        assert sniff(b"nome;fone", declared="text/csv; charset=utf-8").mime == "text/csv"
        assert sniff(b"nome;fone", declared="text/html").mime == "text/plain"

    @pytest.mark.parametrize(
        "name", ["nota.xml", "FOTO.JPG.EXE", "x.html", "x.SVG", "script.js", "a.bat", "app.apk", "a.ps1. ", "b.lnk"]
    )
    def test_a_name_that_says_program_or_page_is_believed(self, name: str) -> None:
        assert is_active_by_name(name, "application/octet-stream")

    def test_other_names_are_fine(self) -> None:
        assert not is_active_by_name("cardápio.pdf", "application/pdf")
        assert not is_active_by_name(None, None)
        assert not is_active_by_name("relatório html.txt", "text/plain; charset=utf-8")


class TestDigests:
    def test_hexadecimal_and_base64_are_the_same_digest(self) -> None:
        digest = hashlib.sha256(JPEG).digest()

        assert digests_of([digest.hex(), digest.hex().upper(), b64(JPEG), b64(JPEG).rstrip("=")]) == {digest}
        assert digests_of([base64.urlsafe_b64encode(digest).decode()]) == {digest}

    @pytest.mark.parametrize("told", [None, "", "abc", "ç" * 44, "x" * 64, "=" * 44])
    def test_what_is_neither_tells_nothing(self, told: str | None) -> None:
        assert digests_of([told]) == frozenset()


class TestFetch:
    async def test_a_file_is_kept_as_it_is(self, site: Site) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg"), mime="image/jpeg", sha256=b64(JPEG))

        assert (row.state, row.reason, row.mime) == (MediaState.STORED, None, "image/jpeg")
        assert (row.size, row.sha256) == (len(JPEG), hashlib.sha256(JPEG).hexdigest())
        assert row.storage_key == f"{site.world.company}/media/{row.id}-1"
        assert row.sealed_key is None
        assert await site.lies(row.id) == JPEG

    async def test_nothing_due_is_nothing_done(self, site: Site) -> None:
        assert await site.fetch() == 0

    async def test_what_was_declared_gives_way_to_what_it_is(self, site: Site) -> None:
        row = await site.fetched(File(data=PDF, mime_type="image/jpeg"), mime="image/jpeg")

        assert (row.state, row.mime) == (MediaState.STORED, "application/pdf")

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (b"<!DOCTYPE html><script>fetch('//x')</script>", {"mime": "image/jpeg"}),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", {"mime": "image/png"}),
            (b"MZ\x90\0\x03\0\0\0", {"filename": "foto.jpg"}),
            (b"alert(1)", {"filename": "boleto.js"}),
            (JPEG, {"mime": "text/html"}),
        ],
    )
    async def test_what_could_run_is_refused_for_good(self, site: Site, data: bytes, told: dict[str, Any]) -> None:
        row = await site.fetched(File(data=data, mime_type="image/jpeg"), MessageKind.DOCUMENT, **told)

        assert (row.state, row.reason) == (MediaState.REFUSED, Reason.ACTIVE)
        assert not await site.is_kept(row.id)

    @pytest.mark.parametrize("told", [{"sha256": b64(b"outro")}, {"sha256": hashlib.sha256(b"outro").hexdigest()}])
    async def test_another_file_than_announced_is_refused_after_one_more_try(
        self, site: Site, told: dict[str, Any]
    ) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"), **told)

        await site.fetch()
        assert await site.outcome(noted) == (MediaState.PENDING, Reason.ALTERED)
        await site.fetch(again=True)

        assert await site.outcome(noted) == (MediaState.REFUSED, Reason.ALTERED)
        assert not await site.is_kept(noted)

    async def test_an_empty_file_is_refused_after_one_more_try(self, site: Site) -> None:
        noted = await site.sent(File(data=b"", mime_type="image/jpeg"))

        await site.fetch()
        await site.fetch(again=True)

        assert await site.outcome(noted) == (MediaState.REFUSED, Reason.EMPTY)

    async def test_it_is_tried_again_later_each_time(self, site: Site) -> None:
        noted = await site.noted("999")
        waits = []
        for _ in range(7):
            await site.fetch(again=True)
            waits.append(round(((await site.row(noted)).next_at - clock.now()).total_seconds() / 60))

        row = await site.row(noted)
        assert waits == [1, 5, 30, 120, 360, 360, 360]
        assert (row.state, row.reason, row.attempts) == (MediaState.PENDING, Reason.NOT_THERE, 7)

    async def test_not_before_its_time(self, site: Site) -> None:
        await site.noted("999")
        await site.fetch()

        assert await site.fetch() == 0

    async def test_after_seven_days_it_is_gone(self, site: Site) -> None:
        noted = await site.noted("999")
        await site.set(created_at=clock.now() - timedelta(days=7, minutes=1))

        await site.fetch()

        assert await site.outcome(noted) == (MediaState.GONE, Reason.NOT_THERE)

    async def test_a_refused_token_is_the_connections_matter(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        site.sandbox.whatsapp.accounts.number(site.phone_id).token_is_valid = False

        await site.fetch()
        assert await site.outcome(noted) == (MediaState.PENDING, Reason.NO_LINE)
        site.sandbox.whatsapp.accounts.number(site.phone_id).token_is_valid = True
        await site.fetch(again=True)

        assert (await site.row(noted)).state is MediaState.STORED

    async def test_a_row_without_a_file_at_the_provider_is_not_tried(self, site: Site) -> None:
        noted = await site.noted("1")
        await site.set(provider_media_id=None)

        await site.fetch()

        assert await site.outcome(noted) == (MediaState.REFUSED, Reason.NOT_THERE)

    async def test_a_file_that_killed_three_processes_is_left_alone(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        await site.set(attempts=3)

        await site.fetch()

        assert await site.outcome(noted) == (MediaState.REFUSED, Reason.BROKEN)

    async def test_a_channel_without_an_adapter_waits_for_one(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))

        await fetch_due(replace(site.station, registry=Registry({})))

        assert await site.outcome(noted) == (MediaState.PENDING, Reason.NOT_THERE)

    async def test_forty_files_of_two_companies_are_each_fetched_once_by_three_stations(
        self, site: Site, floor: Floor
    ) -> None:
        other = await open_site(floor, site.sandbox, site.station)
        files = [JPEG + bytes([number]) for number in range(40)]

        owners = [(site, other)[number % 2] for number in range(40)]
        sent = [
            await owner.sent(File(data=data, mime_type="image/jpeg")) for owner, data in zip(owners, files, strict=True)
        ]

        tried = await asyncio.gather(*(fetch_due(site.station) for _ in range(3)))

        assert sum(tried) == 40
        for owner, noted, data in zip(owners, sent, files, strict=True):
            assert (await owner.row(noted)).attempts == 1
            assert await owner.lies(noted) == data


class TestHostile:
    """F28: a reason on the row, whatever the provider does, and no more memory than for an honest file."""

    async def test_a_told_size_above_the_cap_is_refused_before_the_first_byte(self, site: Site) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg", file_size=2 * 1024**3), MessageKind.DOCUMENT)

        assert (row.state, row.reason) == (MediaState.REFUSED, Reason.TOO_LARGE)

    @pytest.mark.parametrize("kind", [MessageKind.IMAGE, MessageKind.STICKER, MessageKind.VIDEO])
    async def test_what_never_ends_is_refused_at_the_cap_of_its_kind(self, site: Site, kind: MessageKind) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg", manner=Endless()), kind)

        assert (row.state, row.reason) == (MediaState.REFUSED, Reason.TOO_LARGE)
        assert not await site.is_kept(row.id)

    async def test_a_hundred_megabytes_cost_no_memory(self, site: Site) -> None:
        endless = File(data=JPEG, mime_type="application/pdf", manner=Endless())
        for _ in range(2):
            await site.sent(endless, MessageKind.DOCUMENT)
        before = psutil.Process().memory_info().rss

        async with peak_memory() as peak:
            assert await site.fetch() == 2

        assert peak() - before < 50 * MB

    async def test_a_connection_may_take_less(self, site: Site) -> None:
        async with site.world.session() as session:
            row = await session.get_one(Connection, (site.world.company, site.world.connection))
            row.settings = {**row.settings, "media_max_bytes": 1000}

        refused = await site.fetched(File(data=JPEG, mime_type="image/jpeg"))

        assert (refused.state, refused.reason) == (MediaState.REFUSED, Reason.TOO_LARGE)

    @pytest.mark.parametrize("length", [10, 2 * 1024**3])
    async def test_a_wrong_length_is_never_kept(self, site: Site, length: int) -> None:
        file = File(data=JPEG, mime_type="image/jpeg", manner=WrongLength(length=length))
        noted = await site.sent(file)
        for _ in range(2):
            await site.fetch(again=True)

        state, reason = await site.outcome(noted)

        assert state is not MediaState.STORED
        assert reason in {Reason.ALTERED, Reason.TROUBLE, Reason.TOO_LARGE}
        assert not await site.is_kept(noted)

    async def test_a_bomb_is_not_unpacked(self, site: Site) -> None:
        file = File(data=JPEG, mime_type="image/jpeg", manner=GzipBomb(size=256 * MB))
        noted = await site.sent(file)
        before = psutil.Process().memory_info().rss
        async with peak_memory() as peak:
            for _ in range(2):
                await site.fetch(again=True)

        state, reason = await site.outcome(noted)
        assert state is MediaState.REFUSED
        assert reason in {Reason.ALTERED, Reason.TOO_LARGE}
        assert peak() - before < 50 * MB

    @pytest.mark.parametrize(
        "to", ["http://169.254.169.254/latest/meta-data/", "https://example.com/x", "file:///etc/passwd", "//10.0.0.1/"]
    )
    async def test_an_address_that_is_not_the_providers_is_not_visited(self, site: Site, to: str) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg", manner=Redirect(to=to)))

        assert (row.state, row.reason) == (MediaState.REFUSED, Reason.ADDRESS)

    async def test_a_drip_is_cut_off_in_time_and_tried_again(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg", manner=Slow(seconds=30)))

        async with asyncio.timeout(3):
            await site.fetch(seconds=0.5)

        assert await site.outcome(noted) == (MediaState.PENDING, Reason.SLOW)
        assert not await site.is_kept(noted)

    @pytest.mark.parametrize(
        ("status", "reason"), [(404, Reason.NOT_THERE), (500, Reason.TROUBLE), (403, Reason.TROUBLE)]
    )
    async def test_a_failing_download_is_tried_again(self, site: Site, status: int, reason: Reason) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg", manner=Failing(status=status)))

        assert (row.state, row.reason) == (MediaState.PENDING, reason)


@asynccontextmanager
async def peak_memory() -> AsyncIterator[Callable[[], int]]:
    """Looked at every few milliseconds while the block runs."""
    process, seen = psutil.Process(), [psutil.Process().memory_info().rss]

    async def look() -> None:
        while True:
            seen.append(process.memory_info().rss)
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    try:
        yield lambda: max(seen)
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


class TestStorage:
    async def test_a_storage_that_is_away_costs_no_message_and_no_file(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        config = {"endpoint": "http://127.0.0.1:1", "allow_http": "true", "region": "x", "skip_signature": "true"}
        away = replace(site.station, storage=open_storage("s3://bucket", config=config, timeout=1))

        await fetch_due(away)

        assert await site.outcome(noted) == (MediaState.PENDING, Reason.STORAGE)
        async with site.world.session() as session:
            row = await site.row(noted)
            assert await session.get(Message, (site.world.company, row.message_id)) is not None
        await site.fetch(again=True)
        assert await site.lies(noted) == JPEG

    async def test_killed_after_storing_it_is_stored_again_and_what_it_left_goes(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        await site.fetch()
        forget = {"state": MediaState.PENDING, "storage_key": None, "lease_until": clock.now() - timedelta(hours=1)}
        await site.set(**forget)

        await site.fetch()

        assert (await site.row(noted)).state is MediaState.STORED
        assert len([one async for one in site.station.storage.list(site.world.company)]) == 1

    async def test_what_a_killed_attempt_stored_goes_when_the_file_is_refused(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        await site.fetch()
        await site.set(state=MediaState.PENDING, created_at=clock.now() - timedelta(days=8), provider_media_id="999")

        await site.fetch()

        assert (await site.row(noted)).state is MediaState.GONE
        assert not await site.is_kept(noted)

    async def test_a_claim_that_comes_late_changes_nothing(self, site: Site) -> None:
        await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        database = site.station.floor.database
        [late] = await store.claim(database, most=1, lease=timedelta(seconds=90))
        await site.set(lease_until=clock.now() - timedelta(minutes=1))
        [present] = await store.claim(database, most=1, lease=timedelta(seconds=90))

        async with site.world.session() as session:
            assert await store.load(session, late) is None
            assert not await store.give_up(session, late, MediaState.REFUSED, Reason.ACTIVE)
            assert not await store.put_off(session, late, Reason.SLOW, timedelta(minutes=1))
            assert await store.load(session, present) is not None

    @pytest.mark.parametrize("is_sealed", [False, True])
    async def test_a_worker_that_froze_does_not_write_over_the_file_of_who_came_after(
        self, site: Site, *, is_sealed: bool
    ) -> None:
        held = Held(site.station.storage)
        frozen = replace(site.station, storage=held)
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch_due(frozen, Manner(is_sealed=is_sealed)))
            async with asyncio.timeout(10):
                await held.reached.wait()
            await site.set(lease_until=clock.now() - timedelta(minutes=1))
            assert await site.fetch(is_sealed=is_sealed) == 1
            held.go_on.set()

        assert await site.kept(noted) == [(await site.row(noted)).storage_key]
        async with site.world.session() as session:
            given = await download(session, site.station.storage, noted, ring=site.station.floor.ring)
        assert await whole(given.chunks) == JPEG

    async def test_a_held_claim_is_nobody_elses(self, site: Site) -> None:
        await site.sent(File(data=JPEG, mime_type="image/jpeg"))
        await store.claim(site.station.floor.database, most=1, lease=timedelta(seconds=90))

        assert await site.fetch() == 0


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def vault_of(site: Site) -> Vault:
    async with site.world.session() as session:
        return await open_vault(session, site.station.floor.ring)


async def whole(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


class TestSealed:
    async def test_what_lies_in_the_storage_cannot_be_read_there(self, site: Site) -> None:
        noted = await site.sent(File(data=PDF, mime_type="application/pdf"), MessageKind.DOCUMENT)
        await site.fetch(is_sealed=True)

        lying = await site.lies(noted)

        assert (await site.row(noted)).sealed_key is not None
        assert b"texto" not in lying
        async with site.world.session() as session:
            given = await download(session, site.station.storage, noted, ring=site.station.floor.ring)
        assert await whole(given.chunks) == PDF
        assert given.size == len(PDF)

    async def test_it_opens_after_the_keys_of_its_company_were_rotated(self, site: Site) -> None:
        noted = await site.sent(File(data=PDF, mime_type="application/pdf"), MessageKind.DOCUMENT)
        await site.fetch(is_sealed=True)
        floor = site.station.floor
        before = {key.id for key in (await vault_of(site)).keys}

        await rotate_company(floor.database, floor.ring, site.world.company)

        assert not before & {key.id for key in (await vault_of(site)).keys}
        async with site.world.session() as session:
            given = await download(session, site.station.storage, noted, ring=floor.ring)
        assert await whole(given.chunks) == PDF

    @pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 131072, 200_000])
    async def test_a_file_of_any_size_opens_again(self, site: Site, size: int) -> None:
        data, vault, own = os.urandom(size), await vault_of(site), new_id()
        sealing = new_sealing(vault, own)
        sealed = await whole(seal(pieces(data, 7777), sealing))

        assert await whole(unseal(pieces(sealed, 5000), vault, own, sealing.sealed_key)) == data

    @pytest.mark.parametrize("change", ["flip", "cut", "swap", "drop", "add", "head"])
    async def test_what_was_changed_does_not_open(self, site: Site, change: str) -> None:
        vault, own = await vault_of(site), new_id()
        sealing = new_sealing(vault, own)
        sealed = await whole(seal(pieces(os.urandom(200_000), 9999), sealing))
        head, chunk = 4, 65552
        first, second, rest = (
            sealed[head : head + chunk],
            sealed[head + chunk : head + 2 * chunk],
            sealed[head + 2 * chunk :],
        )
        changed = {
            "flip": sealed[:1000] + bytes([sealed[1000] ^ 1]) + sealed[1001:],
            "cut": sealed[: head + 2 * chunk],
            "swap": sealed[:head] + second + first + rest,
            "drop": sealed[:head] + second + rest,
            "add": sealed + first,
            "head": b"MIA2" + sealed[4:],
        }[change]

        with pytest.raises(Tampered):
            await whole(unseal(pieces(changed, 5000), vault, own, sealing.sealed_key))

    async def test_it_opens_as_no_other_file_and_for_no_other_company(self, site: Site, floor: Floor) -> None:
        vault, own = await vault_of(site), new_id()
        sealing = new_sealing(vault, own)
        sealed = await whole(seal(pieces(PDF, 999), sealing))
        other = await make_world(floor)
        async with other.session() as session:
            foreign = await open_vault(session, floor.ring)

        for opener, name in ((vault, new_id()), (foreign, own)):
            with pytest.raises(Tampered):
                await whole(unseal(pieces(sealed, 999), opener, name, sealing.sealed_key))

    async def test_an_empty_object_does_not_open(self, site: Site) -> None:
        vault, own = await vault_of(site), new_id()
        sealing = new_sealing(vault, own)
        with pytest.raises(Tampered):
            await whole(unseal(pieces(b"", 1), vault, own, sealing.sealed_key))


class TestDownload:
    async def test_it_is_to_be_saved_and_never_shown(self, site: Site) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg"), filename="Bolo de cenoura.jpg")

        async with site.world.session() as session:
            given = await download(session, site.station.storage, row.id, ring=site.station.floor.ring)

        assert await whole(given.chunks) == JPEG
        assert given.headers["Content-Type"] == "image/jpeg"
        assert given.headers["Content-Length"] == str(len(JPEG))
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in given.headers["Content-Security-Policy"]
        disposition = "attachment; filename=\"Bolo de cenoura.jpg\"; filename*=UTF-8''Bolo%20de%20cenoura.jpg"
        assert given.headers["Content-Disposition"] == disposition

    @pytest.mark.parametrize("data", [b"so texto mesmo", b"\0\1\2", b"PK\x03\x04\0planilha"])
    async def test_a_type_that_is_not_on_the_list_is_bytes(self, site: Site, data: bytes) -> None:
        row = await site.fetched(File(data=data, mime_type="application/x-any"), MessageKind.DOCUMENT)

        async with site.world.session() as session:
            given = await download(session, site.station.storage, row.id, ring=site.station.floor.ring)

        assert given.headers["Content-Type"] == "application/octet-stream"

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("../../etc/passwd", "passwd"),
            ("c:\\pasta\\foto.jpg", "foto.jpg"),
            ('a"; filename="x.jpg', "a__ filename__x.jpg"),
            ("linha\r\nSet-Cookie: x.jpg", "linhaSet-Cookie_ x.jpg"),
            ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
            ("açaí.jpg", "acai.jpg"),
            ("日本.jpg", ".jpg"),
        ],
    )
    async def test_a_hostile_name_is_harmless(self, site: Site, name: str, shown: str) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg"), filename=name)

        async with site.world.session() as session:
            given = await download(session, site.station.storage, row.id, ring=site.station.floor.ring)

        header = given.headers["Content-Disposition"]
        assert header.startswith(f'attachment; filename="{shown}"; filename*=UTF-8')
        assert header.isascii()
        assert header.isprintable()

    async def test_a_file_that_is_not_here_yet_is_a_conflict(self, site: Site) -> None:
        noted = await site.sent(File(data=JPEG, mime_type="image/jpeg"))

        async with site.world.session() as session:
            with pytest.raises(Conflict):
                await download(session, site.station.storage, noted, ring=site.station.floor.ring)

    async def test_a_refused_one_says_why(self, site: Site) -> None:
        row = await site.fetched(File(data=b"<html>", mime_type="image/jpeg"))

        async with site.world.session() as session:
            with pytest.raises(NotFound) as refused:
                await download(session, site.station.storage, row.id, ring=site.station.floor.ring)

        assert "por segurança" in refused.value.detail.pt

    async def test_another_companys_file_does_not_exist(self, site: Site, floor: Floor) -> None:
        row = await site.fetched(File(data=JPEG, mime_type="image/jpeg"))
        other = await make_world(floor)

        async with other.session() as session:
            for unknown in (row.id, new_id()):
                with pytest.raises(NotFound):
                    await download(session, site.station.storage, unknown, ring=floor.ring)

    def test_every_reason_has_its_words(self) -> None:
        assert set(WORDS) == set(Reason)
        assert set(MOST_BYTES) < set(MessageKind)
