"""What came in and what must come out of it: every type of message that a customer can send."""

from typing import Any

from channels.contents import (
    Card,
    Cards,
    Choice,
    Content,
    Location,
    Media,
    Notice,
    Order,
    OrderItem,
    Phone,
    Reaction,
    Text,
    Unsupported,
)
from channels.envelope import InboundEvent, Received
from tests.contracts.whatsapp_cloud.webhooks import (
    ANA,
    AT,
    CONTACT,
    E164,
    WA_ID,
    change,
    inbound,
    message,
    webhook,
)

Case = tuple[dict[str, Any], list[InboundEvent]]


def received(content: Content, **more: Any) -> list[InboundEvent]:
    return [Received(**{"provider_id": "wamid.IN==", "at": AT, "sender": ANA, "content": content, **more})]


CARD = {
    "name": {"formatted_name": "Beto Lima", "first_name": "Beto", "last_name": "Lima"},
    "phones": [{"phone": "+55 21 98888-7777", "wa_id": "5521988887777", "type": "CELL"}, {"phone": "3333-4444"}],
    "emails": [{"email": "beto@exemplo.com.br", "type": "WORK"}],
    "org": {"company": "Padaria Lima", "title": "Dono"},
    "vcard": "BEGIN:VCARD\nFN:Beto Lima\nEND:VCARD",
}
BETO = Card(
    name="Beto Lima",
    first_name="Beto",
    phones=(Phone(phone="+55 21 98888-7777", kind="CELL", wa_id="5521988887777"), Phone(phone="3333-4444")),
    emails=("beto@exemplo.com.br",),
    organisation="Padaria Lima",
    vcard="BEGIN:VCARD\nFN:Beto Lima\nEND:VCARD",
)
UNKNOWN_TYPE = [
    {
        "code": 131051,
        "title": "Message type unknown",
        "message": "Message type unknown",
        "error_data": {"details": "Message type is currently not supported."},
    }
]
CONTENTS: dict[str, Case] = {
    "text": (inbound("text", {"body": "Olá, tudo bem? 😀"}), received(Text(body="Olá, tudo bem? 😀"))),
    "text that is empty": (inbound("text", {"body": ""}), received(Text(body=""))),
    "image": (
        inbound("image", {"id": "65463453", "mime_type": "image/jpeg", "sha256": "4654+8g=", "caption": "veja"}),
        received(
            Media(kind="image", provider_media_id="65463453", mime="image/jpeg", sha256="4654+8g=", caption="veja")
        ),
    ),
    "image with an address beside its id": (
        inbound("image", {"id": "65463453", "mime_type": "image/png", "url": "https://lookaside.fbsbx.com/x?mid=1"}),
        received(Media(kind="image", provider_media_id="65463453", mime="image/png")),
    ),
    "image with an address and no id": (
        inbound("image", {"mime_type": "image/png", "url": "https://lookaside.fbsbx.com/x?mid=1"}),
        received(Media(kind="image", link="https://lookaside.fbsbx.com/x?mid=1", mime="image/png")),
    ),
    "video": (
        inbound("video", {"id": "765756756", "mime_type": "video/mp4", "sha256": "Jh+2ij6P", "caption": "olha"}),
        received(
            Media(kind="video", provider_media_id="765756756", mime="video/mp4", sha256="Jh+2ij6P", caption="olha")
        ),
    ),
    "document": (
        inbound(
            "document",
            {
                "id": "123",
                "mime_type": "application/pdf",
                "sha256": "grw",
                "filename": "pedido.pdf",
                "caption": "aí",
            },
        ),
        received(
            Media(
                kind="document",
                provider_media_id="123",
                mime="application/pdf",
                sha256="grw",
                filename="pedido.pdf",
                caption="aí",
            )
        ),
    ),
    "audio": (
        inbound("audio", {"id": "123", "mime_type": "audio/mpeg", "sha256": "E3dxS", "voice": False}),
        received(Media(kind="audio", provider_media_id="123", mime="audio/mpeg", sha256="E3dxS")),
    ),
    "voice note": (
        inbound("audio", {"id": "123", "mime_type": "audio/ogg; codecs=opus", "sha256": "m04p", "voice": True}),
        received(Media(kind="voice", provider_media_id="123", mime="audio/ogg; codecs=opus", sha256="m04p")),
    ),
    "sticker": (
        inbound("sticker", {"id": "123", "mime_type": "image/webp", "sha256": "OmT4", "animated": False}),
        received(Media(kind="sticker", provider_media_id="123", mime="image/webp", sha256="OmT4")),
    ),
    "animated sticker": (
        inbound("sticker", {"id": "123", "mime_type": "image/webp", "sha256": "Hcwy", "animated": True}),
        received(Media(kind="sticker", provider_media_id="123", mime="image/webp", sha256="Hcwy", is_animated=True)),
    ),
    "location": (
        inbound("location", {"latitude": -23.5505, "longitude": -46.6333}),
        received(Location(latitude=-23.5505, longitude=-46.6333)),
    ),
    "location of a place": (
        inbound(
            "location",
            {
                "latitude": -23.5614,
                "longitude": -46.6559,
                "name": "MASP",
                "address": "Av. Paulista, 1578",
                "url": "https://maps.example/masp",
            },
        ),
        received(
            Location(
                latitude=-23.5614,
                longitude=-46.6559,
                name="MASP",
                address="Av. Paulista, 1578",
                url="https://maps.example/masp",
            )
        ),
    ),
    "contacts": (inbound("contacts", [CARD], origin="other"), received(Cards(cards=(BETO,)))),
    "contacts that answer our request, without a name": (
        inbound("contacts", [{"phones": [{"phone": E164, "wa_id": WA_ID}]}], origin="contact_request"),
        received(Cards(cards=(Card(phones=(Phone(phone=E164, wa_id=WA_ID),)),), is_answer_to_request=True)),
    ),
    "reaction": (
        inbound("reaction", {"message_id": "wamid.OURS==", "emoji": "👍"}),
        received(Reaction(target="wamid.OURS==", emoji="👍")),
    ),
    "reaction taken back": (
        inbound("reaction", {"message_id": "wamid.OURS==", "emoji": ""}),
        received(Reaction(target="wamid.OURS==", emoji="")),
    ),
    "reaction taken back without an emoji": (
        inbound("reaction", {"message_id": "wamid.OURS=="}),
        received(Reaction(target="wamid.OURS==", emoji="")),
    ),
    "button of a template": (
        inbound("button", {"payload": "optout", "text": "Não quero mais"}, context={"from": "551133334444", "id": "w"}),
        received(Choice(form="template_button", id="optout", title="Não quero mais"), reply_to="w"),
    ),
    "button of a template without context or payload": (
        inbound("button", {"text": "Quero"}),
        received(Choice(form="template_button", id="Quero", title="Quero")),
    ),
    "button reply": (
        inbound("interactive", {"type": "button_reply", "button_reply": {"id": "yes", "title": "Sim"}}),
        received(Choice(form="button", id="yes", title="Sim")),
    ),
    "list reply": (
        inbound(
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "p1", "title": "Bolo", "description": "De fubá"}},
        ),
        received(Choice(form="list", id="p1", title="Bolo", description="De fubá")),
    ),
    "flow reply": (
        inbound(
            "interactive",
            {
                "type": "nfm_reply",
                "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"flow_token":"t1","dia":"sex"}'},
            },
        ),
        received(Choice(form="flow", id="flow", title="Sent", data={"flow_token": "t1", "dia": "sex"})),
    ),
    "flow reply whose answer is no JSON": (
        inbound(
            "interactive", {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{"}}
        ),
        received(Choice(form="flow", id="flow", title="Sent", data={"response_json": "{"})),
    ),
    "call permission": (
        inbound(
            "interactive",
            {
                "type": "call_permission_reply",
                "call_permission_reply": {
                    "response": "accept",
                    "expiration_timestamp": 1760600000,
                    "response_source": "user_action",
                },
            },
        ),
        received(
            Choice(
                form="call_permission",
                id="accept",
                title="accept",
                data={"expiration_timestamp": 1760600000, "response_source": "user_action"},
            )
        ),
    ),
    "order": (
        inbound(
            "order",
            {
                "catalog_id": "354160437058781",
                "text": "sem açúcar",
                "product_items": [
                    {"product_retailer_id": "BOLO", "quantity": 2, "item_price": 35.5, "currency": "BRL"},
                    {"product_retailer_id": "CAFE", "quantity": "1", "item_price": "9", "currency": "BRL"},
                ],
            },
        ),
        received(
            Order(
                catalog="354160437058781",
                items=(
                    OrderItem(product="BOLO", quantity=2.0, price=35.5, currency="BRL"),
                    OrderItem(product="CAFE", quantity=1.0, price=9.0, currency="BRL"),
                ),
                note="sem açúcar",
            )
        ),
    ),
    "identity changed": (
        inbound(
            "system",
            {"body": "User identity changed", "type": "customer_identity_changed"},
            identity={"acknowledged": True, "created_timestamp": "1760000000", "hash": "xyz"},
        ),
        received(Notice(kind="customer_identity_changed", body="User identity changed")),
    ),
    "unsupported": (
        inbound("unsupported", None, errors=UNKNOWN_TYPE),
        received(
            Unsupported(what="unsupported", raw=message("unsupported", None, errors=UNKNOWN_TYPE)),
        ),
    ),
    "unsupported with its type": (
        inbound("unsupported", {"type": "poll"}, errors=UNKNOWN_TYPE),
        received(Unsupported(what="poll", raw=message("unsupported", {"type": "poll"}, errors=UNKNOWN_TYPE))),
    ),
    "a type that nobody knows": (
        inbound("hologram", {"depth": 3}),
        received(Unsupported(what="hologram", raw=message("hologram", {"depth": 3}))),
    ),
    "interactive without its own part": (
        webhook(
            change({"contacts": [CONTACT], "messages": [message("interactive")], "errors": [{"code": 131000}]}),
        ),
        received(Unsupported(what="interactive", raw={**message("interactive"), "errors": [{"code": 131000}]})),
    ),
    "image without id and address": (
        inbound("image", {"mime_type": "image/png"}),
        received(Unsupported(what="image", raw=message("image", {"mime_type": "image/png"}))),
    ),
}
