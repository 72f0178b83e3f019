"""What came in and what must come out of it: everything but the messages of customers."""

from datetime import UTC, datetime
from typing import Any

from channels.contents import Media, Reaction, Text
from channels.envelope import (
    Deleted,
    Echoed,
    Edited,
    Identity,
    IdentityChanged,
    InboundEvent,
    Person,
    PreferenceChanged,
    ProviderError,
    Status,
    StatusChanged,
    Unknown,
)
from core.models.people import IdentityKind
from tests.contracts.whatsapp_cloud.webhooks import (
    ANA,
    AT,
    BSUID,
    CONTACT,
    PARENT,
    PARENT_ID,
    PHONE,
    USER_ID,
    WA,
    WA_ID,
    change,
    inbound,
    message,
    status,
    webhook,
)

Case = tuple[dict[str, Any], list[InboundEvent]]

NEW_WA = Identity(kind=IdentityKind.WA_ID, value="5511912345678")
NEW_PHONE = Identity(kind=IdentityKind.PHONE, value="+5511912345678")
NEW_BSUID = Identity(kind=IdentityKind.BSUID, value="BR.9999")
BARE = Person(identities=(WA, PHONE, BSUID))
BY_NUMBER = Person(identities=(WA, PHONE))


def told(word: Status, **more: Any) -> list[InboundEvent]:
    whole = {"provider_id": "wamid.OUT==", "status": word, "at": AT, "recipient": BY_NUMBER, **more}
    return [StatusChanged(**whole)]


def echo(kind: str, part: object, **more: object) -> dict[str, Any]:
    own = message(
        kind, part, **{"from": "551133334444", "from_user_id": None, "to": WA_ID, "to_user_id": USER_ID}, **more
    )
    return webhook(change({"contacts": [CONTACT], "message_echoes": [own]}, "smb_message_echoes"))


PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}
CONVERSATION = {
    "id": "7270432eae37498234f4444b35ffc5",
    "expiration_timestamp": "1760090000",
    "origin": {"type": "service"},
}
ERROR = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
}

STATUSES: dict[str, Case] = {
    "sent": (
        status("sent", recipient_user_id=USER_ID, biz_opaque_callback_data="9.1.ab", pricing=PRICING),
        told(Status.SENT, recipient=BARE, tag="9.1.ab", pricing=PRICING),
    ),
    "delivered, with a conversation": (
        status("delivered", conversation=CONVERSATION, biz_opaque_callback_data="9.1.ab"),
        told(Status.DELIVERED, tag="9.1.ab"),
    ),
    "read": (status("read"), told(Status.READ)),
    "played": (status("played"), told(Status.PLAYED)),
    "failed": (
        status("failed", errors=[ERROR], biz_opaque_callback_data="9.1.ab"),
        told(
            Status.FAILED,
            tag="9.1.ab",
            error=ProviderError(kind="undeliverable", code="131026", title="Message undeliverable"),
        ),
    ),
    "failed after it was held back": (
        status("failed", errors=[{"code": 132015, "title": "Template is Paused"}], recipient_id=None),
        told(
            Status.FAILED,
            recipient=None,
            error=ProviderError(kind="template_refused", code="132015", title="Template is Paused"),
        ),
    ),
    "failed without a reason": (status("failed", errors=None), told(Status.FAILED)),
    "to a user id": (
        status("read", recipient_id=None, recipient_user_id=USER_ID, parent_recipient_user_id=PARENT_ID),
        told(Status.READ, recipient=Person(identities=(BSUID, PARENT))),
    ),
    "with the second spelling of the parent's id": (
        status("read", recipient_parent_user_id=PARENT_ID),
        told(Status.READ, recipient=Person(identities=(WA, PHONE, PARENT))),
    ),
    "with the third spelling of the parent's id": (
        status("read", parent_user_id=PARENT_ID),
        told(Status.READ, recipient=Person(identities=(WA, PHONE, PARENT))),
    ),
    "in a group": (
        status(
            "read",
            recipient_id="Y2FwaV9ncm91cDox",
            recipient_type="group",
            recipient_participant_id=WA_ID,
            recipient_participant_user_id=USER_ID,
        ),
        told(Status.READ, recipient=BARE),
    ),
    "of a kind that nobody knows": (status("evaporated"), [Unknown(what="status.evaporated")]),
}

CHANGES: dict[str, Case] = {
    "new number": (
        webhook(
            change(
                {
                    "messages": [
                        message(
                            "system",
                            {
                                "body": "Ana changed from 551187654321 to 5511912345678",
                                "wa_id": "5511912345678",
                                "user_id": "BR.9999",
                                "type": "user_changed_number",
                            },
                        )
                    ]
                }
            )
        ),
        [
            IdentityChanged(
                old=BARE,
                new=Person(identities=(NEW_WA, NEW_PHONE, NEW_BSUID)),
                at=AT,
                provider_id="wamid.IN==",
            )
        ],
    ),
    "new user id": (
        webhook(
            change(
                {"messages": [message("system", {"body": "", "user_id": "BR.9999", "type": "user_changed_user_id"})]}
            )
        ),
        [IdentityChanged(old=BARE, new=Person(identities=(NEW_BSUID,)), at=AT, provider_id="wamid.IN==")],
    ),
    "new number, in the words of older versions": (
        webhook(
            change(
                {
                    "messages": [
                        message("system", {"body": "", "new_wa_id": "5511912345678", "type": "customer_changed_number"})
                    ]
                }
            )
        ),
        [IdentityChanged(old=BARE, new=Person(identities=(NEW_WA, NEW_PHONE)), at=AT, provider_id="wamid.IN==")],
    ),
    "edited": (
        inbound(
            "edit",
            {
                "original_message_id": "wamid.FIRST==",
                "message": {"context": {"id": "M0"}, "type": "text", "text": {"body": "quis dizer sexta"}},
            },
        ),
        [Edited(target="wamid.FIRST==", at=AT, content=Text(body="quis dizer sexta"))],
    ),
    "edited caption": (
        inbound(
            "edit",
            {
                "original_message_id": "wamid.FIRST==",
                "message": {"type": "image", "image": {"caption": "nova", "mime_type": "image/jpeg", "id": "12"}},
            },
        ),
        [
            Edited(
                target="wamid.FIRST==",
                at=AT,
                content=Media(kind="image", provider_media_id="12", mime="image/jpeg", caption="nova"),
            )
        ],
    ),
    "deleted": (
        inbound("revoke", {"original_message_id": "wamid.FIRST=="}),
        [Deleted(target="wamid.FIRST==", at=AT)],
    ),
    "written on the business's own phone": (
        echo("text", {"body": "já te respondo"}),
        [Echoed(provider_id="wamid.IN==", at=AT, recipient=ANA, content=Text(body="já te respondo"))],
    ),
    "reacted to on the business's own phone": (
        echo("reaction", {"message_id": "wamid.ANA==", "emoji": "🙏"}, context={"id": "wamid.ANA=="}),
        [
            Echoed(
                provider_id="wamid.IN==",
                at=AT,
                recipient=ANA,
                content=Reaction(target="wamid.ANA==", emoji="🙏"),
                reply_to="wamid.ANA==",
            )
        ],
    ),
    "edited on the business's own phone": (
        echo("edit", {"original_message_id": "wamid.O==", "message": {"type": "text", "text": {"body": "certo"}}}),
        [Edited(target="wamid.O==", at=AT, content=Text(body="certo"))],
    ),
    "deleted on the business's own phone": (
        echo("revoke", {"original_message_id": "wamid.O=="}),
        [Deleted(target="wamid.O==", at=AT)],
    ),
}


def preference(value: str, **more: object) -> dict[str, Any]:
    whole = {
        "wa_id": WA_ID,
        "user_id": USER_ID,
        "detail": "User requested to stop marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": 1760000000,
        **more,
    }
    told_of = {name: part for name, part in whole.items() if part is not None}
    return webhook(change({"contacts": [CONTACT], "user_preferences": [told_of]}, "user_preferences"))


DETAIL = "User requested to stop marketing messages"
PREFERENCES: dict[str, Case] = {
    "stop": (preference("stop"), [PreferenceChanged(person=ANA, at=AT, is_stop=True, detail=DETAIL)]),
    "resume": (preference("resume"), [PreferenceChanged(person=ANA, at=AT, is_stop=False, detail=DETAIL)]),
    "signup": (preference("signup"), [PreferenceChanged(person=ANA, at=AT, is_stop=False, detail=DETAIL)]),
    "stop, known by the user id alone": (
        preference("stop", wa_id=None),
        [PreferenceChanged(person=ANA, at=AT, is_stop=True, detail=DETAIL)],
    ),
    "a wish that nobody knows": (preference("maybe"), [Unknown(what="preference.maybe")]),
}

CLICK = {"action_type": "marketing_messages_link_click", "timestamp": 1760000000, "link": "https://exemplo.com.br"}
CALL = {"id": "wacid.1", "event": "connect", "direction": "USER_INITIATED", "from": WA_ID, "to": "551133334444"}
_LATER = datetime.fromtimestamp(1_760_000_100, UTC)
OTHERS: dict[str, Case] = {
    "clicks alone": (webhook(change({"user_actions": [CLICK]})), [Unknown(what="user_actions")]),
    "call": (webhook(change({"contacts": [CONTACT], "calls": [CALL]}, "calls")), [Unknown(what="calls")]),
    "upkeep of a group": (
        webhook(change({"groups": [{"group_id": "g1", "type": "group_create"}]}, "group_lifecycle_update")),
        [Unknown(what="groups")],
    ),
    "history of the owner's phone": (
        webhook(change({"history": [{"metadata": {}}]}, "history")),
        [Unknown(what="history")],
    ),
    "a user id's change in a field of its own": (
        webhook(change({"wa_id": WA_ID, "new_user_id": "BR.9"}, "user_id_update")),
        [Unknown(what="field.user_id_update")],
    ),
    "a field that nobody knows": (webhook(change({"a": 1}, "telepathy")), [Unknown(what="field.telepathy")]),
    "a status and clicks in one value": (
        webhook(
            change(
                {
                    "user_actions": [CLICK],
                    "statuses": [{"id": "w", "status": "read", "timestamp": "1760000100"}],
                }
            )
        ),
        [StatusChanged(provider_id="w", status=Status.READ, at=_LATER), Unknown(what="user_actions")],
    ),
}
