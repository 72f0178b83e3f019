"""`masteria contact erase`: said twice on purpose, with a receipt that says how much and never what."""

from sqlalchemy import select

from core.ids import new_id
from core.models.files import Erasure
from core.models.people import Contact
from tests.fixtures.shells import Shell


async def somebody(shell: Shell) -> Contact:
    row = Contact(tenant_id=shell.company, id=new_id(), name="Jabuticaba")
    async with shell.database.tenant_session(shell.company) as session:
        session.add(row)
    return row


class TestErase:
    async def test_without_a_yes_nothing_is_erased(self, shell: Shell) -> None:
        row = await somebody(shell)
        ran = await shell.run("contact", "erase", str(row.id), "--company", "ana")
        assert ran.code == 2
        assert "--yes" in ran.err
        async with shell.database.tenant_session(shell.company) as session:
            assert await session.scalar(select(Contact.name).where(Contact.id == row.id)) == "Jabuticaba"

    async def test_it_erases_and_shows_the_receipt(self, shell: Shell) -> None:
        row = await somebody(shell)
        told = (await shell.run("contact", "erase", str(row.id), "--company", "ana", "--yes", "--json")).json()
        assert (told["contact_id"], told["stores"]["contacts"]) == (str(row.id), 1)
        async with shell.database.tenant_session(shell.company) as session:
            assert await session.scalar(select(Contact.name).where(Contact.id == row.id)) is None
            assert await session.scalar(select(Erasure.receipt).where(Erasure.contact_id == row.id)) == told["stores"]

    async def test_what_a_person_reads_names_the_stores_alone(self, shell: Shell) -> None:
        row = await somebody(shell)
        ran = await shell.run("contact", "erase", str(row.id), "--company", "ana", "--yes")
        assert ran.out.startswith("Apagado. Recibo ")
        assert "contacts                 1" in ran.out
        assert "Jabuticaba" not in ran.out + ran.err

    async def test_somebody_unknown_is_said_to_be_so(self, shell: Shell) -> None:
        ran = await shell.run("contact", "erase", str(new_id()), "--company", "ana", "--yes")
        assert ran.code == 1
        assert "Este contato não existe" in ran.err
