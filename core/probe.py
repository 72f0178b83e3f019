"""Whether a process is alive: the pulses of its loops, the small server that shows them, and the watchdog on them."""

import json
import math
import os
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Final, Self

from typing_extensions import override

from core import telemetry
from core.clock import Deadline
from core.errors import Misconfigured
from core.logging import get_logger

LIMIT: Final = 60.0  # seconds in which a loop claims something or idles at least once
LOOPBACK: Final = "127.0.0.1"
_HEAD_BYTES: Final = 8_192
_ANSWER_BYTES: Final = 65_536
_START: Final = "start"

_log = get_logger("core.probe")


class Beat:
    """The pulse of one loop, which beats whenever the loop claims something or finds nothing to do."""

    def __init__(self, name: str, *, limit: float, monotonic: Callable[[], float]) -> None:
        self.name = name
        self._limit = limit
        self._monotonic = monotonic
        self._last = monotonic()

    def beat(self) -> None:
        self._last = self._monotonic()

    @property
    def age(self) -> float:
        return self._monotonic() - self._last

    @property
    def alive(self) -> bool:
        return self.age < self._limit


class Pulse:
    """The beats of a process. Until its first loop is there, the time since its start counts."""

    def __init__(self, *, limit: float = LIMIT, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._monotonic = monotonic
        self._start = Beat(_START, limit=limit, monotonic=monotonic)
        self._beats: dict[str, Beat] = {}
        self.is_ready = False  # set by the process once it takes work

    def loop(self, name: str, *, limit: float | None = None) -> Beat:
        """Watch a loop from now on; a name taken over by a new loop starts anew."""
        beat = Beat(name, limit=self._limit if limit is None else limit, monotonic=self._monotonic)
        self._beats[name] = beat
        return beat

    def end(self, beat: Beat) -> None:
        """Stop watching a loop that ended on purpose."""
        self._beats = {name: other for name, other in self._beats.items() if other is not beat}
        self._start.beat()

    @property
    def stuck(self) -> tuple[Beat, ...]:
        return tuple(beat for beat in tuple(self._beats.values()) or (self._start,) if not beat.alive)

    @property
    def alive(self) -> bool:
        return not self.stuck


class Watchdog:
    """Ends a process one of whose loops is stuck, so that whoever supervises it starts a new one.

    The grace is a second chance, counted by the watchdog's own waiting: after a process was frozen as a whole, every
    loop looks overdue and only needs a moment.
    """

    def __init__(self, pulse: Pulse, *, grace: float = 5.0, leave: Callable[[int], object] = os._exit) -> None:
        self._pulse = pulse
        self._grace = grace
        self._leave = leave
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        suspects: set[Beat] = set()
        while not self._stopped.wait(self._grace):
            stuck = set(self._pulse.stuck)
            if stuck & suspects:
                _say_last_words(sorted(beat.name for beat in stuck))
                self._leave(1)
                return
            suspects = stuck


def _say_last_words(loops: list[str]) -> None:
    """In a thread of its own: what holds the loop may be the very pipe into which we would write."""
    words = threading.Thread(target=_log.critical, args=("watchdog.stuck",), kwargs={"loops": loops}, daemon=True)
    words.start()
    words.join(timeout=1.0)


class _Handler(BaseHTTPRequestHandler):
    """One request per connection, its head read within a size and a time, its body never."""

    server: "_Server"
    server_version = "masteria"
    sys_version = ""

    @override
    def handle(self) -> None:
        head = self._head(Deadline.after(self.server.head_seconds))
        if len(head) > _HEAD_BYTES:
            self.wfile.write(b"HTTP/1.0 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n")
        elif head:
            self.rfile.close()
            self.rfile = BytesIO(head)
            self.handle_one_request()

    def _head(self, deadline: Deadline) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head and len(head) <= _HEAD_BYTES:
            if deadline.passed:
                return b""
            self.connection.settimeout(max(deadline.remaining, 0.001))  # zero would mean: do not wait at all
            piece = self.connection.recv(_HEAD_BYTES)
            if not piece:
                return b""
            head += piece
        return head

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/health":
                self._health()
            case "/ready":
                self._ready()
            case "/metrics":
                self._answer(HTTPStatus.OK, self.server.metrics(), telemetry.CONTENT_TYPE)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b'{"status":"not found"}', "application/json")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _health(self) -> None:
        reasons = [f"{beat.name}: {math.floor(beat.age)} s without a beat" for beat in self.server.pulse.stuck]
        body = {"status": "stuck", "reasons": reasons} if reasons else {"status": "ok"}
        self._answer(
            HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK, json.dumps(body).encode(), "application/json"
        )

    def _ready(self) -> None:
        if self.server.pulse.is_ready:
            self._answer(HTTPStatus.OK, b'{"status": "ready"}', "application/json")
        else:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b'{"status": "not ready"}', "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: probes come every few seconds."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16
    head_seconds = 5.0

    def __init__(self, address: tuple[str, int], *, pulse: Pulse, metrics: Callable[[], bytes]) -> None:
        self.pulse = pulse
        self.metrics = metrics
        super().__init__(address, _Handler)

    @override
    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the name service who we are

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log.error("probe.failed", exc_info=error)


class Probe:
    """`GET /health`, `GET /ready` and `GET /metrics` of a process, from a thread beside whatever the process does."""

    def __init__(
        self,
        pulse: Pulse,
        *,
        port: int = 0,
        host: str = LOOPBACK,
        metrics: Callable[[], bytes] = telemetry.render,
    ) -> None:
        self._server = _bind(host, port, pulse=pulse, metrics=metrics)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="probe", daemon=True)
        # A fork would keep the port taken after we are gone, with nobody to answer on it.
        os.register_at_fork(after_in_child=self._server.socket.close)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _bind(host: str, port: int, *, pulse: Pulse, metrics: Callable[[], bytes]) -> _Server:
    try:
        return _Server((host, port), pulse=pulse, metrics=metrics)
    except OSError as error:
        raise Misconfigured(
            f"Não consegui abrir a porta {host}:{port} de saúde e métricas ({error.strerror}). "
            "Escolha outra em MASTERIA_METRICS_PORT; 0 toma uma livre.",
            f"Could not open the port {host}:{port} for health and metrics ({error.strerror}). "
            "Choose another in MASTERIA_METRICS_PORT; 0 takes a free one.",
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a process said of itself; one that did not answer is not alive."""

    answered: bool
    alive: bool
    reasons: tuple[str, ...] = ()


def ask(port: int, *, path: str = "/health", host: str = LOOPBACK, timeout: float = 2.0) -> Report:
    connection = HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Report(answered=True, alive=response.status == HTTPStatus.OK, reasons=_reasons(response))
    except (OSError, HTTPException):
        return Report(answered=False, alive=False)
    finally:
        connection.close()


def _reasons(response: HTTPResponse) -> tuple[str, ...]:
    try:
        reasons = json.loads(response.read(_ANSWER_BYTES))["reasons"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else ()
