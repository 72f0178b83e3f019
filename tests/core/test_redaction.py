"""What may and may not be read of a text, a value and a field."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy.exc import IntegrityError

from core.redaction import MASK, redact, redact_field, redact_text

ID: Final = UUID("01997c1e-5511-7987-9551-198765432100")  # with a telephone number in it
KEY: Final = b64encode(sha256(b"7").digest()).decode()
JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.s5Gd-Xq0"
PEM: Final = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"

HIDDEN: Final = [
    ("Authorization: Bearer abc.def-123", "abc.def-123", "Authorization"),
    ("sent bearer ABCDEF to it", "ABCDEF", "to it"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "Authorization"),
    ("Proxy-Authorization: Digest username=ana, response=6629fae4", "6629fae4", "Proxy"),
    ("basic dXNlcjpwYXNz refused", "dXNlcjpwYXNz", "refused"),
    ("Incorrect API key provided: sk-proj-abcdEFGH1234 (401)", "abcdEFGH1234", "(401)"),
    ("key sk-ant-api03-xxYYzz1234567 expired", "xxYYzz", "expired"),
    ("stripe sk_live_51HabcdEFGH failed", "51Habcd", "failed"),
    ("graph said EAAGm0PX4ZCpsBAKZCxyz no", "EAAGm0PX4ZCps", "graph said"),
    ("POST https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0/getMe", "AAHdqTcv", "/getMe"),
    ("postgresql://masteria:hunter2@db:5432/app refused", "hunter2", "db:5432/app refused"),
    ("postgresql+asyncpg://masteria:p/w@2@db/app", "p/w", "@db/app"),
    ("redis://:hunter2@127.0.0.1:6379/0", "hunter2", "127.0.0.1:6379/0"),
    ("GET https://ana:hunter2@shop.example/orders?page=2", "hunter2", "/orders?page=2"),
    ("GET /hooks?access_token=abcd&page=2", "abcd", "page=2"),
    ("GET /hooks?t=SECRETO&x=1", "SECRETO", "x=1"),
    ("GET /cb?code=4/0AX4&scope=a", "4/0AX4", "scope=a"),
    ("GET /s3/f?X-Amz-Signature=deadbeef&X-Amz-Date=20261121T114400Z", "deadbeef", "20261121T114400Z"),
    ("GET /webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=zebra", "zebra", "hub.mode=subscribe"),
    ("next=https%3A%2F%2Fx%3Ftoken%3Dzebra", "zebra", "next=https"),
    ("WebSocket /voice/retell/abc123/call_9 [accepted]", "abc123", "/call_9 [accepted]"),
    ("POST /webhooks/in/9f8e7d6c 200", "9f8e7d6c", "200"),
    ("connect failed: password=hunter2 host=db", "hunter2", "host=db"),
    ("{'password': 'two words', 'host': 'db'}", "two words", "'host': 'db'"),
    ('{"api_key": "zebra", "port": 8000}', "zebra", '"port": 8000'),
    ('"{\\"secret\\": \\"zebra\\", \\"port\\": 8000}"', "zebra", "8000"),
    ("{'token': ['a', 'zebra']}", "zebra", "token"),
    ("Creds(token=Token(value='zebra'))", "zebra", "Creds"),
    ("[(b'x-api-key', b'zebra'), (b'host', b'db')]", "zebra", "(b'host', b'db')"),
    ("masteria connect telegram --token zebra --json", "zebra", "--json"),
    ("['connect', '--app-secret', 'zebra', '--json']", "zebra", "--json"),
    ("/vincular K7Q2 from group -1001234567890", "K7Q2", "from group -1001234567890"),
    ("cookie: session=abc; theme=dark\nhost: db", "abc", "host: db"),
    ("X-Hub-Signature-256: sha256=0123abcd", "0123abcd", "Signature"),
    ("senha: zebra\nok", "zebra", "ok"),
    ("session_id=zebra port=80", "zebra", "port=80"),
    ("MASTERIA_SECRET_KEYS=k1:AAAA", "AAAA", "MASTERIA_"),
    (f"jwt {JWT} expired", JWT, "expired"),
    (f"key is {PEM} here", "MIIEvQ", "here"),
    ("cut off -----BEGIN RSA PRIVATE KEY-----\nMIIEvQIB", "MIIEvQ", "cut off"),
    (f"data key {KEY} unwrapped", KEY, "unwrapped"),
    (f"digest {'0a' * 32} made", "0a0a", "made"),
    ("liguei para +55 (11) 98765-4321 hoje", "98765", "hoje"),
    ("to +5511987654321.", "87654321", "to "),
    ("to +1 415-555-2671 now", "555", "now"),
    ("whatsapp:%2B14155552671 now", "14155552671", "now"),
    ("wa_id 5511987654321 now", "87654321", "now"),
    ("session-551187654321.db", "87654321", "session-"),
    ("ligue (11) 3456-7890 já", "3456", "já"),
    ("ligue 11 98765-4321 já", "98765", "já"),
    ("ligue 11987654321 já", "87654321", "já"),
    ("ligue 11 9 8765-4321 já", "8765", "já"),
    ("ligue 98765-4321 já", "98765", "já"),
    ("5511987654321@s.whatsapp.net connected", "87654321", "connected"),
    ("contact ana.souza+loja@exemplo.com.br bounced", "souza", "bounced"),
    ("cpf 529.982.247-25 repeated", "982", "repeated"),
    ("buyer 529982247-25 repeated", "982", "repeated"),
    ("buyer 52998224725 repeated", "52998224725", "repeated"),
    ("cnpj 11.222.333/0001-81 repeated", "222", "repeated"),
    ("cnpj 12.ABC.345/01DE-35 repeated", "ABC", "repeated"),
    ("seller 11222333000181 repeated", "11222333000181", "repeated"),
    ("accepted wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFDNB as sent", "NNTUxMTk", "as sent"),
    ("webhook {'text': 'Oi, sou a Ana', 'id': 7}", "sou a Ana", "'id': 7"),
    ('{"body": "Oi, \\"Ana\\"", "id": 7}', "Ana", '"id": 7'),
    ("Message(text='Oi, Ana', kind='text')", "Oi, Ana", "kind='text'"),
    ("DETAIL:  Key (value)=(ana) already exists.\nnext", "(ana)", "Key (value)="),
    ("DETAIL:  Failing row contains (7, Ana, null).\nnext", "Ana", "next"),
    ("red\x1b[31malert", "\x1b", "alert"),
]
KEPT: Final = [
    str(ID),
    ID.hex,
    f"/conversations/{ID}/messages",
    "2026-11-21T11:44:00.123456+00:00",
    "2026-11-21 11:44:00,123 started",
    "1763725636.123456",
    "1763725636123",
    "20261121114400",
    "listening on 127.0.0.1:8000 and [::1]:65535",
    "prompt_tokens=512 max_tokens: 1024 token_count=3",
    "api_key_id=7 cookie_name=sid token_expires_at=1763725636",
    "the basic information of a tokenizer and a secretary",
    "phone_number_id=106540352242922",
    'File "/srv/masteria/core/token.py", line 12, in open_token',
    "Task automation.tasks.campaign_chunk succeeded in 0.12s",
    "chat -1001234567890, user 7012345678",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "/usr/lib/python3.11/site-packages/Some_Package-2/TestDeliver/test_a_line_is_never_torn_in_1_part",
    "celery@worker-1 ready, 12345678901234567890 done",
    "gpt-4o answered: content: none, text=5",
    "pages 2024-2025, 10.0.0.11, v1.22.333",
    "Não consegui conectar em DATABASE_URL (127.0.0.1:5433)",
]


class TestRedactText:
    @pytest.mark.parametrize(("text", "secret", "rest"), HIDDEN)
    def test_what_is_secret_or_personal_goes_and_the_rest_stays(self, text: str, secret: str, rest: str) -> None:
        redacted = redact_text(text)

        assert secret not in redacted
        assert rest in redacted

    @pytest.mark.parametrize("text", KEPT)
    def test_ids_moments_ports_and_counts_stay_as_they_are(self, text: str) -> None:
        assert redact_text(text) == text

    @given(st.uuids(), st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)), st.integers(0, 10**9))  # noqa: DTZ001 - hypothesis wants it naive
    def test_any_id_moment_and_count_survives(self, ident: UUID, moment: datetime, count: int) -> None:
        text = f"turn {ident} at {moment.isoformat()} took {count} rows on port {count % 65536}"

        assert redact_text(text) == text

    @pytest.mark.parametrize("seed", range(50))
    def test_key_material_does_not_look_like_anything_else(self, seed: int) -> None:
        key = b64encode(sha256(bytes([seed])).digest()).decode()

        assert redact_text(f"key {key}") == f"key {MASK}"

    @pytest.mark.parametrize("text", [text for text, _, _ in HIDDEN])
    def test_a_second_pass_changes_nothing(self, text: str) -> None:
        once = redact_text(text)

        assert redact_text(once) == once

    @pytest.mark.parametrize("piece", ['token\\"', "a@", "pin:", "Aa1", "eyJaaaaaa.", "://", "Key (", "'text' : ", "("])
    def test_a_hostile_text_costs_one_pass(self, piece: str) -> None:
        assert len(redact_text(piece * (200_000 // len(piece)))) < 200_000


class Colour(StrEnum):
    RED = "red"


@dataclass
class Contact:
    phone: str = "+5511987654321"


class TestRedact:
    def test_plain_values_stay(self) -> None:
        moment = datetime(2026, 11, 21, 11, 44, tzinfo=UTC)

        assert redact([True, None, 8000, 0.5, Colour.RED]) == [True, None, 8000, 0.5, "red"]
        assert redact([ID, moment, Path("/var/lib"), Decimal("1.5")]) == [str(ID), str(moment), "/var/lib", "1.5"]

    def test_secrets_are_found_at_any_depth(self) -> None:
        value = {"a": [{"headers": [("X-Api-Key", "zebra"), (b"cookie", b"zebra")], "note": ("+5511987654321",)}]}

        assert redact(value) == {"a": [{"headers": [["X-Api-Key", MASK], ["cookie", MASK]], "note": ["[phone]"]}]}

    def test_an_object_shows_its_type_only(self) -> None:
        assert redact([Contact(), SecretStr("zebra"), b"zebra"]) == ["<Contact>", "<SecretStr>", "[5 bytes]"]

    def test_an_exception_shows_its_redacted_message(self) -> None:
        assert redact(ValueError("token=zebra")) == f"ValueError: token={MASK}"

    def test_what_json_cannot_hold_becomes_text(self) -> None:
        assert redact([float("nan"), float("inf"), 1 << 20_000]) == ["nan", "inf", "[number]"]

    def test_a_value_that_holds_itself_ends(self) -> None:
        value: list[object] = []
        value.append(value)

        assert "[deep]" in json.dumps(redact(value))


class TestRedactField:
    @pytest.mark.parametrize(
        "name",
        [
            *("password", "accessToken", "X-Hub-Signature-256", "DATABASE_DSN", "app_secret", "Set-Cookie", "apiKey"),
            *("wa_id", "authorization", "customer.phone", "contact_email", "cpf", "session_id", "link_code", "otp"),
        ],
    )
    def test_a_secret_or_personal_name_hides_any_value(self, name: str) -> None:
        assert redact_field(name, {"zebra": 1234}) == MASK
        assert redact_field(name, 1234) == MASK

    @pytest.mark.parametrize(
        "name", ["prompt_tokens", "token_count", "api_key_id", "phone_number_id", "cookie_name", "spinning", "design"]
    )
    def test_a_name_that_only_resembles_one_does_not(self, name: str) -> None:
        assert redact_field(name, 1234) == 1234

    def test_whether_there_is_a_secret_is_no_secret(self) -> None:
        assert redact_field("token", None) is None
        assert redact_field("signature_valid", value=True) is True

    @pytest.mark.parametrize("name", ["text", "body", "payload", "content", "message_text", "rawBody", "caption"])
    def test_a_body_is_replaced_by_its_length(self, name: str) -> None:
        assert redact_field(name, "Oi, Ana") == "[7 long]"
        assert redact_field(name, b"Oi, Ana") == "[7 long]"
        assert redact_field(name, {"a": 1}) == "[1 long]"
        assert redact_field(name, Contact()) == MASK

    def test_the_kind_of_a_body_stays(self) -> None:
        assert redact_field("content_type", "text/plain") == "text/plain"


class TestQuotedInput:
    def test_the_row_that_a_database_error_quotes_is_hidden(self) -> None:
        origin = Exception("duplicate key\nDETAIL:  Key (tenant_id, value)=(7, ana) already exists.")
        error = IntegrityError("INSERT INTO identities VALUES ($1)", {"name": "Ana]"}, origin)
        error.code = "gkpj"

        redacted = redact_text(str(error))

        assert "ana" not in redacted.lower()
        assert "INSERT INTO identities" in redacted
        assert "Background on this error" in redacted

    def test_the_input_that_a_validation_error_quotes_is_hidden(self) -> None:
        class Item(BaseModel):
            size: int

        with pytest.raises(ValidationError) as caught:
            Item.model_validate({"size": "meu nome é Ana"})

        assert "Ana" not in redact_text(str(caught.value))


CANARY: Final = "kanarienvogel"
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.uuids()
    | st.decimals(allow_nan=False)
)
values = st.recursive(
    scalars | st.builds(object) | st.builds(ValueError, st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(scalars, inner) | st.tuples(inner, inner) | st.frozensets(scalars),
    max_leaves=20,
)
prefixes = st.sampled_from(["", "app_", "X-", "the.", "webhook"])
secret_names = st.sampled_from(["password", "Secret", "token", "api_key", "Authorization", "cookie", "signature"])


class TestAnyValue:
    @given(value=values, name=st.text(min_size=1))
    def test_redaction_never_raises_and_always_gives_json(self, value: object, name: str) -> None:
        json.dumps(redact_field(name, value))
        json.dumps(redact(value))

    @given(prefix=prefixes, name=secret_names, around=values, wrap=st.sampled_from([str, repr, json.dumps, list, dict]))
    def test_a_canary_under_a_secret_name_never_comes_through(
        self, prefix: str, name: str, around: object, wrap: Callable[[Any], object]
    ) -> None:
        secret = {prefix + name: CANARY}

        assert CANARY not in json.dumps(redact([around, wrap(secret) if wrap is not list else list(secret.items())]))

    @given(st.text(), st.text())
    def test_any_text_can_be_redacted(self, before: str, after: str) -> None:
        assert CANARY not in redact_text(f"{before} password={CANARY} {after}")
