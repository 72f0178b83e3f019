"""Every other call of the adapter: the exact request, and what the answer becomes."""

import hashlib
from datetime import UTC, datetime

import pytest

from channels.base import KnownTemplate
from channels.errors import CredentialRefused, ProviderTrouble, RateLimited, Unfit
from core.clock import Deadline
from core.errors import Malformed
from core.http import TimedOut
from tests.contracts.whatsapp_cloud.graph_server import (
    PROOF,
    TOKEN,
    adapter_to,
    graph_server,
    line,
    raw,
    refused,
    told,
)
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID, WABA

PHONE = {
    "display_phone_number": "+55 11 3333-4444",
    "verified_name": "Padaria",
    "quality_rating": "GREEN",
    "status": "CONNECTED",
    "name_status": "APPROVED",
    "throughput": {"level": "STANDARD"},
    "whatsapp_business_manager_messaging_limit": "TIER_2K",
    "id": PHONE_ID,
}
TOKEN_DATA = {
    "app_id": "1",
    "type": "SYSTEM_USER",
    "is_valid": True,
    "expires_at": 1790000000,
    "data_access_expires_at": 1795000000,
    "scopes": ["whatsapp_business_management", "whatsapp_business_messaging"],
}
TEMPLATE = {
    "id": "900",
    "name": "pix_lembrete",
    "status": "APPROVED",
    "category": "UTILITY",
    "language": "pt_BR",
    "components": [{"type": "BODY", "text": "Oi {{nome}}"}],
    "quality_score": {"score": "GREEN", "date": 1},
}


def soon() -> Deadline:
    return Deadline.after(5)


class TestAcknowledge:
    @pytest.mark.parametrize(
        ("is_typing", "rest"), [(True, b',"typing_indicator":{"type":"text"}'), (False, b"")], ids=["typing", "read"]
    )
    async def test_a_message_is_marked_as_read_and_typing_is_shown_if_wanted(
        self, *, is_typing: bool, rest: bytes
    ) -> None:
        async with graph_server(told({"success": True})) as graph, adapter_to(graph) as adapter:
            await adapter.acknowledge("wamid.IN==", line(), soon(), is_typing=is_typing)

        [asked] = graph.asked
        assert (asked.method, asked.target) == ("POST", f"/v23.0/{PHONE_ID}/messages?appsecret_proof={PROOF}")
        assert asked.body == b'{"messaging_product":"whatsapp","status":"read","message_id":"wamid.IN=="' + rest + b"}"
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"

    async def test_a_refusal_is_told_to_the_caller(self) -> None:
        async with graph_server(refused(100)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unfit):
                await adapter.acknowledge("wamid.IN==", line(), soon(), is_typing=False)


class TestUpload:
    async def test_a_file_is_posted_as_a_form_in_these_very_bytes(self) -> None:
        data = b"\x89PNG\r\n\x00 bytes"
        boundary = hashlib.sha256(data).hexdigest()
        async with graph_server(told({"id": "4321"})) as graph, adapter_to(graph) as adapter:
            given = await adapter.upload(data, "image/png", line(), soon())

        [asked] = graph.asked
        assert given == "4321"
        assert (asked.method, asked.target) == ("POST", f"/v23.0/{PHONE_ID}/media?appsecret_proof={PROOF}")
        assert asked.headers["content-type"] == f"multipart/form-data; boundary={boundary}"
        mark = f"--{boundary}".encode()
        assert asked.body == b"\r\n".join(
            [
                *(mark, b'Content-Disposition: form-data; name="messaging_product"', b"", b"whatsapp"),
                *(mark, b'Content-Disposition: form-data; name="type"', b"", b"image/png"),
                *(mark, b'Content-Disposition: form-data; name="file"; filename="file"', b"Content-Type: image/png"),
                *(b"", data, mark + b"--", b""),
            ]
        )

    async def test_a_voice_note_keeps_the_whole_of_its_type(self) -> None:
        async with graph_server(told({"id": 4321})) as graph, adapter_to(graph) as adapter:
            assert await adapter.upload(b"OggS", "audio/ogg; codecs=opus", line(), soon()) == "4321"

            assert b'name="type"\r\n\r\naudio/ogg; codecs=opus\r\n' in graph.asked[0].body

    @pytest.mark.parametrize(
        ("size", "mime"),
        [
            *((0, "image/png"), (5 * 1024**2 + 1, "image/jpeg"), (500 * 1024 + 1, "image/webp")),
            *((16 * 1024**2 + 1, "audio/ogg"), (16 * 1024**2 + 1, "video/mp4"), (1, "text/html"), (1, "")),
            *((1, "image/png\r\nX: y"), (1, "image/svg+xml"), (1, 'image/png; a="b'), (1, "application/zip")),
        ],
    )
    async def test_a_file_that_whatsapp_does_not_take_is_refused_before_the_call(self, size: int, mime: str) -> None:
        async with graph_server(told({"id": "1"})) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Malformed) as caught:
                await adapter.upload(bytes(size), mime, line(), soon())

            assert graph.asked == []
            assert [error.field for error in caught.value.errors] == ["media"]

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id":""}', b'{"id":null}'])
    async def test_an_answer_without_an_id_is_trouble_of_the_provider(self, body: bytes) -> None:
        async with graph_server(raw(body)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(ProviderTrouble):
                await adapter.upload(b"x", "image/png", line(), soon())


class TestTemplates:
    async def test_the_list_is_asked_for_with_its_fields(self) -> None:
        async with graph_server(told({"data": [TEMPLATE]})) as graph, adapter_to(graph) as adapter:
            found = await adapter.list_templates(line(), soon())

        [asked] = graph.asked
        assert (asked.method, asked.path) == ("GET", f"/v23.0/{WABA}/message_templates")
        assert asked.query == {
            "fields": "name,status,category,language,components,quality_score",
            "limit": "200",
            "appsecret_proof": PROOF,
        }
        assert found == [
            KnownTemplate(
                provider_id="900",
                name="pix_lembrete",
                language="pt_BR",
                status="APPROVED",
                category="UTILITY",
                components=({"type": "BODY", "text": "Oi {{nome}}"},),
                quality="GREEN",
            )
        ]

    async def test_pages_are_followed_by_their_cursors_and_not_by_an_address(self) -> None:
        pages = [
            told(
                {
                    "data": [{**TEMPLATE, "id": str(number)}],
                    "paging": {"cursors": {"after": f"c{number}"}, "next": "http://169.254.169.254/x"},
                }
            )
            for number in range(3)
        ]
        last = told({"data": [{**TEMPLATE, "id": "3"}], "paging": {"cursors": {"after": "c3"}}})
        async with graph_server(*pages, last) as graph, adapter_to(graph) as adapter:
            found = await adapter.list_templates(line(), soon())

        assert [template.provider_id for template in found] == ["0", "1", "2", "3"]
        assert [asked.query.get("after") for asked in graph.asked] == [None, "c0", "c1", "c2"]

    async def test_pages_without_end_come_to_an_end(self) -> None:
        same = told({"data": [TEMPLATE], "paging": {"cursors": {"after": "c"}, "next": "x"}})
        async with graph_server(same) as graph, adapter_to(graph) as adapter:
            found = await adapter.list_templates(line(), soon())

        assert len(found) == 1
        assert len(graph.asked) == 2

    @pytest.mark.parametrize(
        "data", [None, "x", [None], [{}], [{"id": 1}], [{"id": "1", "name": "a"}], [{**TEMPLATE, "language": 5.5}]]
    )
    async def test_what_is_no_template_is_left_out(self, data: object) -> None:
        async with graph_server(told({"data": data, "paging": []})) as graph, adapter_to(graph) as adapter:
            assert await adapter.list_templates(line(), soon()) == []

    async def test_a_line_without_an_account_is_told_what_is_missing(self) -> None:
        async with graph_server(told({})) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Malformed, match="waba_id"):
                await adapter.list_templates(line(waba_id=None), soon())

    async def test_a_limit_is_passed_on(self) -> None:
        async with graph_server(refused(80007)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(RateLimited):
                await adapter.list_templates(line(), soon())


class TestCheck:
    async def test_the_number_and_its_token_are_asked_for(self) -> None:
        async with graph_server(told(PHONE), told({"data": TOKEN_DATA})) as graph, adapter_to(graph) as adapter:
            health = await adapter.check(line(), soon())

        number, token = graph.asked
        assert (number.method, number.path) == ("GET", f"/v23.0/{PHONE_ID}")
        assert number.query == {
            "fields": "display_phone_number,verified_name,quality_rating,status,name_status,throughput,"
            "whatsapp_business_manager_messaging_limit",
            "appsecret_proof": PROOF,
        }
        assert (token.method, token.path) == ("GET", "/v23.0/debug_token")
        assert token.query == {"input_token": TOKEN, "appsecret_proof": PROOF}
        assert health.token_expires_at == datetime.fromtimestamp(1790000000, UTC)
        assert health.detail == {
            "phone": PHONE,
            "quality": "GREEN",
            "status": "CONNECTED",
            "messaging_limit": "TIER_2K",
            "throughput": "STANDARD",
            "scopes": ["whatsapp_business_management", "whatsapp_business_messaging"],
            "missing_scopes": [],
            "data_access_expires_at": "2026-11-18T11:06:40+00:00",
        }
        assert TOKEN not in str(health)

    async def test_a_permission_that_is_missing_is_named(self) -> None:
        data = {**TOKEN_DATA, "scopes": ["whatsapp_business_management"], "expires_at": 0}
        async with graph_server(told(PHONE), told({"data": data})) as graph, adapter_to(graph) as adapter:
            health = await adapter.check(line(), soon())

        assert health.detail["missing_scopes"] == ["whatsapp_business_messaging"]
        assert health.token_expires_at is None

    async def test_a_token_that_may_not_ask_about_itself_is_no_trouble(self) -> None:
        async with graph_server(told(PHONE), refused(100)) as graph, adapter_to(graph) as adapter:
            health = await adapter.check(line(), soon())

        assert (health.detail["status"], health.token_expires_at) == ("CONNECTED", None)

    @pytest.mark.parametrize(
        "answers", [[refused(190, status=401)], [told(PHONE), told({"data": {"is_valid": False}})]]
    )
    async def test_a_token_that_opens_nothing_is_a_refused_credential(self, answers: list[bytes]) -> None:
        async with graph_server(*answers) as graph, adapter_to(graph) as adapter:
            with pytest.raises(CredentialRefused):
                await adapter.check(line(), soon())

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
    async def test_an_answer_that_says_nothing_is_trouble_of_the_provider(self, body: bytes) -> None:
        async with graph_server(raw(body)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(ProviderTrouble):
                await adapter.check(line(), soon())

    async def test_a_5xx_is_trouble_of_the_provider(self) -> None:
        async with graph_server(refused(2, "Retry-After: 9", status=503)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(ProviderTrouble) as caught:
                await adapter.check(line(), soon())

        assert caught.value.retry_after == 9.0

    async def test_a_server_that_says_nothing_is_left_at_the_deadline(self) -> None:
        async with graph_server(b"") as graph, adapter_to(graph) as adapter:
            with pytest.raises(TimedOut):
                await adapter.check(line(), Deadline.after(0.2))
