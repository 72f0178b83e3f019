"""A contact erased over HTTP: by who may, with a receipt, and never another company's."""

from collections.abc import AsyncIterator

import pytest

from core.floor import Floor
from core.ids import new_id
from core.models.people import Role
from core.models.stream import MediaFile, MessageKind
from core.objects import Label, ObjectKey
from core.storage import open_storage
from tests.fixtures.desk import Desk, desks


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


async def erased(desk: Desk, contact: object, role: Role = Role.ADMIN) -> tuple[int, str]:
    answer = await desk.client.delete(f"/api/v1/contacts/{contact}", headers=desk.key(role))
    return answer.status_code, answer.text


class TestEraseContact:
    async def test_an_admin_gets_the_receipt_and_the_words_are_gone(self, desk: Desk) -> None:
        contact = await desk.contact("Jabuticaba")
        conversation = await desk.conversation(contact=contact)
        await desk.message(conversation, 1, "moro na Rua das Flores")
        answer = await desk.client.delete(f"/api/v1/contacts/{contact}", headers=desk.key(Role.ADMIN))
        assert answer.json()["stores"]["messages"] == 1
        assert "Flores" not in answer.text + (await desk.get(f"conversations/{conversation}/messages")).text
        shown = (await desk.get(f"contacts/{contact}")).json()
        assert (shown["name"], shown["identities"]) == (None, [])
        assert shown["opted_out_at"] is not None

    async def test_its_files_leave_the_storage(self, desk: Desk) -> None:
        storage = open_storage(desk.floor.settings.storage_url)
        conversation = await desk.conversation()
        message = await desk.message(conversation, 1)
        connection = (await desk.get(f"conversations/{conversation}")).json()
        key = ObjectKey(company=desk.company, kind="media", name=str(message))
        await storage.put(key, b"voz", label=Label(content_type="audio/ogg"))
        row = MediaFile(id=new_id(), message_id=message, kind=MessageKind.VOICE, storage_key=key.path)
        row.connection_id = connection["connection_id"]
        await desk.add(row)
        assert (await erased(desk, connection["contact_id"]))[0] == 200
        assert not await storage.exists(key)

    @pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
    async def test_who_is_neither_owner_nor_admin_may_not(self, desk: Desk, role: Role) -> None:
        contact = await desk.contact("Ana")
        assert (await erased(desk, contact, role))[0] == 403
        assert (await desk.get(f"contacts/{contact}")).json()["name"] == "Ana"

    async def test_another_company_s_contact_is_not_there(self, both: tuple[Desk, Desk]) -> None:
        desk, other = both
        contact = await other.contact("Ana")
        assert (await erased(desk, contact))[0] == 404
        assert (await other.get(f"contacts/{contact}")).json()["name"] == "Ana"

    async def test_nobody_without_a_key_is_let_in(self, desk: Desk) -> None:
        answer = await desk.client.delete(f"/api/v1/contacts/{await desk.contact()}")
        assert answer.status_code == 401
