"""Files of ours that a message carries: given to the provider once, before the message is sent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from channels.contents import Content, Media, Template, content_from_json
from channels.errors import CredentialRefused, ProviderTrouble
from channels.policy import Reason
from channels.sealed_files import new_sealing, seal
from core.errors import Malformed
from core.floor import Floor
from core.http import TimedOut
from core.ids import MessageId, new_id
from core.models.outbox import Outbound, OutboundState
from core.models.stream import MediaFile, MediaState, MessageKind
from core.objects import Label, ObjectKey
from core.storage import open_storage
from core.vault import open_vault
from tests.fixtures.outbox import PLACE, World, make_world

JPEG: Final = b"\xff\xd8\xff" + b"bytes" * 100


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


def _key_of(world: World, media: UUID) -> ObjectKey:
    return ObjectKey(company=world.company, kind="media", name=str(media))


async def stored(world: World, data: bytes | None = JPEG, **values: Any) -> str:
    """A file of ours, in our storage unless there is no data."""
    media = new_id()
    key = _key_of(world, media)
    if data is not None:
        await open_storage(world.floor.settings.storage_url).put(key, data, label=Label(content_type="image/jpeg"))
    usual = {"state": MediaState.STORED, "mime": "image/jpeg", "size": len(JPEG), "storage_key": key.path}
    row = {"tenant_id": world.company, "id": media, "connection_id": world.connection, "kind": MessageKind.IMAGE}
    message = await world.queue(await world.person())
    await world.set(message, state=OutboundState.DRAFT)
    async with world.session() as session:
        await session.execute(insert(MediaFile).values({**row, "message_id": message, **usual, **values}))
    return str(media)


async def sealed(world: World) -> str:
    media = await stored(world, None)
    async with world.session() as session:
        sealing = new_sealing(await open_vault(session, world.floor.ring), UUID(media))
        await session.execute(update(MediaFile).values(sealed_key=sealing.sealed_key))

    async def plain() -> AsyncIterator[bytes]:
        yield JPEG

    storage = open_storage(world.floor.settings.storage_url)
    await storage.put(_key_of(world, UUID(media)), seal(plain(), sealing), label=Label(content_type="x/y"))
    return media


async def send(world: World, content: Content) -> MessageId:
    message = await world.queue(await world.person(), content=content)
    async with world.sending():
        await world.until(message, OutboundState.ACCEPTED, OutboundState.FAILED)
    return message


async def refused_once(world: World, message: MessageId) -> Outbound:
    """Until its first attempt has ended, and it is queued again."""
    async with asyncio.timeout(10):
        while True:
            row = await world.row(message)
            if row.attempt and row.state is OutboundState.QUEUED:
                return row
            await asyncio.sleep(0.01)


async def tried_in_vain(world: World, messages: list[MessageId]) -> MessageId:
    """The first whose file could not be given for now."""
    async with asyncio.timeout(10):
        while True:
            for message in messages:
                if (await world.row(message)).reason == Reason.NOT_STARTED:
                    return message
            await asyncio.sleep(0.01)


class TestGiven:
    async def test_a_file_is_given_first_and_the_message_sent_by_its_name(self, world: World) -> None:
        photo = Media(kind="image", media_id=await stored(world), caption="O bolo")

        message = await send(world, photo)

        row = await world.row(message)
        named = replace(photo, provider_media_id="media-1")
        assert world.provider.uploads == [JPEG]
        assert [taken.content for taken in world.provider.taken] == [named]
        assert content_from_json(row.content) == named
        assert (row.state, row.attempt, row.refusals) == (OutboundState.ACCEPTED, 2, 0)
        assert [attempt.outcome for attempt in await world.attempts(message)] == ["not_accepted", "accepted"]

    async def test_those_that_wait_behind_others_are_no_trouble_of_the_provider(self, world: World) -> None:
        world.provider.busy_until = asyncio.Event()
        photos = [Media(kind="image", media_id=await stored(world)) for _ in range(3)]
        messages = [await world.queue(await world.person(), content=photo) for photo in photos]
        async with world.sending():
            late = await tried_in_vain(world, messages)
            world.provider.busy_until.set()
            await asyncio.gather(*(world.until(message, OutboundState.ACCEPTED) for message in messages))
        assert (await world.attempts(late))[0].answer == {"reason": Reason.NOT_STARTED}
        assert len(world.provider.uploads) == len(photos)

    async def test_so_is_the_one_in_the_head_of_a_template(self, world: World) -> None:
        head = Media(kind="image", media_id=await stored(world))
        message = await send(world, Template(name="oferta", language="pt_BR", header=head))
        [taken] = world.provider.taken
        assert isinstance(taken.content, Template)
        assert taken.content.header == replace(head, provider_media_id="media-1")
        assert content_from_json((await world.row(message)).content) == taken.content

    async def test_a_sealed_file_is_opened_for_it(self, world: World) -> None:
        await send(world, Media(kind="image", media_id=await sealed(world)))
        assert world.provider.uploads == [JPEG]

    async def test_one_that_many_messages_carry_is_given_once(self, world: World) -> None:
        photo = Media(kind="image", media_id=await stored(world))
        messages = [await world.queue(await world.person(), content=photo) for _ in range(20)]
        async with world.sending():
            await asyncio.gather(*(world.until(message, OutboundState.ACCEPTED) for message in messages))
        later = await send(world, photo)
        assert len(world.provider.uploads) == 1
        assert (await world.row(later)).attempt == 1

    @pytest.mark.parametrize(
        "photo",
        [
            Media(kind="image", media_id=str(new_id()), provider_media_id="77"),
            Media(kind="image", media_id=str(new_id()), link="https://exemplo.com/bolo.jpg"),
        ],
    )
    async def test_one_that_the_provider_can_find_is_not_given(self, world: World, photo: Media) -> None:
        await send(world, photo)
        assert world.provider.uploads == []
        assert [taken.content for taken in world.provider.taken] == [photo]


class TestNotGiven:
    @pytest.mark.parametrize("state", [MediaState.REFUSED, MediaState.GONE])
    async def test_a_file_that_we_do_not_have_is_no_message(self, world: World, state: MediaState) -> None:
        message = await send(world, Media(kind="image", media_id=await stored(world, None, state=state)))
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.FAILED, Reason.NO_FILE)

    @pytest.mark.parametrize("media", ["", "not-an-id", "01a1ff11-a9ba-7029-bd17-28f71cb1ee4b"])
    async def test_neither_is_one_that_never_was(self, world: World, media: str) -> None:
        message = await send(world, Media(kind="image", media_id=media))
        assert (await world.row(message)).reason == Reason.NO_FILE

    async def test_neither_is_one_whose_bytes_are_lost(self, world: World) -> None:
        message = await send(world, Media(kind="image", media_id=await stored(world, None)))
        assert (await world.row(message)).reason == Reason.NO_FILE

    async def test_one_that_the_provider_does_not_take_has_failed(self, world: World) -> None:
        world.provider.trouble = Malformed("o tipo não é aceito", "the type is not taken")
        message = await send(world, Media(kind="image", media_id=await stored(world)))
        assert (await world.row(message)).reason == "media_refused"
        assert world.provider.taken == []

    async def test_one_that_is_still_on_its_way_is_waited_for(self, world: World) -> None:
        media = await stored(world, state=MediaState.PENDING)
        message = await world.queue(await world.person(), content=Media(kind="image", media_id=media))
        async with world.sending():
            await refused_once(world, message)
            async with world.session() as session:
                await session.execute(update(MediaFile).values(state=MediaState.STORED))
            await world.until(message, OutboundState.ACCEPTED)

    @pytest.mark.parametrize("trouble", [TimedOut(PLACE), ProviderTrouble("131000"), CredentialRefused("190")])
    async def test_trouble_on_the_way_leaves_no_doubt(self, world: World, trouble: Exception) -> None:
        world.provider.trouble = trouble
        photo = Media(kind="image", media_id=await stored(world))
        message = await world.queue(await world.person(), content=photo)
        async with world.sending():
            row = await refused_once(world, message)
        assert row.retry_at is not None
        assert world.provider.calls == []
