"""Who writes: by phone, by user id, under new names; and the owner who answers from the app."""

from typing import Any

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.inbound import (
    IdentityChanged,
    NumberChanged,
    Text,
    UserIdChanged,
)
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, ANA_ID, NUMBER, account, text
from tests.sandbox.receiving import Receiver


async def told(sandbox: Sandbox, receiver: Receiver) -> dict[str, Any]:
    await sandbox.settle()
    return receiver.messages[-1]


class TestIdentity:
    async def test_who_hides_the_phone_is_known_by_user_id_alone(
        self, sandbox: Sandbox, number: Number, receiver: Receiver
    ) -> None:
        customer = sandbox.whatsapp.customer(ANA, of=number.id, name="Ana", user_id="BR.15")
        customer.person.hides_phone, customer.person.username = True, "@ana"
        customer.person.parent_user_id = "BR.ENT.9"
        customer.says("oi")
        message = await told(sandbox, receiver)

        assert (message.get("from"), message["from_user_id"]) == (None, "BR.15")
        [value] = receiver.values("messages")
        assert value["contacts"] == [
            {"profile": {"name": "Ana", "username": "@ana"}, "user_id": "BR.15", "parent_user_id": "BR.ENT.9"}
        ]

    async def test_both_names_are_one_person(self, sandbox: Sandbox, number: Number) -> None:
        by_phone = sandbox.whatsapp.customer(ANA, of=number.id)
        both = sandbox.whatsapp.customer(ANA, of=number.id, user_id="BR.15")
        by_id = sandbox.whatsapp.customer(of=number.id, user_id="BR.15", name="Ana")

        assert by_phone.person is both.person is by_id.person
        assert by_phone.person.name == "Ana"

    async def test_a_new_number_keeps_the_person_and_his_window(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number, receiver: Receiver
    ) -> None:
        customer = sandbox.whatsapp.customer(ANA, of=number.id, user_id="BR.15")
        customer.says("oi")
        customer.sends(NumberChanged(new_phone="+5531912340000", new_user_id="BR.16"))
        message = await told(sandbox, receiver)
        answers = [await meta.post(f"/{NUMBER}/messages", json=text(to=to)) for to in ("+5531912340000", ANA)]

        assert (message["from"], message["from_user_id"], message["type"]) == (ANA_ID, "BR.15", "system")
        assert message["system"]["type"] == "user_changed_number"
        assert (message["system"]["wa_id"], message["system"]["user_id"]) == ("553112340000", "BR.16")
        assert "contacts" not in list(receiver.values("messages"))[-1]
        assert [answer.status_code for answer in answers] == [200, 400]
        assert (customer.person.wa_id, customer.person.user_id) == ("553112340000", "BR.16")

    async def test_a_new_user_id_is_told(self, sandbox: Sandbox, number: Number, receiver: Receiver) -> None:
        customer = sandbox.whatsapp.customer(ANA, of=number.id, user_id="BR.15")
        customer.sends(UserIdChanged(new_user_id="BR.16"))
        message = await told(sandbox, receiver)

        assert message["system"] == {
            "type": "user_changed_user_id",
            "body": "User: user_changed_user_id",
            "user_id": "BR.16",
        }
        assert sandbox.whatsapp.people.find("BR.16") is customer.person
        assert sandbox.whatsapp.people.find("BR.15") is None

    async def test_a_changed_identity_comes_beside_the_system(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        ana.sends(IdentityChanged(created_at=1760000000, hash="h"))
        message = await told(sandbox, receiver)

        assert message["identity"] == {"acknowledged": "false", "created_timestamp": "1760000000", "hash": "h"}
        assert message["system"]["type"] == "customer_identity_changed"

    async def test_a_system_message_opens_no_window(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        sandbox.whatsapp.customer(ANA, of=number.id).sends(IdentityChanged(created_at=1, hash="h"))

        assert (await meta.post(f"/{NUMBER}/messages", json=text())).json()["error"]["code"] == 131047

    @pytest.mark.parametrize("names", [{}, {"user_id": "15"}, {"user_id": "BR." + "x" * 129}])
    async def test_nobody_is_no_customer(self, sandbox: Sandbox, number: Number, names: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="user_id"):
            sandbox.whatsapp.customer(of=number.id, **names)


class TestEchoes:
    async def test_the_owner_answers_from_the_app(self, sandbox: Sandbox, receiver: Receiver) -> None:
        number = await sandbox.whatsapp.connect(account(webhook_url=receiver.url, is_coexistence=True))
        person = sandbox.whatsapp.people.person(phone=ANA, user_id="BR.15")
        wamid = sandbox.whatsapp.customers.echo(number, person, Text(body="deixa comigo"))
        await sandbox.settle()

        [value] = receiver.values("smb_message_echoes")
        [echo] = value["message_echoes"]
        assert echo == {
            "from": "551133334444",
            "to": ANA_ID,
            "to_user_id": "BR.15",
            "id": wamid,
            "timestamp": echo["timestamp"],
            "type": "text",
            "text": {"body": "deixa comigo"},
        }
        assert value["metadata"]["phone_number_id"] == NUMBER

    async def test_an_ordinary_number_has_no_app(self, sandbox: Sandbox, ana: Customer) -> None:
        with pytest.raises(ValueError, match="coexistence"):
            sandbox.whatsapp.customers.echo(ana.number, ana.person, Text(body="x"))
