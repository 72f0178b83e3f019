"""Every kind of send against a server that keeps the bytes: the exact request, and what the answer becomes."""

import json

import pytest

from channels.contents import Content, Reaction, Text
from channels.envelope import Accepted, Identity, OutboundMessage, Person
from channels.errors import Undeliverable
from core.clock import Deadline
from core.models.people import IdentityKind
from tests.contracts.whatsapp_cloud.graph_server import (
    ACCEPTED,
    PROOF,
    TOKEN,
    Asked,
    adapter_to,
    graph_server,
    line,
    told,
)
from tests.contracts.whatsapp_cloud.send_cases import SENT, framed
from tests.contracts.whatsapp_cloud.webhooks import BSUID, PHONE, PHONE_ID, WA

TARGET = f"/v23.0/{PHONE_ID}/messages?appsecret_proof={PROOF}"


def to_ana(content: Content, *to: Identity, reply_to: str | None = None) -> OutboundMessage:
    return OutboundMessage(to=to or (PHONE, WA, BSUID), content=content, tag="9.1.ab", reply_to=reply_to)


async def sent(message: OutboundMessage, answer: object = ACCEPTED) -> tuple[Asked, Accepted]:
    async with graph_server(told(answer)) as graph, adapter_to(graph) as adapter:
        accepted = await adapter.send(message, line(), Deadline.after(5), starts_by=Deadline.after(5))
        [asked] = graph.asked
        return asked, accepted


class TestRequest:
    @pytest.mark.parametrize("name", SENT)
    async def test_a_message_leaves_in_these_very_bytes(self, name: str) -> None:
        content, part = SENT[name]
        asked, _ = await sent(to_ana(content))

        assert asked.body == framed(part)
        assert json.loads(asked.body)["to"] == "+5511987654321"

    async def test_a_message_is_posted_to_the_number_with_token_and_proof(self) -> None:
        asked, _ = await sent(to_ana(Text(body="oi")))

        assert (asked.method, asked.target) == ("POST", TARGET)
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers["user-agent"].startswith("master-ia")

    async def test_an_answer_names_the_message_that_it_answers(self) -> None:
        asked, _ = await sent(to_ana(Text(body="oi"), reply_to="wamid.IN=="))

        text = '"type":"text","text":{"body":"oi","preview_url":false}'
        assert asked.body == framed(text, rest=',"context":{"message_id":"wamid.IN=="}')

    async def test_a_reaction_names_its_message_only_once(self) -> None:
        asked, _ = await sent(to_ana(Reaction(target="wamid.IN==", emoji="👍"), reply_to="wamid.IN=="))

        assert asked.body == framed('"type":"reaction","reaction":{"message_id":"wamid.IN==","emoji":"👍"}')


class TestRecipient:
    @pytest.mark.parametrize(
        ("to", "written"),
        [
            ((PHONE, BSUID), '"to":"+5511987654321"'),
            ((WA, PHONE), '"to":"+551187654321"'),
            ((BSUID, PHONE), '"recipient":"BR.1502576394655843"'),
            ((Identity(kind=IdentityKind.USERNAME, value="ana"), BSUID), '"recipient":"BR.1502576394655843"'),
        ],
        ids=["phone", "wa_id", "bsuid", "username first"],
    )
    async def test_the_first_address_that_whatsapp_knows_is_written_to(
        self, to: tuple[Identity, ...], written: str
    ) -> None:
        asked, _ = await sent(to_ana(Text(body="oi"), *to))

        assert asked.body == framed('"type":"text","text":{"body":"oi","preview_url":false}', to=written)

    async def test_somebody_without_such_an_address_cannot_be_reached(self) -> None:
        email = Identity(kind=IdentityKind.EMAIL, value="ana@exemplo.com.br")
        async with graph_server(told(ACCEPTED)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Undeliverable):
                await adapter.send(
                    to_ana(Text(body="oi"), email), line(), Deadline.after(5), starts_by=Deadline.after(5)
                )

            assert graph.asked == []


class TestAccepted:
    async def test_the_recipient_is_known_by_what_the_provider_calls_them(self) -> None:
        _, accepted = await sent(to_ana(Text(body="oi")))

        assert accepted == Accepted(provider_id="wamid.OUT==", recipient=Person(identities=(WA, PHONE, BSUID)))

    async def test_a_message_kept_back_for_its_quality_says_so(self) -> None:
        answer = {**ACCEPTED, "messages": [{"id": "wamid.OUT==", "message_status": "held_for_quality_assessment"}]}
        _, accepted = await sent(to_ana(Text(body="oi")), answer)

        assert accepted.is_held

    @pytest.mark.parametrize("contacts", [None, [], [None], [{}], [{"wa_id": None}], "x", [{"input": "BR.1"}]], ids=str)
    async def test_an_answer_without_a_recipient_is_accepted_all_the_same(self, contacts: object) -> None:
        _, accepted = await sent(to_ana(Text(body="oi")), {"contacts": contacts, "messages": [{"id": "wamid.1"}]})

        assert accepted == Accepted(provider_id="wamid.1")

    async def test_a_recipient_without_a_number_is_known_by_the_user_id(self) -> None:
        answer = {
            "contacts": [{"input": "BR.1502576394655843", "user_id": "BR.1502576394655843"}],
            "messages": [{"id": "w"}],
        }
        _, accepted = await sent(to_ana(Text(body="oi"), BSUID), answer)

        assert accepted.recipient == Person(identities=(BSUID,))
