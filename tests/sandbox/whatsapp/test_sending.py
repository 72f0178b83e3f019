"""`POST /{phone_id}/messages` on the wire: what is answered, what is refused and in which words."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.ledger import Call, Outcome
from sandbox.whatsapp.accounts import Number, Pace
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.limits import Rate
from sandbox.whatsapp.people import NinthDigit
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, ANA_ID, BETO, NUMBER, SECRET, TOKEN, account, text

MESSAGES = f"/{NUMBER}/messages"


async def send(meta: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await meta.post(MESSAGES, json=body)


def code_of(answer: httpx.Response) -> int:
    code: int = answer.json()["error"]["code"]
    return code


def last_call(sandbox: Sandbox) -> Call:
    return list(sandbox.ledger.calls)[-1]


@pytest.mark.usefixtures("ana")
class TestAnswer:
    async def test_it_is_metas_to_the_letter(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        answer = await send(meta, text())

        wamid = answer.json()["messages"][0]["id"]
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
        assert answer.json() == {
            "messaging_product": "whatsapp",
            "contacts": [{"input": ANA, "wa_id": ANA_ID}],
            "messages": [{"id": wamid}],
        }
        assert wamid.startswith("wamid.HBgN")
        assert last_call(sandbox).wamid == wamid

    @pytest.mark.parametrize("version", ["v17.0", "v23.0", "v26.0", "v99.9"])
    async def test_every_version_is_served(self, sandbox: Sandbox, version: str) -> None:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            assert (await client.post(f"{sandbox.url}/{version}{MESSAGES}", json=text())).status_code == 200

    async def test_the_ledger_has_what_was_sent(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        body = text("Olá, Ana!", biz_opaque_callback_data="reply:9:1.2.0a1b2c3d")
        await send(meta, body)

        [accepted] = sandbox.ledger.accepted_for("reply:9:1")
        assert (accepted.kind, accepted.text, accepted.recipient) == ("text", "Olá, Ana!", ANA_ID)
        assert (accepted.tag, accepted.phone_id) == ("reply:9:1.2.0a1b2c3d", NUMBER)
        assert json.loads(accepted.body) == body
        assert sandbox.whatsapp.accepted_to(ANA) == (accepted,)
        call = last_call(sandbox)
        assert (call.outcome, call.body, call.number) == (Outcome.ACCEPTED, accepted.body, accepted.call)
        assert call.at.monotonic_ns <= accepted.at.monotonic_ns

    async def test_no_id_comes_twice(self, meta: httpx.AsyncClient) -> None:
        wamids = [(await send(meta, text())).json()["messages"][0]["id"] for _ in range(20)]

        assert len(set(wamids)) == 20

    async def test_another_run_with_the_same_seed_has_other_ids(self) -> None:
        wamids = set()
        for _ in range(2):
            async with Sandbox.open(seed=5) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as client:
                await sandbox.whatsapp.connect(account())
                wamids.add(sandbox.whatsapp.customer(ANA, of=NUMBER).says("oi"))
                headers = {"Authorization": f"Bearer {TOKEN}"}
                answer = await client.post(f"/v23.0{MESSAGES}", json=text(), headers=headers)
                wamids.add(answer.json()["messages"][0]["id"])

        assert len(wamids) == 4


class TestRecipient:
    @pytest.mark.parametrize(
        ("to", "wa_id"),
        [
            ("+5511987654321", "5511987654321"),
            ("5511987654321", "5511987654321"),
            ("+55 (11) 98765-4321", "5511987654321"),
            ("+551187654321", "5511987654321"),
            ("11987654321", "5511987654321"),
            ("+5531987654321", "553187654321"),
            ("+553187654321", "553187654321"),
            ("+551133334444", "551133334444"),
            ("+14155550100", "14155550100"),
        ],
    )
    async def test_the_answer_names_the_wa_id(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number, to: str, wa_id: str
    ) -> None:
        if wa_id == "551133334444":
            await sandbox.whatsapp.connect(account(display_phone_number="+551155556666"))
        sandbox.whatsapp.customer(to if to.startswith("+") else f"+{wa_id}", of=number.id).says("oi")

        answer = await send(meta, text(to=to))

        assert answer.json()["contacts"] == [{"input": to, "wa_id": wa_id}]

    async def test_a_person_is_one_however_he_is_written(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        sandbox.whatsapp.customer("+5531987654321", of=number.id).says("oi")
        for to in ("+5531987654321", "+553187654321"):
            assert (await send(meta, text(to=to))).status_code == 200

        assert len(sandbox.whatsapp.accepted_to("+5531987654321")) == 2

    async def test_the_rewriting_is_set_for_one_or_for_all(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        sandbox.whatsapp.people.ninth_digit = NinthDigit.DROPPED
        sandbox.whatsapp.people.rewrite(BETO, "5511912340000")
        for phone in (ANA, BETO):
            sandbox.whatsapp.customer(phone, of=number.id).says("oi")

        answers = [await send(meta, text(to=to)) for to in (ANA, BETO)]

        assert [answer.json()["contacts"][0]["wa_id"] for answer in answers] == ["551187654321", "5511912340000"]

    async def test_a_user_id_is_a_recipient_and_to_wins(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        sandbox.whatsapp.customer(user_id="BR.1502576394655843", of=number.id).says("oi")
        sandbox.whatsapp.customer(ANA, of=number.id, user_id="BR.77").says("oi")
        by_id = {key: value for key, value in text().items() if key != "to"} | {"recipient": "BR.1502576394655843"}

        hidden = await send(meta, by_id)
        known = await send(meta, by_id | {"recipient": "BR.77"})
        both = await send(meta, by_id | {"to": ANA})

        assert hidden.json()["contacts"] == [{"input": "BR.1502576394655843", "user_id": "BR.1502576394655843"}]
        assert known.json()["contacts"] == [{"input": "BR.77", "wa_id": ANA_ID, "user_id": "BR.77"}]
        assert both.json()["contacts"] == [{"input": ANA, "wa_id": ANA_ID, "user_id": "BR.77"}]
        assert len(sandbox.ledger.accepted_to(ANA_ID)) == 2
        assert len(sandbox.ledger.accepted_to("BR.1502576394655843")) == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"to": None}, 131008),
            ({"to": 5511987654321}, 100),
            ({"to": "+55"}, 131009),
            ({"to": "ana"}, 131009),
            ({"to": ""}, 131009),
            ({"to": None, "recipient": "nobody"}, 131009),
            ({"to": None, "recipient": "BR.404"}, 131026),
            ({"to": "+551133334444"}, 131021),
            ({"recipient_type": "group"}, 131009),
        ],
    )
    @pytest.mark.usefixtures("ana")
    async def test_one_that_cannot_be_is_refused(
        self, meta: httpx.AsyncClient, change: dict[str, Any], code: int
    ) -> None:
        assert code_of(await send(meta, text() | change)) == code

    async def test_a_test_number_reaches_its_list_only(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        await sandbox.whatsapp.connect(account(allowed_recipients=frozenset({ANA})))
        for phone in (ANA, BETO):
            sandbox.whatsapp.customer(phone, of=NUMBER).says("oi")

        assert (await send(meta, text())).status_code == 200
        assert code_of(await send(meta, text(to=BETO))) == 131030


class TestWindow:
    async def test_who_never_wrote_gets_templates_only(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        answer = await send(meta, text())

        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, 131047)
        assert error["message"] == "(#131047) Re-engagement message"
        assert "24 hours" in error["error_data"]["details"]
        call = last_call(sandbox)
        assert (call.outcome, call.code, call.phone_id) == (Outcome.REFUSED, 131047, number.id)

    async def test_it_closes_24_hours_after_the_last_message(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer
    ) -> None:
        await sandbox.clock.turn(timedelta(hours=23, minutes=59))
        assert (await send(meta, text())).status_code == 200
        ana.says("ainda aqui")
        await sandbox.clock.turn(timedelta(hours=23, minutes=59))
        assert (await send(meta, text())).status_code == 200

        await sandbox.clock.turn(timedelta(minutes=1))

        assert code_of(await send(meta, text())) == 131047

    @pytest.mark.usefixtures("ana")
    async def test_each_number_has_a_window_of_its_own(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        await sandbox.whatsapp.connect(account(phone_id="222", display_phone_number="+551144445555"))

        assert code_of(await meta.post("/222/messages", json=text())) == 131047


class TestRefusals:
    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"messaging_product":"telegram"}', b"null"]
    )
    @pytest.mark.usefixtures("number")
    async def test_what_is_no_message_is_refused_and_in_the_ledger(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, body: bytes
    ) -> None:
        answer = await meta.post(MESSAGES, content=body)

        assert answer.status_code == 400
        call = last_call(sandbox)
        assert (call.outcome, call.body, call.code) == (Outcome.REFUSED, body, code_of(answer))

    @pytest.mark.usefixtures("ana")
    async def test_an_error_has_every_part(self, meta: httpx.AsyncClient) -> None:
        error = (await send(meta, text("x" * 4097))).json()["error"]

        assert error == {
            "message": "(#131009) Parameter value is not valid",
            "type": "OAuthException",
            "code": 131009,
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "Param text.body length invalid. Min length: 1, Max length: 4096.",
            },
            "fbtrace_id": error["fbtrace_id"],
        }

    @pytest.mark.parametrize("change", [{"biz_opaque_callback_data": "x" * 513}, {"biz_opaque_callback_data": 7}])
    @pytest.mark.usefixtures("ana")
    async def test_a_tag_is_a_short_text(self, meta: httpx.AsyncClient, change: dict[str, Any]) -> None:
        assert (await send(meta, text(**change))).status_code == 400
        assert (await send(meta, text(biz_opaque_callback_data="x" * 512))).status_code == 200

    @pytest.mark.parametrize(
        ("status", "code"),
        [("BANNED", 131031), ("RESTRICTED", 131031), ("RATE_LIMITED", 131048), ("DISCONNECTED", 133010)],
    )
    async def test_a_number_that_was_stopped_sends_nothing(
        self, meta: httpx.AsyncClient, ana: Customer, status: str, code: int
    ) -> None:
        ana.number.status = status

        assert code_of(await send(meta, text())) == code

    async def test_one_that_is_flagged_still_sends(self, meta: httpx.AsyncClient, ana: Customer) -> None:
        ana.number.status = "FLAGGED"

        assert (await send(meta, text())).status_code == 200


@pytest.mark.usefixtures("number")
class TestTokens:
    @pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic x", ""])
    async def test_a_wrong_token_is_190(self, sandbox: Sandbox, header: str) -> None:
        async with httpx.AsyncClient(headers={"Authorization": header}) as client:
            answer = await client.post(f"{sandbox.url}/v23.0{MESSAGES}", json=text())

        assert (answer.status_code, code_of(answer)) == (401, 190)
        assert last_call(sandbox).outcome is Outcome.REFUSED

    async def test_one_that_was_taken_back_has_expired(self, meta: httpx.AsyncClient, number: Number) -> None:
        number.token_is_valid = False

        error = (await send(meta, text())).json()["error"]

        assert (error["code"], error["error_subcode"]) == (190, 463)

    async def test_one_of_another_account_may_not(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        other = account(
            phone_id="999", waba_id="888", access_token="other", app_id="1", display_phone_number="+551155556666"
        )
        await sandbox.whatsapp.connect(other)

        answer = await meta.post("/999/messages", json=text())

        assert (answer.status_code, code_of(answer)) == (403, 131005)

    async def test_a_number_that_is_nobodys_is_unknown(self, meta: httpx.AsyncClient) -> None:
        answer = await meta.post("/404/messages", json=text())

        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["error_subcode"]) == (400, 100, 33)

    async def test_the_proof_is_asked_for_where_it_is_required(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        await sandbox.whatsapp.connect(account(requires_proof=True))
        sandbox.whatsapp.customer(ANA, of=NUMBER).says("oi")
        missing = await send(meta, text())
        wrong = await meta.post(MESSAGES, json=text(), params={"appsecret_proof": "7e0b"})
        right = await meta.post(MESSAGES, json=text(), params={"appsecret_proof": _proof()})
        in_body = await send(meta, text(appsecret_proof=_proof()))

        assert "require an appsecret_proof" in missing.json()["error"]["message"]
        assert "Invalid appsecret_proof" in wrong.json()["error"]["message"]
        assert (right.status_code, in_body.status_code) == (200, 200)


def _proof() -> str:
    return hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()


class TestReading:
    @pytest.mark.parametrize("typing", [{}, {"typing_indicator": {"type": "text"}}])
    async def test_a_mark_is_answered_and_is_no_message(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer, typing: dict[str, Any]
    ) -> None:
        mark = {"messaging_product": "whatsapp", "status": "read", "message_id": ana.says("oi"), **typing}

        answer = await send(meta, mark)

        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert (last_call(sandbox).outcome, sandbox.ledger.taken) == (Outcome.READ, 0)

    @pytest.mark.parametrize(
        "change", [{"message_id": "wamid.404"}, {"message_id": None}, {"status": "unread"}, {"typing_indicator": {}}]
    )
    async def test_a_wrong_mark_is_refused(
        self, meta: httpx.AsyncClient, ana: Customer, change: dict[str, Any]
    ) -> None:
        mark = {"messaging_product": "whatsapp", "status": "read", "message_id": ana.says("oi")}

        assert (await send(meta, mark | change)).status_code == 400


class TestLimits:
    async def test_a_number_has_a_throughput_in_and_out(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        for phone_id in (NUMBER, "222"):
            pace = Pace(per_second=0.1, pair_seconds=None)
            await sandbox.whatsapp.connect(account(phone_id=phone_id, pace=pace))
            sandbox.whatsapp.customer(ANA, of=phone_id).person.wrote_at[phone_id] = sandbox.clock.seconds()
        sandbox.whatsapp.customer(ANA, of="222").says("this uses up what the number may carry")

        answers = [await meta.post(f"/{phone_id}/messages", json=text()) for phone_id in (NUMBER, NUMBER, "222")]

        assert [answer.status_code for answer in answers] == [200, 400, 400]
        assert [code_of(answer) for answer in answers[1:]] == [130429, 130429]

    async def test_a_person_has_a_rate_of_his_own(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        await sandbox.whatsapp.connect(account(pace=Pace(pair_burst=3)))
        for phone in (ANA, BETO):
            sandbox.whatsapp.customer(phone, of=NUMBER).says("oi")

        to_ana = [await send(meta, text()) for _ in range(4)]
        to_beto = await send(meta, text(to=BETO))

        assert [answer.status_code for answer in to_ana] == [200, 200, 200, 400]
        assert code_of(to_ana[-1]) == 131056
        assert to_beto.status_code == 200

    async def test_without_a_pace_they_are_metas(self, sandbox: Sandbox) -> None:
        ordinary = await sandbox.whatsapp.connect(account(pace=None))
        shared = await sandbox.whatsapp.connect(account(pace=None, phone_id="2", is_coexistence=True))

        assert [_taken_at_once(number.per_second) for number in (ordinary, shared)] == [80, 20]
        assert _taken_at_once(ordinary.pair) == 45

    async def test_one_message_to_a_person_is_regained_in_six_seconds(self) -> None:
        rate = Rate(rate=1 / 6, burst=45)
        assert sum(rate.take("5511", 1.0) for _ in range(100)) == 45

        assert [rate.take("5511", at) for at in (6.9, 7.1, 7.2, 13.1)] == [False, True, False, True]

    @pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
    async def test_a_rate_lets_something_through(self, rate: float, burst: float) -> None:
        with pytest.raises(ValueError, match="burst"):
            Rate(rate=rate, burst=burst)

    async def test_who_is_idle_is_forgotten(self) -> None:
        rate = Rate(rate=1, burst=2)
        for number in range(20_000):
            assert rate.take(f"{number}", float(number))

        assert len(rate) < 11_000


def _taken_at_once(rate: Rate | None) -> int:
    assert rate is not None
    return sum(rate.take("5511", 1.0) for _ in range(200))
