"""`python -m sandbox` as whoever starts it sees it."""

import os
import signal
import socket

import httpx

from tests.fixtures.processes import running


class TestMain:
    async def test_it_says_where_it_serves_and_ends_clean(self) -> None:
        async with running("sandbox", "--seed", "7", environment=os.environ) as process:
            line = await process.until("SANDBOX http://127.0.0.1:")
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"{line.removeprefix('SANDBOX ')}/_sandbox/counters")

            assert answer.json()["ledger"]["calls"] == 0
            assert await process.stop(signal.SIGTERM) == 0
            assert process.lines == [line]

    async def test_a_taken_port_is_one_line_that_says_what_to_do(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            async with running("sandbox", "--port", port, environment=os.environ) as process:
                line = await process.until("--port")

                assert await process.child.wait() == 1
                assert process.lines == [line]
                assert port in line

    async def test_a_port_that_is_none_is_wrong_usage(self) -> None:
        async with running("sandbox", "--port", "99999", environment=os.environ) as process:
            assert await process.child.wait() == 2
