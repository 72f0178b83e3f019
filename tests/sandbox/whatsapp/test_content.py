"""Every kind that may be sent, checked as Meta checks it."""

from typing import Any, Final

import httpx
import pytest

from sandbox.whatsapp.media import File
from sandbox.world import Sandbox
from tests.sandbox.numbers import NUMBER, message

pytestmark = pytest.mark.usefixtures("open_window")

LINK: Final = "https://example.com/foto.png"
BUTTON: Final = {"type": "reply", "reply": {"id": "sim", "title": "Sim"}}
ROW: Final = {"id": "1", "title": "Um", "description": "O primeiro"}


def interactive(kind: str, action: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "body": {"text": "Escolha"}, "action": action, **more}


def buttons(*replies: dict[str, Any], **more: Any) -> dict[str, Any]:
    return interactive("button", {"buttons": list(replies or (BUTTON,))}, **more)


def reply(**changes: Any) -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": "sim", "title": "Sim"} | changes}


def listing(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return interactive(
        "list", {"button": "Ver", "sections": list(sections or ({"title": "A", "rows": [ROW]},))}, **more
    )


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [ROW | {"id": str(number)} for number in range(start, start + count)]


def link_button(**changes: Any) -> dict[str, Any]:
    parameters = {"display_text": "Abrir", "url": "https://example.com"} | changes
    return interactive("cta_url", {"name": "cta_url", "parameters": parameters})


def cents(value: int, offset: int = 100) -> dict[str, int]:
    return {"value": value, "offset": offset}


def pix(total: int = 5000, *, payment: str = "pix_dynamic_code", order: Any = None, **changes: Any) -> dict[str, Any]:
    code = {"code": "00020101", "merchant_name": "Ana", "key": "a@b.c", "key_type": "EMAIL"}
    pending = {
        "status": "pending",
        "items": [{"retailer_id": "1", "name": "Pão", "amount": cents(2000), "quantity": 2}],
        "subtotal": cents(4000),
        "tax": cents(1000),
    }
    parameters = {
        "reference_id": "pedido-1",
        "type": "digital-goods",
        "payment_type": "br",
        "currency": "BRL",
        "total_amount": cents(total),
        "payment_settings": [{"type": payment, "pix_dynamic_code": code | changes}],
        "order": pending | (order or {}),
    }
    return interactive("order_details", {"name": "review_and_pay", "parameters": parameters})


TAKEN: Final[tuple[tuple[str, Any, str], ...]] = (
    ("text", {"body": "Oi"}, "Oi"),
    ("text", {"body": "x" * 4096, "preview_url": True}, "x" * 4096),
    ("image", {"link": LINK, "caption": "Foto"}, "Foto"),
    ("video", {"link": LINK}, ""),
    ("audio", {"link": LINK, "voice": True}, ""),
    ("document", {"link": LINK, "filename": "a.pdf"}, "a.pdf"),
    ("sticker", {"link": LINK}, ""),
    ("reaction", {"message_id": "wamid.X", "emoji": "👍"}, "👍"),
    ("reaction", {"message_id": "wamid.X", "emoji": ""}, ""),
    ("location", {"latitude": -23.5, "longitude": "-46.6", "name": "Padaria", "address": "Rua 1"}, "Padaria"),
    ("contacts", [{"name": {"formatted_name": "Ana B", "first_name": "Ana"}, "phones": [{"phone": "+55"}]}], "Ana B"),
    ("interactive", buttons(), "Escolha"),
    ("interactive", buttons(header={"type": "text", "text": "Oi"}, footer={"text": "Padaria"}), "Escolha"),
    ("interactive", buttons(header={"type": "image", "image": {"link": LINK}}), "Escolha"),
    ("interactive", listing(), "Escolha"),
    ("interactive", listing({"title": "A", "rows": rows(5)}, {"title": "B", "rows": rows(5, 5)}), "Escolha"),
    ("interactive", listing() | {"body": {"text": "x" * 4096}}, "x" * 4096),
    ("interactive", link_button(), "Escolha"),
    ("interactive", interactive("location_request_message", {"name": "send_location"}), "Escolha"),
    ("interactive", interactive("request_contact_info", {"name": "request_contact_info"}), "Escolha"),
    (
        "interactive",
        interactive("flow", {"name": "flow", "parameters": {"flow_id": "1", "flow_cta": "Abrir"}}),
        "Escolha",
    ),
    ("interactive", pix(), "Escolha"),
    ("interactive", pix(4700, order={"shipping": cents(200), "discount": cents(500)}), "Escolha"),
    ("interactive", pix(payment="boleto", code=None), "Escolha"),
)
REFUSED: Final[tuple[tuple[str, Any, int], ...]] = (
    ("poll", {}, 100),
    ("text", None, 131008),
    ("text", "oi", 100),
    ("text", {}, 131008),
    ("text", {"body": ""}, 131009),
    ("text", {"body": "x" * 4097}, 131009),
    ("text", {"body": 7}, 100),
    ("text", {"body": "x", "preview_url": "yes"}, 100),
    ("image", {}, 131008),
    ("image", {"id": "404"}, 100),
    ("image", {"id": "1", "link": LINK}, 131009),
    ("image", {"link": "file:///etc/passwd"}, 131009),
    ("image", {"link": "not a link"}, 131009),
    ("image", {"link": LINK, "caption": "x" * 1025}, 131009),
    ("image", {"link": LINK, "voice": True}, 131009),
    ("image", {"link": LINK, "filename": "a.png"}, 131009),
    ("audio", {"link": LINK, "caption": "x"}, 131009),
    ("reaction", {"emoji": "👍"}, 131008),
    ("reaction", {"message_id": "wamid.X"}, 131008),
    ("location", {"latitude": 91, "longitude": 0}, 131009),
    ("location", {"latitude": "nan", "longitude": 0}, 131009),
    ("location", {"latitude": "north", "longitude": 0}, 100),
    ("location", {"latitude": True, "longitude": 0}, 100),
    ("location", {"latitude": 10**400, "longitude": 0}, 100),
    ("location", {"latitude": 1, "longitude": 1, "address": "Rua 1"}, 131008),
    ("contacts", [], 131009),
    ("contacts", {}, 100),
    ("contacts", [{"name": {"formatted_name": "Ana"}}], 131008),
    ("contacts", [{"name": {"formatted_name": "A", "first_name": "A"}, "phones": [{}]}], 131008),
    ("interactive", {"type": "carousel", "body": {"text": "x"}, "action": {}}, 131009),
    ("interactive", {"type": "button", "action": {"buttons": [BUTTON]}}, 131008),
    ("interactive", buttons() | {"body": {"text": "x" * 1025}}, 131009),
    ("interactive", buttons(footer={"text": "x" * 61}), 131009),
    ("interactive", buttons(header={"type": "text", "text": "x" * 61}), 131009),
    ("interactive", buttons(header={"type": "image", "image": {}}), 131008),
    ("interactive", buttons(*[reply(id=str(number), title=str(number)) for number in range(4)]), 131009),
    ("interactive", buttons(reply(title="x" * 21)), 131009),
    ("interactive", buttons(reply(id="x" * 257)), 131009),
    ("interactive", buttons(reply(id="1"), reply(id="2")), 131009),
    ("interactive", buttons(reply(title="a"), reply(title="b")), 131009),
    ("interactive", interactive("button", {"buttons": []}), 131009),
    ("interactive", listing({"title": "A", "rows": rows(11)}), 131009),
    ("interactive", listing({"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(5, 6)}), 131009),
    ("interactive", listing({"title": "A", "rows": rows(1)}, {"rows": rows(1, 1)}), 131008),
    ("interactive", listing({"title": "A", "rows": [ROW, ROW]}), 131009),
    ("interactive", listing({"title": "x" * 25, "rows": [ROW]}), 131009),
    ("interactive", listing({"title": "A", "rows": [ROW | {"title": "x" * 25}]}), 131009),
    ("interactive", listing({"title": "A", "rows": [ROW | {"description": "x" * 73}]}), 131009),
    ("interactive", listing(header={"type": "image", "image": {"link": LINK}}), 131009),
    ("interactive", link_button(url="javascript:x"), 131009),
    ("interactive", link_button(display_text="x" * 21), 131009),
    ("interactive", interactive("location_request_message", {"name": "other"}), 131009),
    ("interactive", interactive("flow", {"name": "flow", "parameters": {"flow_cta": "Abrir"}}), 131008),
    ("interactive", pix(total=4999), 131009),
    ("interactive", pix(payment="bitcoin"), 131009),
    ("interactive", pix(order={"subtotal": cents(4001)}), 131009),
    ("interactive", pix(order={"subtotal": cents(4000, offset=10)}), 131009),
    ("interactive", pix(order={"tax": {"value": 10.5, "offset": 100}}), 131009),
    ("interactive", pix(order={"tax": cents(-1)}), 131009),
    ("interactive", pix(order={"items": []}), 131009),
    ("interactive", pix(order={"status": "paid"}), 131009),
    ("interactive", pix(key_type="OTHER"), 131009),
    ("interactive", pix(code=None), 131008),
)


class TestContent:
    @pytest.mark.parametrize(("kind", "content", "words"), TAKEN)
    async def test_it_is_taken_and_told_to_the_ledger(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, kind: str, content: Any, words: str
    ) -> None:
        answer = await meta.post(f"/{NUMBER}/messages", json=message(kind, content))

        assert answer.status_code == 200, answer.text
        [accepted] = sandbox.ledger.accepted
        assert (accepted.kind, accepted.text) == (kind, words)

    @pytest.mark.parametrize(("kind", "content", "code"), REFUSED)
    async def test_what_is_wrong_is_refused_by_its_code(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, kind: str, content: Any, code: int
    ) -> None:
        answer = await meta.post(f"/{NUMBER}/messages", json=message(kind, content))

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), answer.text
        assert sandbox.ledger.taken == 0

    async def test_a_reply_names_its_message(self, meta: httpx.AsyncClient) -> None:
        words = message("text", {"body": "x"})
        codes = [
            (await meta.post(f"/{NUMBER}/messages", json=words | {"context": context})).status_code
            for context in ({"message_id": "wamid.X"}, {}, {"message_id": 7})
        ]

        assert codes == [200, 400, 400]

    async def test_media_of_ours_goes_as_its_own_kind_only(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        picture = sandbox.whatsapp.shelf.upload(File(data=b"x", mime_type="image/png"), phone_id=NUMBER)

        as_image = await meta.post(f"/{NUMBER}/messages", json=message("image", {"id": picture.id}))
        as_video = await meta.post(f"/{NUMBER}/messages", json=message("video", {"id": picture.id}))
        as_header = await meta.post(
            f"/{NUMBER}/messages",
            json=message("interactive", buttons(header={"type": "image", "image": {"id": picture.id}})),
        )

        assert (as_image.status_code, as_header.status_code) == (200, 200)
        assert "image['id']" not in as_video.json()["error"]["error_data"]["details"]
        assert "video['id']" in as_video.json()["error"]["error_data"]["details"]
