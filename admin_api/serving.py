"""`masteria api`: the HTTP application on a port."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from admin_api.app import make_app
from admin_api.frame import Frame, framed
from admin_api.listening import listen_on
from admin_api.terminal import Parser, launch, port, text
from admin_api.webhooks.inbox import open_inbox
from channels.adapters import open_registry
from core.db.sessions import Pool
from core.floor import open_floor
from core.probe import Beat

_POOL: Final = Pool(size=10, overflow=10)
_KEEP_ALIVE_SECONDS: Final = 5
_BEAT_SECONDS: Final = 5.0
_HEAD_SECONDS: Final = 10.0
_MOST_HEAD: Final = 64 << 10


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Recebe os webhooks dos provedores e serve a API.", "Takes the providers' webhooks and serves the API."
    )
    with framed("api", arguments, about, _add_options) as frame:
        asyncio.run(_serve(frame))
    return 0


def _add_options(parser: Parser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help=text("endereço onde ouvir", "address to listen on"))
    parser.add_argument("--port", type=port, default=8000, help=text("porta onde ouvir", "port to listen on"))


async def _serve(frame: Frame) -> None:
    async with (
        open_floor(frame.settings, _POOL) as floor,
        open_registry(frame.settings) as registry,
        open_inbox(floor, frame.pulse) as inbox,
    ):
        app = make_app(floor, registry)
        app.state.inbox = inbox
        config = uvicorn.Config(
            app,
            http=_Protocol,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=round(frame.settings.masteria_drain_seconds),
        )
        listening = listen_on(frame.options.host, frame.options.port)
        async with _beating(frame.pulse.loop("serve")):
            await _Server(config, frame).serve(sockets=[listening])


class _Protocol(HttpToolsProtocol):
    """Uvicorn waits for ever for a request's head, however long it grows; this one closes the connection."""

    _waiting: asyncio.TimerHandle | None = None
    _awaits_head = True
    _head_size = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._watch_head()

    @override
    def data_received(self, data: bytes) -> None:
        has_begun = self._awaits_head
        super().data_received(data)
        if not self._awaits_head:
            self._stop_watching()
            return
        self._head_size += len(data) if has_begun else 0
        if self._head_size > _MOST_HEAD:
            self.transport.close()
        self._watch_head()

    @override
    def on_message_begin(self) -> None:
        self._awaits_head, self._head_size = True, 0
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        """What is raised here is answered with 400: two hosts are a trick, and none is no HTTP/1.1."""
        self._awaits_head = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            raise ValueError("a request names one host")
        super().on_headers_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _stop_watching(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Server(uvicorn.Server):
    """Says when it has begun to serve."""

    def __init__(self, config: uvicorn.Config, frame: Frame) -> None:
        super().__init__(config)
        self._frame = frame

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal once more after its orderly end, and take that end's exit code away."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._frame.serve()


@asynccontextmanager
async def _beating(beat: Beat) -> AsyncIterator[None]:
    """A loop that is stuck stops beating, because the beat runs in it."""

    async def go_on() -> None:
        while True:
            beat.beat()
            await asyncio.sleep(_BEAT_SECONDS)

    async with asyncio.TaskGroup() as group:
        beating = group.create_task(go_on())
        yield
        beating.cancel()


if __name__ == "__main__":
    launch(main)
