"""Every row of Meta's error table, as an answer to a send and as a failed status."""

import pytest

from channels.contents import Text
from channels.envelope import Identity, OutboundMessage, StatusChanged
from channels.errors import (
    AccountBlocked,
    CredentialRefused,
    Fault,
    MediaRefused,
    NotNow,
    OptedOut,
    PairLimited,
    ProviderTrouble,
    RateLimited,
    SendError,
    TemplateRefused,
    Undeliverable,
    Unfit,
    Unproven,
    WindowClosed,
)
from channels.whatsapp_cloud.errors_table import KIND_OF_CODE
from channels.whatsapp_cloud.reading import read
from core.clock import Deadline
from core.models.people import IdentityKind
from tests.contracts.whatsapp_cloud.graph_server import adapter_to, graph_server, line, raw, refused, told
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID, status

# The table of section 5: code, HTTP status, and what it is to us.
TABLE: list[tuple[int, int, type[SendError]]] = [
    (0, 401, CredentialRefused),
    (190, 401, CredentialRefused),
    (3, 403, CredentialRefused),
    (10, 403, CredentialRefused),
    *((code, 403, CredentialRefused) for code in range(200, 300)),
    (131005, 403, CredentialRefused),
    (4, 400, RateLimited),
    (80007, 400, RateLimited),
    (130429, 400, RateLimited),
    (131056, 400, PairLimited),
    (131048, 400, AccountBlocked),
    (131049, 400, NotNow),
    (131050, 400, OptedOut),
    (130472, 400, Undeliverable),
    (131047, 400, WindowClosed),
    (131026, 400, Undeliverable),
    (131021, 400, Undeliverable),
    (131030, 400, Undeliverable),
    (131042, 400, AccountBlocked),
    (131031, 403, AccountBlocked),
    (368, 403, AccountBlocked),
    (130497, 403, AccountBlocked),
    (131045, 400, AccountBlocked),
    (133010, 400, AccountBlocked),
    (131000, 400, ProviderTrouble),
    (131016, 400, ProviderTrouble),
    (1, 400, ProviderTrouble),
    (2, 400, ProviderTrouble),
    (133004, 400, ProviderTrouble),
    (131057, 400, ProviderTrouble),
    (131008, 400, Unfit),
    (131009, 400, Unfit),
    (100, 400, Unfit),
    (33, 400, Unfit),
    (135000, 400, Unfit),
    (131051, 400, MediaRefused),
    (131052, 400, MediaRefused),
    (131053, 400, MediaRefused),
    (131062, 400, Undeliverable),
    (131063, 400, TemplateRefused),
    (131064, 400, TemplateRefused),
    (132000, 400, TemplateRefused),
    (132001, 404, TemplateRefused),
    (132005, 400, TemplateRefused),
    (132007, 400, TemplateRefused),
    (132008, 400, TemplateRefused),
    (132012, 400, TemplateRefused),
    (132015, 400, TemplateRefused),
    (132016, 400, TemplateRefused),
    (132068, 400, TemplateRefused),
    (132069, 400, TemplateRefused),
    (137000, 400, Undeliverable),
]
IN_5XX = [
    *((131000, 500), (131016, 503), (1, 500), (2, 503), (133004, 503), (131057, 500)),
    *((131005, 500), (131045, 500), (3, 500), (130429, 500), (132000, 502)),
]
MESSAGE = OutboundMessage(
    to=(Identity(kind=IdentityKind.PHONE, value="+5511987654321"),), content=Text(body="oi"), tag="9.1.ab"
)


async def answered(answer: bytes) -> SendError:
    async with graph_server(answer) as graph, adapter_to(graph) as adapter:
        with pytest.raises(SendError) as caught:
            await adapter.send(MESSAGE, line(), Deadline.after(5), starts_by=Deadline.after(5))
        return caught.value


class TestRefusal:
    async def test_every_code_is_the_refusal_that_the_table_says(self) -> None:
        answers = [refused(code, status=http_status) for code, http_status, _ in TABLE]
        async with graph_server(*answers) as graph, adapter_to(graph) as adapter:
            for code, _, kind in TABLE:
                with pytest.raises(SendError) as caught:
                    await adapter.send(MESSAGE, line(), Deadline.after(5), starts_by=Deadline.after(5))

                assert (type(caught.value), caught.value.code) == (kind, str(code))

    def test_no_code_is_known_that_the_table_does_not_have(self) -> None:
        assert {code: kind for code, _, kind in TABLE} == dict(KIND_OF_CODE)

    @pytest.mark.parametrize(
        ("http_status", "kind"), [(400, Unfit), (401, CredentialRefused), (403, CredentialRefused), (404, Unfit)]
    )
    async def test_a_code_that_nobody_told_us_of_goes_by_its_http_status(
        self, http_status: int, kind: type[SendError]
    ) -> None:
        assert type(await answered(refused(987654, status=http_status))) is kind

    async def test_a_code_written_as_a_string_counts(self) -> None:
        assert type(await answered(told({"error": {"code": "131047"}}, status=400))) is WindowClosed

    @pytest.mark.parametrize("code", [190, 0, 10, 131005])
    async def test_f25_an_expired_token_blocks_the_connection_and_not_the_message(self, code: int) -> None:
        error = await answered(refused(code, status=401))
        assert (error.blocks_connection, error.fault) == (True, Fault.OPERATOR)

    @pytest.mark.parametrize("code", [131031, 368, 130497, 131042, 133010, 131045, 131048])
    async def test_f25_a_blocked_number_blocks_the_connection_and_not_the_message(self, code: int) -> None:
        error = await answered(refused(code, status=403))
        assert (error.blocks_connection, error.fault) == (True, Fault.OPERATOR)

    @pytest.mark.parametrize(
        "error",
        [
            {"code": 100, "message": "Invalid appsecret_proof provided in the API argument"},
            {"code": 100, "message": "API calls from the server require an appsecret_proof argument"},
            {
                "code": 100,
                "error_subcode": 33,
                "message": "Unsupported post request. Object with ID '1' does not exist",
            },
        ],
    )
    async def test_f25_a_line_that_opens_nothing_is_not_the_fault_of_the_message(self, error: object) -> None:
        assert type(await answered(told({"error": error}, status=400))) is CredentialRefused

    async def test_no_error_tells_a_number_or_a_token(self) -> None:
        error = await answered(told({"error": {"code": 131026, "message": "+5511987654321 EAAG"}}, status=400))
        assert "55119" not in f"{error} {error.detail} {error.code}"
        assert "EAAG" not in f"{error} {error.detail} {error.code}"


class TestUnproven:
    @pytest.mark.parametrize(("code", "http_status"), IN_5XX)
    async def test_whatever_a_5xx_says_it_proves_nothing(self, code: int, http_status: int) -> None:
        async with graph_server(refused(code, status=http_status)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unproven) as caught:
                await adapter.send(MESSAGE, line(), Deadline.after(5), starts_by=Deadline.after(5))

        assert caught.value.reason == f"http_{http_status}"


class TestFailedStatus:
    def test_every_code_of_a_failed_status_is_the_kind_that_the_table_says(self) -> None:
        for code, _, kind in TABLE:
            [event] = read(status("failed", errors=[{"code": code, "title": "No"}]), PHONE_ID)
            assert isinstance(event, StatusChanged)
            assert event.error is not None
            assert (event.error.code, event.error.kind) == (str(code), kind.name)

    @pytest.mark.parametrize("errors", [[], [{}], [None], "x", {"code": 1}, [{"code": None}], [{"code": True}]])
    def test_a_failed_status_without_a_code_has_failed_all_the_same(self, errors: object) -> None:
        [event] = read(status("failed", errors=errors), PHONE_ID)
        assert isinstance(event, StatusChanged)
        assert event.error is None


class TestTooMany:
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"error":{}}', b'{"error":{"code":100}}', b"<html>"])
    async def test_a_429_is_always_throttling(self, body: bytes) -> None:
        assert type(await answered(raw(body, status=429))) is RateLimited

    async def test_a_429_for_one_pair_is_for_that_pair(self) -> None:
        assert type(await answered(refused(131056, status=429))) is PairLimited
