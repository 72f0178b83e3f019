"""What a process says of its health, and what becomes of one that is stuck."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Final

import pytest

from core import telemetry
from core.errors import Misconfigured
from core.probe import Probe, Pulse, Report, Watchdog, ask

ROOT: Final = Path(__file__).parents[2]


@dataclass
class Clock:
    """A monotonic clock that the test turns."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(monotonic=clock)


@pytest.fixture
def served(pulse: Pulse) -> Iterator[Probe]:
    with Probe(pulse, metrics=lambda: b"up 1\n") as served:
        yield served


@contextmanager
def request(served: Probe, path: str, method: str = "GET") -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.request(method, path)
    with connection.getresponse() as response:
        yield response
    connection.close()


def exchange(served: Probe, sent: bytes) -> bytes:
    """What a client gets that speaks no HTTP of ours."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(4096), b""))


class TestPulse:
    def test_a_loop_that_beat_in_the_last_minute_is_alive(self, pulse: Pulse, clock: Clock) -> None:
        claim = pulse.loop("claim")
        clock.at += 59
        assert pulse.alive

        claim.beat()
        clock.at += 59

        assert claim.age == 59
        assert pulse.alive

    def test_one_stuck_loop_makes_the_process_not_alive_and_is_named(self, pulse: Pulse, clock: Clock) -> None:
        claim, _ = pulse.loop("claim"), pulse.loop("send")
        clock.at += 60
        claim.beat()

        assert not pulse.alive
        assert [beat.name for beat in pulse.stuck] == ["send"]

    def test_a_process_that_never_starts_a_loop_is_stuck_in_its_start(self, pulse: Pulse, clock: Clock) -> None:
        assert pulse.alive

        clock.at += 60

        assert [beat.name for beat in pulse.stuck] == ["start"]

    def test_a_loop_that_ended_on_purpose_is_not_missed(self, pulse: Pulse, clock: Clock) -> None:
        claim, send = pulse.loop("claim"), pulse.loop("send")
        pulse.end(send)
        clock.at += 60
        claim.beat()

        assert pulse.alive

    def test_a_loop_may_have_a_limit_of_its_own(self, pulse: Pulse, clock: Clock) -> None:
        pulse.loop("upkeep", limit=300)
        clock.at += 299

        assert pulse.alive

    def test_the_loop_that_took_over_a_name_is_not_ended_by_the_former(self, pulse: Pulse, clock: Clock) -> None:
        former, _ = pulse.loop("claim"), pulse.loop("claim")
        pulse.end(former)
        clock.at += 60

        assert [beat.name for beat in pulse.stuck] == ["claim"]


class TestHealth:
    def test_a_live_process_says_ok(self, served: Probe) -> None:
        with request(served, "/health") as response:
            assert response.status == 200
            assert json.loads(response.read()) == {"status": "ok"}

    def test_a_stuck_loop_turns_it_to_503_naming_the_loop(self, served: Probe, pulse: Pulse, clock: Clock) -> None:
        pulse.loop("outbox.claim")
        clock.at += 75.9

        with request(served, "/health") as response:
            assert response.status == 503
            assert json.loads(response.read()) == {
                "status": "stuck",
                "reasons": ["outbox.claim: 75 s without a beat"],
            }


class TestReady:
    def test_a_process_is_not_ready_until_it_says_so(self, served: Probe, pulse: Pulse) -> None:
        with request(served, "/ready") as response:
            assert response.status == 503
            assert json.loads(response.read()) == {"status": "not ready"}

        pulse.is_ready = True

        with request(served, "/ready") as response:
            assert response.status == 200
            assert json.loads(response.read()) == {"status": "ready"}

    def test_one_that_is_not_ready_is_alive(self, served: Probe) -> None:
        with request(served, "/health") as response:
            assert response.status == 200


class TestProbe:
    def test_it_shows_the_metrics(self, served: Probe) -> None:
        with request(served, "/metrics") as response:
            assert response.read() == b"up 1\n"
            assert response.getheader("Content-Type") == telemetry.CONTENT_TYPE

    def test_there_is_nothing_else(self, served: Probe) -> None:
        for path in ("/", "/healthy", "/metrics/x", "/../etc/passwd"):
            with request(served, path) as response:
                assert response.status == 404

    def test_head_is_answered_without_a_body(self, served: Probe) -> None:
        with request(served, "/health", "HEAD") as response:
            assert response.status == 200
            assert response.read() == b""

    def test_a_query_does_not_matter(self, served: Probe) -> None:
        with request(served, "/health?verbose=1") as response:
            assert response.status == 200

    def test_nothing_can_be_posted(self, served: Probe) -> None:
        with request(served, "/health", "POST") as response:
            assert response.status == 501

    def test_it_tells_neither_its_language_nor_its_version(self, served: Probe) -> None:
        for path in ("/health", "/nothing"):
            with request(served, path) as response:
                assert response.getheader("Server") is None

    def test_requests_are_not_logged(self, served: Probe, capfd: pytest.CaptureFixture[str]) -> None:
        with request(served, "/nothing"):
            pass
        exchange(served, b"nonsense\r\n\r\n")

        assert capfd.readouterr() == ("", "")

    def test_a_head_beyond_its_limit_is_refused(self, served: Probe) -> None:
        answer = exchange(served, b"GET /health HTTP/1.1\r\nX: " + b"a" * 8_192)

        assert answer.startswith(b"HTTP/1.0 431 ")

    def test_a_client_that_dawdles_is_let_go(self, served: Probe) -> None:
        served._server.head_seconds = 0.2

        assert exchange(served, b"GET /health HT") == b""

    def test_one_client_does_not_hold_up_the_next(self, served: Probe) -> None:
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as idle:
            idle.sendall(b"GET /hea")

            assert ask(served.port).alive

    def test_it_listens_on_loopback_only(self, served: Probe) -> None:
        assert served._server.server_address[0] == "127.0.0.1"

    def test_a_port_that_is_taken_is_a_setting_to_mend(self, served: Probe, pulse: Pulse) -> None:
        with pytest.raises(Misconfigured) as caught:
            Probe(pulse, port=served.port)

        assert "MASTERIA_METRICS_PORT" in caught.value.detail.pt

    def test_after_stop_the_port_is_free(self, pulse: Pulse) -> None:
        with Probe(pulse) as first:
            port = first.port

        with Probe(pulse, port=port):
            assert ask(port).alive

    def test_a_fork_does_not_keep_the_port(self, pulse: Pulse) -> None:
        reading, writing = os.pipe()
        with Probe(pulse) as first:
            if not (child := os.fork()):
                os.read(reading, 1)
                os._exit(0)

        Probe(pulse, port=first.port).stop()

        os.write(writing, b"!")
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)

    def test_one_that_was_never_started_can_be_stopped(self, pulse: Pulse) -> None:
        Probe(pulse).stop()

    def test_metrics_that_cannot_be_made_are_logged_and_health_goes_on(
        self, pulse: Pulse, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken() -> bytes:
            raise ValueError("token=zebra")

        with Probe(pulse, metrics=broken) as served:
            assert exchange(served, b"GET /metrics HTTP/1.0\r\n\r\n") == b""
            assert ask(served.port).alive

        assert "probe.failed" in caplog.text
        assert "zebra" not in caplog.text

    async def test_it_answers_while_the_event_loop_is_blocked(self, served: Probe) -> None:
        answers: list[Report] = []
        client = threading.Thread(target=lambda: answers.append(ask(served.port)))
        client.start()
        await asyncio.sleep(0)
        client.join(timeout=5)  # blocking the loop is the point

        assert answers == [Report(answered=True, alive=True)]


@dataclass
class Exit:
    """Takes the place of the end of the process."""

    codes: list[int] = field(default_factory=list)
    happened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, code: int) -> None:
        self.codes.append(code)
        self.happened.set()


class TestWatchdog:
    def test_a_stuck_process_is_ended_with_code_1_and_the_loop_is_logged(
        self, pulse: Pulse, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        leave = Exit()
        pulse.loop("outbox.claim")
        with Watchdog(pulse, grace=0.02, leave=leave):
            clock.at += 60
            assert leave.happened.wait(5)

        assert leave.codes == [1]
        assert "watchdog.stuck" in caplog.text
        assert "outbox.claim" in caplog.text

    def test_a_live_process_is_left_alone(self, pulse: Pulse) -> None:
        leave = Exit()
        with Watchdog(pulse, grace=0.01, leave=leave):
            assert not leave.happened.wait(0.1)

    def test_a_process_that_was_frozen_gets_a_second_chance(self, clock: Clock) -> None:
        leave, looked = Exit(), threading.Event()
        pulse = Pulse(monotonic=seen(clock, looked))
        beat = pulse.loop("claim")
        with Watchdog(pulse, grace=0.2, leave=leave):
            looked.clear()
            clock.at += 600
            assert looked.wait(5)
            beat.beat()

            assert not leave.happened.wait(0.5)

    def test_the_real_exit_ends_the_process(self) -> None:
        code = """
import time
from core.logging import configure
from core.probe import Pulse, Watchdog
configure("engine", debug=False)
with Watchdog(Pulse(limit=0), grace=0.01):
    time.sleep(20)
"""

        ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=30, check=False)

        assert ended.returncode == 1
        assert json.loads(ended.stderr)["loops"] == ["start"]


def seen(clock: Clock, looked: threading.Event) -> Callable[[], float]:
    def read() -> float:
        looked.set()
        return clock()

    return read


class TestAsk:
    def test_a_live_process_is_reported_alive(self, served: Probe) -> None:
        assert ask(served.port) == Report(answered=True, alive=True)

    def test_a_stuck_one_is_reported_with_its_reasons(self, served: Probe, pulse: Pulse, clock: Clock) -> None:
        pulse.loop("claim")
        clock.at += 61

        assert ask(served.port) == Report(answered=True, alive=False, reasons=("claim: 61 s without a beat",))

    def test_it_asks_for_the_path_it_was_given(self, served: Probe, pulse: Pulse) -> None:
        assert ask(served.port, path="/ready") == Report(answered=True, alive=False)

        pulse.is_ready = True

        assert ask(served.port, path="/ready") == Report(answered=True, alive=True)

    def test_one_that_does_not_answer_is_not_alive(self, pulse: Pulse) -> None:
        gone = Probe(pulse)
        gone.stop()

        assert ask(gone.port, timeout=1) == Report(answered=False, alive=False)

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.0 500 no\r\n\r\n[]"])
    def test_a_stranger_on_the_port_is_not_alive(self, answer: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=answer_once, args=(server, answer))
            thread.start()
            report = ask(server.getsockname()[1], timeout=2)
            thread.join()

        assert not report.alive

    def test_silence_ends_with_the_timeout(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            assert ask(server.getsockname()[1], timeout=0.1) == Report(answered=False, alive=False)


def answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)
