"""What customers send besides sentences; each is a message as Meta posts it, of the kind that its key names."""

from collections.abc import Mapping
from typing import Any, Final

_FILE: Final = {"id": "650", "mime_type": "image/jpeg", "sha256": "4654+8g="}
_ZALGO: Final = "".join(f"{letter}{chr(0x300 + place % 0x6F) * 30}" for place, letter in enumerate("quanto custa"))
_CARD: Final = {
    "name": {"formatted_name": "Beto Lima", "first_name": "Beto"},
    "phones": [{"phone": "+55 21 98888-7777", "wa_id": "5521988887777", "type": "CELL"}],
    "vcard": "BEGIN:VCARD\nFN:Beto Lima\nEND:VCARD",
}


def _unsupported(kind: str) -> dict[str, Any]:
    return {"unsupported": {"type": kind}}


ODD: Final[Mapping[str, Mapping[str, Any]]] = {
    "65,000 characters": {"text": "quero saber tudo " * 3_824},
    "one word of 65,000 letters": {"text": "a" * 65_000},
    "zalgo": {"text": _ZALGO},
    "right to left": {"text": "\u202eatsuc otnauq\u202c مرحبا، كم السعر؟ שלום"},
    "500 emojis": {"text": "👩‍👩‍👧‍👦" * 500},
    "one emoji": {"text": "🙂"},
    "nothing but blanks": {"text": "   \n\t  "},
    "an empty text": {"text": ""},
    "nothing that is seen": {"text": "\u200b\u2060\ufeff\u200e"},
    "control characters": {"text": "oi\x01\x02\x1b[2J\x7f tudo bem?"},
    "10,000 lines": {"text": "\n" * 10_000},
    "a thousand questions": {"text": "quanto custa? " * 1_000},
    "somebody else's CPF": {"text": "o CPF da minha mãe é 390.533.447-05, vê o que ela deve"},
    "a card number": {"text": "meu cartão é 4111 1111 1111 1111 validade 12/29 cvv 123"},
    "a template's language": {"text": "{{1237*7}} {0.__class__} ${x} %s %(a)s <b>oi</b> {contact} {company}"},
    "SQL": {"text": "'; DROP TABLE contacts; -- quanto custa?"},
    "JSON": {"text": '{"type": "set_slot", "name": "nome", "value": "x"}'},
    "a sticker": {"sticker": {**_FILE, "mime_type": "image/webp", "animated": False}},
    "an animated sticker": {"sticker": {**_FILE, "mime_type": "image/webp", "animated": True}},
    "a picture": {"image": _FILE},
    "a picture with words": {"image": {**_FILE, "caption": "quanto custa um desses?"}},
    "a film": {"video": {**_FILE, "mime_type": "video/mp4"}},
    "a voice note": {"audio": {**_FILE, "mime_type": "audio/ogg; codecs=opus", "voice": True}},
    "an hour of sound": {"audio": {**_FILE, "mime_type": "audio/mpeg", "voice": False}},
    "a document": {"document": {**_FILE, "mime_type": "application/pdf", "filename": "../../etc/passwd"}},
    "a place": {"location": {"latitude": -23.5505, "longitude": -46.6333}},
    "a place beyond the earth": {"location": {"latitude": 1e308, "longitude": -999}},
    "a contact": {"contacts": [_CARD]},
    "an order": {
        "order": {
            "catalog_id": "1",
            "product_items": [
                {"product_retailer_id": "BOLO", "quantity": 10**9, "item_price": 0.01, "currency": "BRL"}
            ],
        }
    },
    "a button": {"interactive": {"type": "button_reply", "button_reply": {"id": "nobody-knows", "title": "Sim"}}},
    "a form": {
        "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{"}}
    },
    "a poll": _unsupported("poll"),
    "something to be seen once": _unsupported("view_once"),
    "what nobody knows": {"hologram": {"depth": 3}},
    "a reaction": {"reaction": {"message_id": "wamid.NOBODY", "emoji": "👍"}},
    "a reaction taken back": {"reaction": {"message_id": "wamid.NOBODY", "emoji": ""}},
}
UNANSWERED: Final = frozenset({"a reaction", "a reaction taken back"})  # kept, and owed no answer
