"""What stands around a message of a customer: who wrote it, in answer to what, and what brought them."""

from channels.contents import Text
from channels.envelope import Person
from tests.contracts.whatsapp_cloud.message_cases import Case, received
from tests.contracts.whatsapp_cloud.webhooks import (
    BSUID,
    CONTACT,
    PARENT,
    PARENT_ID,
    PHONE,
    USER_ID,
    USERNAME,
    WA,
    WA_ID,
    change,
    inbound,
    message,
    webhook,
)

REFERRAL = {
    "source_url": "https://fb.me/abc",
    "source_id": "120210000000000001",
    "source_type": "ad",
    "headline": "Bolos",
    "body": "Encomende já",
    "media_type": "image",
    "image_url": "https://scontent.example/1.jpg",
    "ctwa_clid": "ARAk1",
    "welcome_message": {"text": "Oi!"},
}
TEXT = Text(body="oi")
SAYS = {"body": "oi"}
CIRCUMSTANCES: dict[str, Case] = {
    "reply": (
        inbound("text", SAYS, context={"from": "551133334444", "id": "wamid.OURS=="}),
        received(TEXT, reply_to="wamid.OURS=="),
    ),
    "forwarded, which names no message": (
        inbound("text", SAYS, context={"forwarded": True}),
        received(TEXT, is_forwarded=True),
    ),
    "forwarded many times": (
        inbound("text", SAYS, context={"frequently_forwarded": True}),
        received(TEXT, is_forwarded=True),
    ),
    "asked about a product": (
        inbound(
            "text", SAYS, context={"referred_product": {"catalog_id": "354", "product_retailer_id": "BOLO"}, "id": "w"}
        ),
        received(
            TEXT, referral={"referred_product": {"catalog_id": "354", "product_retailer_id": "BOLO"}}, reply_to="w"
        ),
    ),
    "came by an advertisement": (inbound("text", SAYS, referral=REFERRAL), received(TEXT, referral=REFERRAL)),
    "in a group": (inbound("text", SAYS, group_id="Y2FwaV9ncm91cDox"), received(TEXT, group="Y2FwaV9ncm91cDox")),
    "in a group, beside another's profile": (
        webhook(
            change(
                {
                    "contacts": [{"profile": {"name": "Beto"}, "wa_id": "5521988887777"}, CONTACT],
                    "messages": [message("text", SAYS, group_id="g1")],
                }
            )
        ),
        received(TEXT, group="g1"),
    ),
    "without a number": (
        webhook(
            change(
                {
                    "contacts": [{"profile": {"name": "Ana", "username": "ana.souza"}, "user_id": USER_ID}],
                    "messages": [message("text", SAYS, **{"from": None})],
                }
            )
        ),
        received(TEXT, sender=Person(identities=(BSUID, USERNAME), name="Ana")),
    ),
    "without any sender, beside one profile": (
        webhook(
            change({"contacts": [CONTACT], "messages": [message("text", SAYS, **{"from": None, "from_user_id": None})]})
        ),
        received(TEXT),
    ),
    "before there were user ids": (
        webhook(
            change(
                {
                    "contacts": [{"profile": {"name": "Ana"}, "wa_id": WA_ID}],
                    "messages": [message("text", SAYS, from_user_id=None)],
                }
            )
        ),
        received(TEXT, sender=Person(identities=(WA, PHONE), name="Ana")),
    ),
    "with the id that several portfolios share": (
        webhook(
            change(
                {
                    "contacts": [{**CONTACT, "parent_user_id": PARENT_ID}],
                    "messages": [message("text", SAYS)],
                }
            )
        ),
        received(TEXT, sender=Person(identities=(WA, PHONE, BSUID, PARENT, USERNAME), name="Ana")),
    ),
    "without profiles": (
        webhook(change({"messages": [message("text", SAYS)]})),
        received(TEXT, sender=Person(identities=(WA, PHONE, BSUID))),
    ),
    "beside the profile of another": (
        webhook(
            change(
                {
                    "contacts": [{"profile": {"name": "Beto"}, "wa_id": "5521988887777", "user_id": "BR.2"}],
                    "messages": [message("text", SAYS)],
                }
            )
        ),
        received(TEXT, sender=Person(identities=(WA, PHONE, BSUID))),
    ),
    "with its time as a number": (inbound("text", SAYS, timestamp=1760000000), received(TEXT)),
}
