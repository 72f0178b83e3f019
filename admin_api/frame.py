"""What every process is framed by: settings, logs, the probe, the watchdog, and an end with its supervisor."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from admin_api.terminal import Parser
from core import logging
from core.logging import get_logger
from core.probe import Probe, Pulse, Watchdog
from core.settings import Settings

_HARD_END_SECONDS: Final = 10.0
_OBJECTS_BETWEEN_LOOKS: Final = 20_000  # of the collector; most of ours end without it

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    settings: Settings
    pulse: Pulse
    options: Any

    def serve(self) -> None:
        """From here on the process takes work."""
        spare_collector()
        self.pulse.is_ready = True
        log.info("process.ready")


def spare_collector() -> None:
    """What was made to get here stays, and is not looked through any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)


def no_options(_: Parser) -> None:
    """Most processes take none."""


@contextmanager
def framed(
    name: str, arguments: Sequence[str], description: str, add_options: Callable[[Parser], None] = no_options
) -> Iterator[Frame]:
    parser = Parser(prog=f"masteria {name}", description=description)
    add_options(parser)
    options = parser.parse_args(arguments)
    settings = Settings.load()
    logging.configure(name, debug=settings.debug, as_json=settings.masteria_log_format == "json")
    if settings.masteria_lifeline is not None:
        end_with_supervisor(settings.masteria_lifeline)
    pulse = Pulse()
    with Probe(pulse, port=settings.masteria_metrics_port) as probe, Watchdog(pulse):
        log.info("process.started", port=probe.port, pid=os.getpid())
        yield Frame(settings, pulse, options)
    log.info("process.stopped")


def end_with_supervisor(lifeline: int) -> None:
    """The other end of this pipe closes when the supervisor dies, however it dies."""
    os.set_inheritable(lifeline, False)

    def watch() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(_HARD_END_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
