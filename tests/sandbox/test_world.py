"""The sandbox as a whole: it opens, settles, starts again, and ends."""

from datetime import timedelta

import httpx
import pytest

from sandbox.clock import ClockHeld
from sandbox.faults import DropBefore
from sandbox.ledger import Bounds
from sandbox.whatsapp.accounts import Number, Pace
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.status_plan import PROMPT, StatusSettings
from sandbox.whatsapp.templates import Review, TemplateStatus
from sandbox.whatsapp.webhooks import WebhookSettings
from sandbox.world import Sandbox, Unsettled
from tests.sandbox.numbers import NUMBER, TOKEN, WABA, account, text
from tests.sandbox.receiving import Receiver


class TestOpen:
    async def test_it_listens_on_loopback_only(self) -> None:
        async with Sandbox.open() as sandbox:
            assert sandbox.url.startswith("http://127.0.0.1:")

    async def test_a_port_that_is_taken_is_refused(self, sandbox: Sandbox) -> None:
        port = int(sandbox.url.rpartition(":")[2])

        with pytest.raises(OSError, match="in use"):
            async with Sandbox.open(port=port):
                pass

    async def test_two_side_by_side_know_nothing_of_each_other(self, sandbox: Sandbox) -> None:
        async with Sandbox.open() as other:
            await other.whatsapp.connect(account())
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with httpx.AsyncClient(headers=headers) as client:
                assert (await client.get(f"{other.url}/v23.0/{NUMBER}")).status_code == 200
                assert (await client.get(f"{sandbox.url}/v23.0/{NUMBER}")).status_code == 401

    async def test_the_bounds_of_the_ledger_are_a_setting(self) -> None:
        async with Sandbox.open(bounds=Bounds(entries=1)) as sandbox, httpx.AsyncClient() as client:
            for _ in range(2):
                await client.post(f"{sandbox.url}/v23.0/1/messages", json=text())

            assert (sandbox.ledger.called, sandbox.ledger.forgotten) == (2, 1)

    async def test_whoever_opens_it_hears_of_every_turn(self) -> None:
        shifts: list[timedelta] = []

        async def follow(shift: timedelta) -> None:
            shifts.append(shift)

        async with Sandbox.open(on_turn=follow) as sandbox:
            await sandbox.clock.turn(timedelta(hours=3))

        assert shifts == [timedelta(hours=3)]

    async def test_it_turns_no_clock_that_is_held(self) -> None:
        async def refuse(_: timedelta) -> None:
            raise ClockHeld

        async with Sandbox.open(on_turn=refuse) as sandbox, httpx.AsyncClient() as client:
            answer = await client.post(f"{sandbox.url}/_sandbox/clock/turn", json={"seconds": 60})

            assert (answer.status_code, sandbox.clock.shift) == (409, timedelta(0))
            assert "ensaios" in answer.text


class TestSettle:
    async def test_it_returns_when_all_is_told(self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer) -> None:
        sandbox.whatsapp.statuses.settings = PROMPT
        await meta.post(f"/{NUMBER}/messages", json=text())

        await sandbox.settle()

        assert sandbox.whatsapp.webhooks.counters.acknowledged_updates == 4
        assert ana.number.id == NUMBER

    async def test_it_says_what_is_left(self, sandbox: Sandbox, receiver: Receiver, number: Number) -> None:
        receiver.answers = [500] * 10
        sandbox.whatsapp.customer("+5511900000000", of=number.id).says("oi")

        with pytest.raises(Unsettled, match="1 planned, 1 not acknowledged"):
            await sandbox.settle(0.1)


class TestReset:
    async def test_everything_that_happened_is_forgotten(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer
    ) -> None:
        sandbox.whatsapp.statuses.settings = StatusSettings()
        await meta.post(f"/{NUMBER}/messages", json=text(biz_opaque_callback_data="a.1.m"))
        sandbox.faults.add(DropBefore())
        await sandbox.clock.turn(timedelta(days=2))

        await sandbox.reset()

        assert list(sandbox.ledger.calls) == []
        assert sandbox.ground.agenda.pending == 0
        assert sandbox.faults.set_now == ()
        assert sandbox.clock.shift == timedelta(0)
        assert sandbox.whatsapp.webhooks.settings == WebhookSettings()
        answer = await meta.post(f"/{NUMBER}/messages", json=text())
        assert answer.json()["error"]["code"] == 131047, f"the window of {ana.person.name} is forgotten too"

    async def test_accounts_and_templates_stay_and_are_well_again(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, number: Number
    ) -> None:
        body = {"type": "BODY", "text": "Oi, tudo bem?"}
        new = {"name": "oi", "language": "pt_BR", "category": "UTILITY", "components": [body]}
        template = sandbox.whatsapp.templates.create(WABA, new)
        number.token_is_valid, number.status = False, "BANNED"
        limited = await sandbox.whatsapp.connect(account(phone_id="2", pace=Pace(per_second=0.1, pair_burst=1)))
        assert [_take(limited), _take(limited)] == [True, False]

        await sandbox.reset()

        assert _take(limited)

        assert (await meta.get(f"/{NUMBER}", params={"fields": "status"})).json()["status"] == "CONNECTED"
        assert template.status is TemplateStatus.PENDING
        assert sandbox.whatsapp.templates.review == Review()
        sandbox.ground.agenda.hurry()
        assert sandbox.whatsapp.templates.get(template.id).status is TemplateStatus.APPROVED


def _take(number: Number) -> bool:
    assert number.per_second is not None
    return number.per_second.take("", 1.0)
