"""A company on the stage, its people, and what is to be sent to them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from admin_api.tenants.store import NewCompany, create_company
from channels import batches
from channels.contents import Content, Template, Text
from channels.stores.connections import NewConnection, create
from channels.stores.outbox import NewOutbound, queue
from core import clock
from core.audit import OPERATOR
from core.db.sessions import TenantSession
from core.ids import CompanyId, ConnectionId, ContactId, ConversationId, new_id
from core.models.installation import Company
from core.models.outbox import Lane, Purpose
from core.models.people import ConnectionKind, Contact, ContactIdentity, IdentityKind
from core.models.stream import Conversation
from tests.chaos.stage import Stage

FASTEST: Final = 1000
_FIRST_NUMBER: Final = 5_511_990_000_000
_AT_ONCE: Final = 200
_PART: Final = 50
SECRETS: Final = {
    "access_token": "token-of-chaos",
    "app_secret": "the-secret-of-chaos",
    "verify_token": "word-of-chaos",
}
_NUMBERS: Final = itertools.count(1)
_PEOPLE: Final = itertools.count(1)
TEMPLATE: Final = Template(name="aviso", language="pt_BR", preview="Aviso da loja")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    contact: ContactId
    conversation: ConversationId
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    stage: Stage
    company: CompanyId
    connection: ConnectionId
    phone_id: str
    account: str

    @classmethod
    async def open(cls, stage: Stage, *, per_second: int = FASTEST) -> "Crowd":
        """A company that is never quiet, on a number that the provider knows."""
        floor, number = stage.floor, next(_NUMBERS)
        company = await create_company(
            floor.database, floor.ring, NewCompany(slug=f"caos{number}", name="Padaria"), OPERATOR
        )
        phone_id, account = f"{10**14 + number}", f"{2 * 10**14 + number}"
        made = NewConnection(
            kind=ConnectionKind.WHATSAPP,
            name="Loja",
            settings={"phone_number_id": phone_id, "waba_id": account, "per_second": per_second},
            secrets=SECRETS,
        )
        async with floor.database.tenant_session(company) as session:
            await session.execute(update(Company).values(quiet_from=time(0), quiet_until=time(0)))
            connection = await create(session, floor.ring, made, OPERATOR)
        await _tell_provider(stage, phone_id, account)
        return cls(
            stage=stage, company=company, connection=ConnectionId(connection.id), phone_id=phone_id, account=account
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator[TenantSession]:
        async with self.stage.floor.database.tenant_session(self.company) as session:
            yield session

    async def people(self, count: int) -> list[Person]:
        """Known to us, each in a conversation. The provider has not heard of them: they get templates."""
        made = [_person() for _ in range(count)]
        async with self.session() as session:
            for table, build in ((Contact, _contact), (ContactIdentity, _identity), (Conversation, self._thread)):
                rows = [{"tenant_id": self.company, **build(person)} for person in made]
                await session.execute(insert(table), rows)
        return made

    def strangers(self, count: int) -> list[Person]:
        """Whom we do not know yet."""
        return [_person() for _ in range(count)]

    async def queue(
        self,
        people: Sequence[Person],
        *,
        each: int = 1,
        batch: UUID | None = None,
        purpose: Purpose = Purpose.UTILITY,
        content: Content | None = None,
    ) -> list[str]:
        """So many messages to each, one after the other; their intents."""
        intents = []
        wanted = [(person, number) for number in range(each) for person in people]
        for start in range(0, len(wanted), _AT_ONCE):
            async with self.session() as session:
                for person, number in sorted(wanted[start : start + _AT_ONCE], key=lambda one: one[0].conversation):
                    intent = f"{batch or self.company}:{person.contact}:{number}"
                    new = NewOutbound(
                        conversation=person.conversation,
                        intent=intent,
                        content=content or TEMPLATE,
                        purpose=purpose,
                        lane=Lane.REPLY if batch is None else Lane.BULK,
                        batch=batch,
                    )
                    await queue(session, new)
                    intents.append(intent)
        return intents

    async def queue_patiently(self, people: Sequence[Person], *, each: int, batch: UUID) -> None:
        """In small parts, each asked for again when the database failed over it: an intent is known by its key."""
        for start in range(0, len(people), _PART):
            while True:
                try:
                    await self.queue(people[start : start + _PART], each=each, batch=batch)
                except (OSError, DBAPIError):
                    await asyncio.sleep(0.5)
                else:
                    break

    async def start_batch(self, name: str = "campanha") -> UUID:
        async with self.session() as session:
            return (await batches.start(session, name, f"{name}:{new_id()}")).id

    async def say(self, person: Person, body: str = "Oi! Tudo bem?") -> str:
        return await self.stage.panel.say(self.phone_id, person.phone, body)

    def _thread(self, person: Person) -> dict[str, Any]:
        return {
            "id": person.conversation,
            "contact_id": person.contact,
            "connection_id": self.connection,
            "last_inbound_at": clock.now() - timedelta(minutes=1),
        }


WORDS: Final = Text(body="Oi! Aqui é da padaria.")


def _person() -> Person:
    return Person(
        contact=ContactId(new_id()), conversation=ConversationId(new_id()), phone=str(_FIRST_NUMBER + next(_PEOPLE))
    )


def _contact(person: Person) -> dict[str, Any]:
    return {"id": person.contact}


def _identity(person: Person) -> dict[str, Any]:
    return {"id": new_id(), "contact_id": person.contact, "kind": IdentityKind.WA_ID, "value": person.phone}


async def _tell_provider(stage: Stage, phone_id: str, account: str) -> None:
    number = {
        "phone_id": phone_id,
        "waba_id": account,
        "display_phone_number": "+55 11 99999-0000",
        **SECRETS,
        "webhook_url": f"{stage.api_url}/webhooks/whatsapp",
        "pace": {"per_second": None, "pair_seconds": None},
    }
    await stage.panel.post("/whatsapp/accounts", {"account": number})
    template = {
        "name": TEMPLATE.name,
        "language": TEMPLATE.language,
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Aviso da loja"}],
    }
    await stage.panel.post("/whatsapp/templates", {"waba_id": account, "template": template})
