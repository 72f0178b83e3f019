"""Files of messages over HTTP: to be saved, never shown in place, and of one's own company alone."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final
from uuid import UUID

import pytest
from starlette.requests import ClientDisconnect

from admin_api.inbox.files import FileResponse
from channels.media import Download
from channels.sealed_files import new_sealing, seal
from channels.stores.media import Reason
from core.floor import Floor
from core.ids import CompanyId, new_id
from core.models.people import Role
from core.models.stream import MediaFile, MediaState, MessageKind
from core.objects import Label, ObjectKey
from core.storage import open_storage
from core.vault import open_vault
from tests.fixtures.desk import Desk, desks

PDF: Final = b"%PDF-1.7" + os.urandom(700_000)


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


async def noted(desk: Desk, media: UUID | None = None, **told: Any) -> UUID:
    conversation, media = await desk.conversation(), media or new_id()
    message = await desk.message(conversation, 1, kind=MessageKind.DOCUMENT)
    shown = (await desk.get(f"conversations/{conversation}")).json()
    line = UUID(shown["connection_id"])
    await desk.add(MediaFile(id=media, message_id=message, connection_id=line, kind=MessageKind.DOCUMENT, **told))
    return media


async def stored(desk: Desk, *, is_sealed: bool = False, **told: Any) -> UUID:
    media, sealed_key = new_id(), None
    data: bytes | AsyncIterator[bytes] = PDF
    if is_sealed:
        async with desk.floor.database.tenant_session(desk.company) as session:
            sealing = new_sealing(await open_vault(session, desk.floor.ring), media)
        data, sealed_key = seal(pieces(), sealing), sealing.sealed_key
    key = ObjectKey(company=CompanyId(desk.company), kind="media", name=f"{media}-1")
    await open_storage(desk.floor.settings.storage_url).put(key, data, label=Label(content_type="x/y"))
    usual = {"state": MediaState.STORED, "mime": "application/pdf", "size": len(PDF), "storage_key": key.path}
    return await noted(desk, media, sealed_key=sealed_key, **(usual | told))


async def pieces() -> AsyncIterator[bytes]:
    yield PDF


class TestGetMedia:
    @pytest.mark.parametrize("is_sealed", [False, True])
    async def test_it_comes_as_it_was_received_to_be_saved(self, desk: Desk, *, is_sealed: bool) -> None:
        media = await stored(desk, is_sealed=is_sealed, filename="pedido.pdf")

        answer = await desk.get(f"media/{media}", Role.AGENT)

        assert (answer.status_code, answer.content == PDF) == (200, True)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith('attachment; filename="pedido.pdf"')
        assert answer.headers["content-length"] == str(len(PDF))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]

    async def test_the_id_is_the_one_that_its_message_tells(self, desk: Desk) -> None:
        media = await stored(desk)
        [conversation] = (await desk.get("conversations")).json()["items"]
        [said] = (await desk.get(f"conversations/{conversation['id']}/messages")).json()["items"]
        assert str(media) in str(said["media"])

    async def test_a_weaker_role_than_agent_is_not_given_it(self, desk: Desk) -> None:
        assert (await desk.get(f"media/{await stored(desk)}", Role.VIEWER)).status_code == 403

    async def test_another_companys_answers_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs, nowhere = await other.get(f"media/{await stored(desk)}"), await other.get(f"media/{new_id()}")
        assert (theirs.status_code, theirs.content) == (nowhere.status_code, nowhere.content)
        assert theirs.status_code == 404

    async def test_one_that_is_still_being_fetched_is_a_conflict(self, desk: Desk) -> None:
        assert (await desk.get(f"media/{await noted(desk)}")).status_code == 409

    async def test_one_that_was_refused_says_why(self, desk: Desk) -> None:
        media = await noted(desk, state=MediaState.REFUSED, reason=Reason.ACTIVE)
        answer = await desk.get(f"media/{media}")
        assert (answer.status_code, "for safety" in answer.json()["detail"]) == (404, True)

    async def test_one_whose_object_is_gone_is_a_problem_and_not_half_a_file(self, desk: Desk) -> None:
        key = ObjectKey(company=CompanyId(desk.company), kind="media", name=f"{new_id()}-1")
        answer = await desk.get(f"media/{await stored(desk, storage_key=key.path)}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


class TestFileResponse:
    async def test_whoever_hangs_up_leaves_nothing_open(self) -> None:
        closed = []

        async def endless() -> AsyncGenerator[bytes, None]:
            try:
                while True:
                    yield b"x"
            finally:
                closed.append(True)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise ConnectionResetError

        response = FileResponse(Download(size=9, headers={"Content-Length": "9"}, chunks=endless()))
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        with pytest.raises(ClientDisconnect):
            await response(scope, receive, send)
        assert closed == [True]


async def receive() -> dict[str, str]:
    return {"type": "http.disconnect"}
