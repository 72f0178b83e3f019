"""What a rehearsal customer has bought and owes, so that whoever asks in the demo company hears of something."""

from datetime import timedelta
from typing import Final

from admin_api.chatting import check_digits
from admin_api.chatting.check_digits import Payee
from channels.envelope import Identity, Person
from channels.stores import people
from channels.stores.people import Sighting
from core import clock
from core.db.sessions import TenantSession
from core.ids import ContactId
from core.models.commerce import ChargeMethod, OrderState
from core.models.people import IdentityKind
from graphs.stores import orders
from graphs.stores.orders import NewCharge, NewOrder

_SOURCE: Final = "demo"
# Nobody can pay these: the key is at a name that is kept free for examples, and no bank has the number.
_PAYEE: Final = Payee(key="pix@demonstracao.invalid", name="EMPRESA DE DEMONSTRACAO", city="SAO PAULO")
_BANK: Final = "999"
_ON_THE_WAY: Final = 4521
_ARRIVED: Final = 4387


async def furnish(session: TenantSession, *, phone: str, name: str) -> None:
    """Once for each customer; with a number that nobody can have, nothing."""
    person = Person(identities=(Identity(kind=IdentityKind.PHONE, value=phone),), name=name)
    found = await people.resolve(session, [Sighting(person=person, at=clock.now())])
    [contact] = found.contacts
    if contact is not None:
        await orders.keep(session, orders=_orders(contact), charges=_charges(contact))


def _orders(contact: ContactId) -> list[NewOrder]:
    now = clock.now()
    return [
        NewOrder(
            contact_id=contact,
            source=_SOURCE,
            external_id=f"{contact}:{_ON_THE_WAY}",
            number=str(_ON_THE_WAY),
            state=OrderState.SHIPPED,
            total_cents=34_900,
            placed_at=now - timedelta(days=8),
            tracking=check_digits.parcel("DM", _ON_THE_WAY),
        ),
        NewOrder(
            contact_id=contact,
            source=_SOURCE,
            external_id=f"{contact}:{_ARRIVED}",
            number=str(_ARRIVED),
            state=OrderState.DELIVERED,
            total_cents=12_990,
            placed_at=now - timedelta(days=31),
        ),
    ]


def _charges(contact: ContactId) -> list[NewCharge]:
    today = clock.now().date()
    plan, rest = 18_990, 17_450
    due = today + timedelta(days=9)
    return [
        NewCharge(
            contact_id=contact,
            source=_SOURCE,
            external_id=f"{contact}:plano",
            method=ChargeMethod.PIX,
            amount_cents=plan,
            description="Plano mensal, por PIX",
            due_on=today + timedelta(days=4),
            pay_code=check_digits.pix(_PAYEE, cents=plan, reference="DEMOPLANO"),
        ),
        NewCharge(
            contact_id=contact,
            source=_SOURCE,
            external_id=f"{contact}:{_ON_THE_WAY}",
            method=ChargeMethod.BOLETO,
            amount_cents=rest,
            description=f"Segunda parcela do pedido {_ON_THE_WAY}, por boleto",
            due_on=due,
            pay_code=check_digits.boleto(_BANK, str(_ON_THE_WAY), cents=rest, due_on=due),
        ),
    ]
