"""Each fault as a client sees it, and as the ledger knows it."""

import asyncio
import json
import time
from dataclasses import replace

import aiohttp
import httpx
import pytest

from sandbox.faults import (
    AMBIGUOUS,
    AcceptThenDrop,
    AcceptThenServerError,
    AcceptThenSilence,
    AccountLocked,
    BrokenJson,
    CallLimited,
    DropBefore,
    ErrorCode,
    Fault,
    HalfBody,
    Mix,
    PairLimited,
    RateLimited,
    ServerError,
    Share,
    SilenceBefore,
    SlowAccept,
    SlowBody,
    TokenExpired,
    TooManyRequests,
)
from sandbox.ledger import Call, Outcome
from sandbox.whatsapp.customers import Customer
from sandbox.world import Sandbox
from tests.sandbox.numbers import NUMBER, TOKEN, account, text

MESSAGES = f"/{NUMBER}/messages"


async def send(meta: httpx.AsyncClient, *, seconds: float = 5) -> httpx.Response:
    """`seconds` are how long it listens, once the request has left."""
    timeout = httpx.Timeout(5, read=seconds)
    return await meta.post(MESSAGES, json=text(biz_opaque_callback_data="a.1.m"), timeout=timeout)


def last_call(sandbox: Sandbox) -> Call:
    return list(sandbox.ledger.calls)[-1]


def accepted(sandbox: Sandbox) -> int:
    return len(sandbox.ledger.accepted_for("a"))


@pytest.mark.usefixtures("open_window")
class TestBeforeAcceptance:
    @pytest.mark.parametrize(
        "retry_after", ["0", "3", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1000000000", "soon", "", None]
    )
    async def test_a_429_says_to_wait_in_any_words(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, retry_after: str | None
    ) -> None:
        sandbox.faults.add(TooManyRequests(retry_after=retry_after, times=1))

        answer = await send(meta)

        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, retry_after)
        assert answer.json()["error"]["code"] == 130429
        assert (last_call(sandbox).outcome, accepted(sandbox)) == (Outcome.REFUSED, 0)

    @pytest.mark.parametrize(
        ("fault", "code", "status"),
        [
            (RateLimited(times=1), 130429, 400),
            (PairLimited(times=1), 131056, 400),
            (CallLimited(times=1), 80007, 400),
            (TokenExpired(times=1), 190, 401),
            (AccountLocked(times=1), 131031, 403),
            (ErrorCode(code=131016, times=1), 131016, 500),
            (ErrorCode(code=131048, status=429, times=1), 131048, 429),
            (ErrorCode(code=999999, times=1), 999999, 400),
        ],
    )
    async def test_an_error_of_the_table_comes_with_its_status(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, fault: ErrorCode, code: int, status: int
    ) -> None:
        sandbox.faults.add(fault)

        answer = await send(meta)

        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        call = last_call(sandbox)
        assert (call.outcome, call.code, call.fault) == (Outcome.REFUSED, code, type(fault).__name__)
        assert (await send(meta)).status_code == 200

    async def test_a_server_error_accepts_nothing(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(ServerError(status=502, times=1))

        answer = await send(meta)

        assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
        assert (last_call(sandbox).outcome, accepted(sandbox)) == (Outcome.FAILED, 0)

    @pytest.mark.parametrize("reset", [False, True])
    async def test_a_dropped_connection_accepts_nothing(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, *, reset: bool
    ) -> None:
        sandbox.faults.add(DropBefore(times=1, reset=reset))

        with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
            await send(meta)

        assert (last_call(sandbox).outcome, accepted(sandbox)) == (Outcome.FAILED, 0)

    async def test_silence_accepts_nothing_and_ends_with_the_client(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        sandbox.faults.add(SilenceBefore(times=1))

        with pytest.raises(httpx.ReadTimeout):
            await send(meta, seconds=0.1)

        assert (last_call(sandbox).outcome, accepted(sandbox)) == (Outcome.FAILED, 0)


@pytest.mark.usefixtures("open_window")
class TestAfterAcceptance:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (AcceptThenDrop(times=1), httpx.RemoteProtocolError),
            (AcceptThenDrop(times=1, reset=True), httpx.ReadError),
            (AcceptThenSilence(times=1), httpx.ReadTimeout),
            (SlowBody(times=1, seconds=30), httpx.ReadTimeout),
            (HalfBody(times=1), httpx.RemoteProtocolError),
        ],
    )
    async def test_the_message_is_accepted_and_the_answer_lost(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, fault: Fault, error: type[httpx.HTTPError]
    ) -> None:
        sandbox.faults.add(fault)

        with pytest.raises(error):
            await send(meta, seconds=0.2 if error is httpx.ReadTimeout else 5)

        call = last_call(sandbox)
        assert (call.outcome, call.fault, accepted(sandbox)) == (Outcome.ACCEPTED, type(fault).__name__, 1)
        assert call.wamid == sandbox.ledger.accepted_for("a")[0].wamid

    async def test_a_server_error_hides_the_acceptance(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(AcceptThenServerError(times=1))

        assert (await send(meta)).status_code == 500
        assert accepted(sandbox) == 1

    async def test_broken_json_arrives_whole_with_status_200(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(BrokenJson(times=1))

        answer = await send(meta)

        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
        assert accepted(sandbox) == 1

    async def test_a_slow_body_comes_piece_by_piece_and_is_right_in_the_end(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        sandbox.faults.add(SlowBody(times=1, seconds=0.1))

        async with meta.stream("POST", MESSAGES, json=text()) as answer:
            pieces = [piece async for piece in answer.aiter_raw()]

        assert len(pieces) > 3
        assert json.loads(b"".join(pieces))["messages"][0]["id"] == last_call(sandbox).wamid

    async def test_a_refused_message_does_not_use_the_fault_up(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(AcceptThenDrop(times=1))

        assert (await meta.post(MESSAGES, json=text(to="+5511900000000"))).status_code == 400
        assert len(sandbox.faults.set_now) == 1


@pytest.mark.usefixtures("open_window")
class TestSlowAccept:
    async def test_it_answers_late(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(SlowAccept(seconds=0.1, times=1))
        start = time.perf_counter()

        assert (await send(meta)).status_code == 200
        assert time.perf_counter() - start >= 0.1

    async def test_a_client_that_left_is_accepted_all_the_same(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(SlowAccept(seconds=0.3, times=1))

        with pytest.raises(httpx.ReadTimeout):
            await send(meta, seconds=0.1)

        assert last_call(sandbox).outcome is Outcome.PENDING
        [taken] = await sandbox.ledger.accepted_within(5, after=0, limit=1)
        assert taken.intent == "a"


class TestOtherPaths:
    async def test_reading_marks_and_lookups_are_spared(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, ana: Customer
    ) -> None:
        sandbox.faults.add(DropBefore())
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": ana.says("oi")}

        assert (await meta.post(MESSAGES, json=read)).status_code == 200
        assert (await meta.get(f"/{NUMBER}")).status_code == 200

    @pytest.mark.usefixtures("open_window")
    async def test_a_fault_with_a_path_meets_any_request_there(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(ErrorCode(code=80007, path="/message_templates", times=1), DropBefore(path=f"/{NUMBER}"))

        assert (await meta.get("/444555666/message_templates")).json()["error"]["code"] == 80007
        with pytest.raises(httpx.RemoteProtocolError):
            await meta.get(f"/{NUMBER}")


@pytest.mark.usefixtures("open_window")
class TestMixture:
    async def test_the_ledger_knows_what_the_clients_cannot(self, sandbox: Sandbox) -> None:
        """Many at once under a mix: what is answered 200 is accepted, and more than that is accepted."""
        sandbox.faults.add(
            Mix(shares=tuple(replace(share, percent=share.percent * 8) for share in AMBIGUOUS.shares[:4]))
        )
        answers: list[int | None] = []
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as client:

            async def one(number: int) -> None:
                body = text(biz_opaque_callback_data=f"m{number}.1.x")
                try:
                    async with client.post(f"{sandbox.url}/v23.0{MESSAGES}", json=body) as answer:
                        answers.append(answer.status)
                except aiohttp.ClientError:
                    answers.append(None)

            await asyncio.gather(*(one(number) for number in range(300)))

        known = {status: answers.count(status) for status in set(answers)}
        assert len(list(sandbox.ledger.calls)) == 300
        assert sandbox.ledger.taken == known[200] + known[None] + known[500]
        assert known[None] == sandbox.faults.met["AcceptThenDrop"] > 0
        assert known[500] == sandbox.faults.met["AcceptThenServerError"] > 0
        assert known[503] == sandbox.faults.met["ServerError"] > 0
        assert known[429] == sandbox.faults.met["TooManyRequests"] > 0
        assert sandbox.ledger.doubled() == {}

    async def test_a_share_may_be_any_fault(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        sandbox.faults.add(Mix(shares=(Share(percent=100, fault=AccountLocked()),)))

        assert (await send(meta)).status_code == 403


class TestClosing:
    async def test_hanging_answers_do_not_keep_the_sandbox_open(self) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(5):
            async with Sandbox.open() as sandbox:
                await sandbox.whatsapp.connect(account())
                sandbox.whatsapp.customer(text()["to"], of=NUMBER).says("oi")
                sandbox.faults.add(AcceptThenSilence())
                url, headers = f"{sandbox.url}/v23.0{MESSAGES}", {"Authorization": f"Bearer {TOKEN}"}
                hanging = asyncio.create_task(client.post(url, json=text(), headers=headers, timeout=30))
                await sandbox.ledger.accepted_within(5, after=0, limit=1)
            with pytest.raises(httpx.RemoteProtocolError):
                await hanging
