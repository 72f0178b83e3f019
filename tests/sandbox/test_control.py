"""The control plane: who may come in, and the sandbox driven over HTTP alone."""

import asyncio
from typing import Any

import httpx
import pytest

from sandbox.ledger import Bounds
from sandbox.whatsapp.customers import Customer
from sandbox.world import Sandbox
from tests.sandbox.asking import get, post
from tests.sandbox.numbers import ANA, NUMBER, text

MESSAGES = f"/{NUMBER}/messages"


class TestGuard:
    @pytest.mark.parametrize(
        "host",
        [
            "rebound.example",
            "rebound.example:8000",
            "127.0.0.1.example",
            "169.254.169.254",
            "0.0.0.0",
            "",
            "[::1",
            "a@b",
        ],
    )
    async def test_another_host_name_is_refused(self, panel: httpx.AsyncClient, host: str) -> None:
        answer = await panel.post("/reset", headers={"Host": host})

        assert answer.status_code == 403
        assert "127.0.0.1" in answer.json()["error"]["pt"]

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:8000", "[::1]:80", "LOCALHOST"])
    async def test_a_name_of_this_machine_comes_in(self, panel: httpx.AsyncClient, host: str) -> None:
        assert (await panel.get("/clock", headers={"Host": host})).status_code == 200

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
    async def test_a_page_of_another_site_is_refused(self, panel: httpx.AsyncClient, origin: str) -> None:
        assert (await panel.post("/reset", headers={"Origin": origin})).status_code == 403

    async def test_a_page_of_this_machine_comes_in(self, panel: httpx.AsyncClient) -> None:
        assert (await panel.get("/clock", headers={"Origin": "http://localhost:8000"})).status_code == 200

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/clock", 405)])
    async def test_a_wrong_path_is_json_too(
        self, panel: httpx.AsyncClient, method: str, path: str, status: int
    ) -> None:
        answer = await panel.request(method, path)

        assert (answer.status_code, set(answer.json()["error"])) == (status, {"pt", "en"})

    @pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b'{"seconds":"x"}', b'{"second":1}', b"\xff"])
    async def test_a_wrong_body_names_its_fields(self, panel: httpx.AsyncClient, body: bytes) -> None:
        answer = await panel.post("/clock/turn", content=body)

        assert answer.status_code == 422
        assert answer.json()["error"]["fields"]


class TestClock:
    async def test_it_is_read_and_turned(self, panel: httpx.AsyncClient) -> None:
        await post(panel, "/clock/turn", {"seconds": 3600})
        told = await post(panel, "/clock/turn", {"seconds": -600.5})

        assert told == await get(panel, "/clock") | {"now": told["now"]}
        assert told["shift_seconds"] == 2999.5

    @pytest.mark.parametrize("seconds", [1e9, -1e9, 1e300])
    async def test_it_turns_by_years_and_no_further(self, panel: httpx.AsyncClient, seconds: float) -> None:
        await post(panel, "/clock/turn", {"seconds": seconds}, status=422)


class TestFaults:
    async def test_they_are_set_met_and_cleared(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, ana: Customer
    ) -> None:
        told = await post(panel, "/faults", {"name": "AccountLocked", "times": 1, "recipient": ana.person.wa_id})
        assert [(fault["name"], fault["code"]) for fault in told["faults"]] == [("AccountLocked", 131031)]

        assert (await meta.post(MESSAGES, json=text())).status_code == 403
        assert await get(panel, "/faults") == {"faults": [], "met": {"AccountLocked": 1}}

        await post(panel, "/faults", {"name": "DropBefore"})
        assert (await panel.delete("/faults")).json() == {"faults": [], "met": {}}

    async def test_several_and_mixes_come_at_once(self, panel: httpx.AsyncClient) -> None:
        share = {"percent": 10, "fault": {"name": "TooManyRequests", "retry_after": "soon"}}
        told = await post(
            panel, "/faults", {"faults": [{"name": "Mix", "times": 3, "shares": [share]}, {"name": "Ambiguous"}]}
        )

        first, second = told["faults"]
        assert (first["times"], first["shares"][0]["fault"]["retry_after"]) == (3, "soon")
        assert [each["percent"] for each in second["shares"]] == [2, 1, 2, 1, 0.5]

    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"name": "Nothing"},
            {"name": "DropBefore", "time": 1},
            {"name": "DropBefore", "probability": 2},
            {"name": "ErrorCode"},
            {"name": "Mix", "shares": [{"percent": 101, "fault": {"name": "DropBefore"}}]},
            {"name": "Mix", "shares": [{"percent": 1, "fault": {"name": "Nothing"}}]},
            {"faults": [{"name": "DropBefore"}], "more": 1},
        ],
    )
    async def test_what_is_no_fault_is_refused(
        self, panel: httpx.AsyncClient, sandbox: Sandbox, told: dict[str, Any]
    ) -> None:
        await post(panel, "/faults", told, status=422)

        assert sandbox.faults.set_now == ()


class TestLedger:
    async def test_calls_and_acceptances_come_in_pages(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, ana: Customer
    ) -> None:
        for number in range(5):
            await meta.post(MESSAGES, json=text(f"n{number}", biz_opaque_callback_data=f"a{number}.1.m"))

        first = await get(panel, "/ledger/accepted", limit=3)
        second = await get(panel, "/ledger/accepted", limit=3, after=first["next"])
        calls = await get(panel, "/ledger/calls")

        assert [each["text"] for each in (*first["items"], *second["items"])] == [f"n{number}" for number in range(5)]
        assert second["next"] is None
        assert [(call["outcome"], call["tag"]) for call in calls["items"]][-1] == ("accepted", "a4.1.m")
        assert calls["items"][0]["wamid"] == first["items"][0]["wamid"]
        assert first["items"][0]["recipient"] == ana.person.wa_id

    @pytest.mark.usefixtures("ana")
    async def test_they_are_found_by_recipient_and_intent(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient
    ) -> None:
        for tag in ("a.1.m", "b.1.m", "a.2.m"):
            await meta.post(MESSAGES, json=text(biz_opaque_callback_data=tag))

        of_intent = await get(panel, "/ledger/accepted", intent="a")
        of_ana = await get(panel, "/ledger/accepted", recipient=ANA, after=1)
        doubled = await get(panel, "/ledger/doubled")

        assert [each["tag"] for each in of_intent["items"]] == ["a.1.m", "a.2.m"]
        assert [each["tag"] for each in of_ana["items"]] == ["b.1.m", "a.2.m"]
        assert [each["tag"] for each in doubled["doubled"]["a"]] == ["a.1.m", "a.2.m"]
        assert (await get(panel, "/ledger/accepted", recipient="+5511900000000"))["items"] == []

    @pytest.mark.usefixtures("ana")
    async def test_whoever_waits_is_answered_by_the_next_message(
        self, panel: httpx.AsyncClient, meta: httpx.AsyncClient
    ) -> None:
        waiting = asyncio.create_task(get(panel, "/ledger/accepted", recipient=ANA, wait=4))
        await asyncio.sleep(0.02)
        await meta.post(MESSAGES, json=text("enfim"))

        assert [each["text"] for each in (await waiting)["items"]] == ["enfim"]

    @pytest.mark.parametrize("query", [{"limit": 10_001}, {"after": "x"}, {"limit": -1}, {"wait": 61}])
    async def test_an_absurd_page_is_refused(self, panel: httpx.AsyncClient, query: dict[str, Any]) -> None:
        assert (await panel.get("/ledger/accepted", params=query)).status_code == 422

    async def test_what_is_forgotten_is_admitted(self) -> None:
        async with Sandbox.open(bounds=Bounds(entries=1)) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as client:
            for _ in range(3):
                await client.post(f"/v23.0{MESSAGES}", content=b"\xff")

            told = (await client.get("/_sandbox/ledger/calls")).json()

        assert (told["forgotten"], [call["number"] for call in told["items"]]) == (2, [3])
        assert told["items"][0]["body"] == "\\xff"


class TestReset:
    async def test_it_starts_again(self, panel: httpx.AsyncClient, meta: httpx.AsyncClient, ana: Customer) -> None:
        await meta.post(MESSAGES, json=text(to=f"+{ana.person.wa_id}"))

        told = await post(panel, "/reset")

        assert told["ledger"] == {"calls": 0, "accepted": 0, "forgotten": 0}
        assert (await get(panel, "/ledger/accepted"))["items"] == []
