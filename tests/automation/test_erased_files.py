"""The hourly upkeep takes the bytes of people who were erased out of the storage."""

from admin_api.tenants.store import NewCompany, create_company
from automation.upkeep import forget_old
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import ContactId, new_id
from core.models.people import Connection, ConnectionKind, Contact
from core.models.stream import Author, Conversation, Direction, MediaFile, Message, MessageKind
from core.objects import Label, ObjectKey
from core.storage import open_storage
from graphs.erasure import erase


async def test_files_of_who_was_erased_go_and_those_of_others_stay(floor: Floor) -> None:
    slug = f"c{new_id().hex[-12:]}"
    company = await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)
    storage = open_storage(floor.settings.storage_url)
    keys: list[ObjectKey] = []
    contacts: list[ContactId] = []
    async with floor.database.tenant_session(company) as session:
        line = Connection(tenant_id=company, id=new_id(), kind=ConnectionKind.WHATSAPP, name="Loja")
        session.add(line)
        for _ in range(2):
            contact, talk, message, file = new_id(), new_id(), new_id(), new_id()
            keys.append(ObjectKey(company=company, kind="media", name=str(file)))
            contacts.append(ContactId(contact))
            of = {"tenant_id": company, "connection_id": line.id}
            for row in (
                Contact(tenant_id=company, id=contact),
                Conversation(id=talk, contact_id=contact, **of),
                Message(
                    id=message,
                    conversation_id=talk,
                    seq=1,
                    direction=Direction.IN,
                    author=Author.CUSTOMER,
                    kind=MessageKind.VOICE,
                    **of,
                ),
                MediaFile(id=file, message_id=message, kind=MessageKind.VOICE, storage_key=keys[-1].path, **of),
            ):
                session.add(row)
                await session.flush()
    for key in keys:
        await storage.put(key, b"voz", label=Label(content_type="audio/ogg"))
    async with floor.database.tenant_session(company) as session:
        await erase(session, contacts[0], OPERATOR)

    await forget_old(floor, [company])

    assert [await storage.exists(key) for key in keys] == [False, True]
