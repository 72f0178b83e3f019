"""What customers write, as the business hears it: one case for each kind, byte for byte where it matters."""

import base64
import hashlib
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.customers import Circumstances, Customer
from sandbox.whatsapp.inbound import (
    CONTENTS,
    ButtonReply,
    CallPermission,
    Contacts,
    Content,
    Context,
    Edit,
    FlowReply,
    IdentityChanged,
    ListReply,
    Location,
    LostInteractive,
    Media,
    MediaType,
    NumberChanged,
    Order,
    Raw,
    Reaction,
    Referral,
    Revoke,
    TemplateButton,
    Text,
    Unsupported,
    UserIdChanged,
)
from sandbox.whatsapp.media import File
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, ANA_ID, NUMBER, WABA, text
from tests.sandbox.receiving import Receiver

ITEM: Final = {"product_retailer_id": "p1", "quantity": 2, "item_price": 9.9, "currency": "BRL"}
CARD: Final = {"name": {"formatted_name": "Beto"}, "phones": [{"phone": "+5511912340000", "type": "CELL"}]}
ERROR: Final = {
    "code": 131051,
    "title": "Unsupported message type",
    "message": "Unsupported message type",
    "error_data": {"details": "Message type is currently not supported."},
    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
}
# What is sent, and what of the message is particular to it.
KINDS: Final[tuple[tuple[Content, dict[str, Any]], ...]] = (
    (Text(body="Olá 👋"), {"type": "text", "text": {"body": "Olá 👋"}}),
    (
        Location(latitude=-23.5, longitude=-46.6, name="Padaria"),
        {"type": "location", "location": {"latitude": -23.5, "longitude": -46.6, "name": "Padaria"}},
    ),
    (Location(latitude=0.0, longitude=0.0), {"type": "location", "location": {"latitude": 0.0, "longitude": 0.0}}),
    (
        Contacts(contacts=(CARD,), origin="contact_request"),
        {"type": "contacts", "contacts": [CARD], "origin": "contact_request"},
    ),
    (Contacts(contacts=({"phones": []},)), {"type": "contacts", "contacts": [{"phones": []}]}),
    (
        ButtonReply(id="sim", title="Sim"),
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "sim", "title": "Sim"}}},
    ),
    (
        ListReply(id="1", title="Um", description="O primeiro"),
        {
            "type": "interactive",
            "interactive": {
                "type": "list_reply",
                "list_reply": {"id": "1", "title": "Um", "description": "O primeiro"},
            },
        },
    ),
    (
        FlowReply(response_json='{"cpf":"1"}'),
        {
            "type": "interactive",
            "interactive": {
                "type": "nfm_reply",
                "nfm_reply": {"response_json": '{"cpf":"1"}', "body": "Sent", "name": "flow"},
            },
        },
    ),
    (
        CallPermission(is_accepted=True, expires_at=1760000000),
        {
            "type": "interactive",
            "interactive": {
                "type": "call_permission_reply",
                "call_permission_reply": {
                    "response": "accept",
                    "expiration_timestamp": 1760000000,
                    "response_source": "user_action",
                },
            },
        },
    ),
    (LostInteractive(), {"type": "interactive"}),
    (TemplateButton(text="Sair"), {"type": "button", "button": {"payload": "Sair", "text": "Sair"}}),
    (
        TemplateButton(text="Sair", payload="optout"),
        {"type": "button", "button": {"payload": "optout", "text": "Sair"}},
    ),
    (
        Reaction(message_id="wamid.X", emoji="👍"),
        {"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}},
    ),
    (Reaction(message_id="wamid.X"), {"type": "reaction", "reaction": {"message_id": "wamid.X"}}),
    (
        Reaction(message_id="wamid.X", emoji=""),
        {"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": ""}},
    ),
    (
        Order(catalog_id="c1", product_items=(ITEM,), text="por favor"),
        {"type": "order", "order": {"catalog_id": "c1", "text": "por favor", "product_items": [ITEM]}},
    ),
    (Unsupported(kind="poll"), {"type": "unsupported", "errors": [ERROR], "unsupported": {"type": "poll"}}),
    (Unsupported(), {"type": "unsupported", "errors": [ERROR]}),
    (
        Edit(message_id="wamid.X", body="quis dizer isto"),
        {
            "type": "edit",
            "edit": {
                "original_message_id": "wamid.X",
                "message": {"type": "text", "text": {"body": "quis dizer isto"}},
            },
        },
    ),
    (Revoke(message_id="wamid.X"), {"type": "revoke", "revoke": {"original_message_id": "wamid.X"}}),
    (Raw(message={"type": "hologram", "hologram": [None]}), {"type": "hologram", "hologram": [None]}),
)


async def told(sandbox: Sandbox, receiver: Receiver) -> dict[str, Any]:
    await sandbox.settle()
    return receiver.messages[-1]


class TestKinds:
    @pytest.mark.parametrize(("content", "particular"), KINDS)
    async def test_each_is_told_in_its_shape(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver, content: Content, particular: dict[str, Any]
    ) -> None:
        wamid = ana.sends(content)
        message = await told(sandbox, receiver)

        assert message == {"from": ANA_ID, "id": wamid, "timestamp": message["timestamp"], **particular}
        assert abs(int(message["timestamp"]) - sandbox.clock.seconds()) < 5

    async def test_the_value_around_it_is_metas(self, ana: Customer, receiver: Receiver) -> None:
        assert receiver.posts[0].json == {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "id": WABA,
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "messaging_product": "whatsapp",
                                "metadata": {"display_phone_number": "551133334444", "phone_number_id": NUMBER},
                                "contacts": [{"profile": {"name": "Ana"}, "wa_id": ANA_ID}],
                                "messages": receiver.messages,
                            },
                        }
                    ],
                }
            ],
        }
        assert ana.person.key == ANA_ID

    async def test_an_interactive_message_may_lose_its_object(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        ana.sends(LostInteractive())
        await sandbox.settle()

        assert list(receiver.values("messages"))[-1]["errors"] == [ERROR]

    def test_every_kind_is_tried_here(self) -> None:
        apart = {Media, NumberChanged, UserIdChanged, IdentityChanged}

        assert {type(content) for content, _ in KINDS} | apart == set(CONTENTS)


class TestMedia:
    @pytest.mark.parametrize(
        ("kind", "mime_type", "particular"),
        [
            (MediaType.IMAGE, "image/jpeg", {}),
            (MediaType.VIDEO, "video/mp4", {}),
            (MediaType.DOCUMENT, "application/pdf", {}),
            (MediaType.STICKER, "image/webp", {"animated": False}),
            (MediaType.AUDIO, "audio/ogg; codecs=opus", {"voice": False}),
        ],
    )
    async def test_each_kind_names_its_file(
        self,
        sandbox: Sandbox,
        ana: Customer,
        receiver: Receiver,
        kind: MediaType,
        mime_type: str,
        particular: dict[str, Any],
    ) -> None:
        content = sandbox.whatsapp.received(File(data=b"bytes", mime_type=mime_type), kind, of=NUMBER)
        ana.sends(content)
        message = await told(sandbox, receiver)

        digest = base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()
        file = {"id": content.media_id, "mime_type": mime_type, "sha256": digest}
        assert (message["type"], message[kind]) == (kind.value, file | particular)

    async def test_captions_names_and_voices_are_told(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        media_id = sandbox.whatsapp.shelf.receive(File(data=b"x", mime_type="a/b"), phone_id=NUMBER).id
        voice = Media(kind=MediaType.AUDIO, media_id=media_id, is_voice=True)
        paper = Media(
            kind=MediaType.DOCUMENT,
            media_id=media_id,
            caption="a nota",
            filename="n.pdf",
            mime_type="lie/lie",
            with_url=True,
        )
        ana.sends(voice)
        heard = (await told(sandbox, receiver))["audio"]
        ana.sends(paper)
        read = (await told(sandbox, receiver))["document"]

        assert heard["voice"] is True
        assert (read["caption"], read["filename"], read["mime_type"]) == ("a nota", "n.pdf", "lie/lie")
        assert read["url"].startswith(sandbox.url)


class TestCircumstances:
    async def test_a_reply_names_the_message_and_its_sender(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        ana.replies("wamid.OURS", "isso")
        ours = await told(sandbox, receiver)
        ana.says("isso", Circumstances(context=Context(message_id="wamid.MINE", is_from_business=False)))
        mine = await told(sandbox, receiver)

        assert ours["context"] == {"from": "551133334444", "id": "wamid.OURS"}
        assert mine["context"] == {"from": ANA_ID, "id": "wamid.MINE"}

    @pytest.mark.parametrize(
        ("context", "wire"),
        [
            (Context(is_forwarded=True), {"forwarded": True}),
            (Context(is_frequently_forwarded=True), {"frequently_forwarded": True}),
            (
                Context(referred_product={"catalog_id": "c", "product_retailer_id": "p"}),
                {"from": "551133334444", "referred_product": {"catalog_id": "c", "product_retailer_id": "p"}},
            ),
        ],
    )
    async def test_a_context_may_have_no_id(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver, context: Context, wire: dict[str, Any]
    ) -> None:
        ana.says("oi", Circumstances(context=context))

        assert (await told(sandbox, receiver))["context"] == wire

    async def test_an_ad_is_told_with_or_without_its_click(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        ad = Referral(
            source_url="https://fb.me/x", source_id="9", headline="Pão", ctwa_clid="c", more={"media_type": "image"}
        )
        ana.says("oi", Circumstances(referral=ad, group_id="g1"))
        message = await told(sandbox, receiver)
        ana.says("oi", Circumstances(referral=Referral(source_url="https://fb.me/y", source_id="8")))
        from_status = await told(sandbox, receiver)

        assert message["referral"] == {
            "source_url": "https://fb.me/x",
            "source_id": "9",
            "source_type": "ad",
            "headline": "Pão",
            "body": "",
            "media_type": "image",
            "ctwa_clid": "c",
        }
        assert message["group_id"] == "g1"
        assert "ctwa_clid" not in from_status["referral"]

    async def test_an_old_message_comes_with_its_own_time_and_opens_no_window(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number, receiver: Receiver
    ) -> None:
        late = sandbox.whatsapp.customer(ANA, of=number.id)
        late.says("de ontem", Circumstances(age=25 * 3600))
        message = await told(sandbox, receiver)

        assert sandbox.clock.seconds() - int(message["timestamp"]) > 25 * 3600 - 5
        assert (await meta.post(f"/{NUMBER}/messages", json=text())).json()["error"]["code"] == 131047


class TestClock:
    async def test_a_turned_clock_is_on_every_message(
        self, sandbox: Sandbox, ana: Customer, receiver: Receiver
    ) -> None:
        await sandbox.clock.turn(timedelta(days=3))
        ana.says("três dias depois")
        message = await told(sandbox, receiver)

        assert int(message["timestamp"]) - int(receiver.messages[0]["timestamp"]) >= 3 * 24 * 3600
