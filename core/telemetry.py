"""Every metric of the product, and how one process or all processes of a machine show theirs to Prometheus.

With PROMETHEUS_MULTIPROC_DIR in a process's environment from its start, the process and its forks count in files of
that folder. `masteria up` gives each process its own folder under one root, and the api shows the sum over the root.
"""

import os
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from core.ids import ConnectionId
from core.redaction import redact_text

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
OTHER: Final = "other"

# The only labels there are. None may hold a person's data, nor anything that has a value per person.
Label = Literal["channel", "outcome", "persona", "phase", "lane", "model", "kind", "connection"]


class InboundOutcome(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    REFUSED = "refused"  # wrong signature or malformed
    SPOOLED = "spooled"  # kept on disk until the database is back
    QUARANTINED = "quarantined"


class OutboundOutcome(StrEnum):
    """What an attempt came to; the words are those of the outbox."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REQUEUED = "requeued"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    AMBIGUOUS = "ambiguous"


class Phase(StrEnum):
    WAIT = "wait"
    MODEL = "model"
    RETRIEVE = "retrieve"
    GRAPH = "graph"
    COMMIT = "commit"
    SEND = "send"


class TokenKind(StrEnum):
    INPUT = "input"
    CACHED = "cached"
    OUTPUT = "output"


class DeliveryOutcome(StrEnum):
    DELIVERED = "delivered"
    RETRIED = "retried"
    FAILED = "failed"
    DISABLED = "disabled"


REGISTRY: Final = CollectorRegistry()
_TURN_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0)

disable_created_metrics()  # type: ignore[no-untyped-call] # has no types; a second series beside each counter, under names we never promised


def _counter(name: str, about: str, *labels: Label) -> Counter:
    return Counter(name, about, labels, registry=REGISTRY)


def _shared_gauge(name: str, about: str, *labels: Label) -> Gauge:
    """A figure of the whole installation that every engine reads from the same tables.

    A sum would multiply it by the number of engines, and a maximum would keep the figure of an engine that is stuck:
    the latest reading among the living is the true one.
    """
    return Gauge(name, about, labels, registry=REGISTRY, multiprocess_mode="livemostrecent")


_INBOUND: Final = _counter("masteria_inbound_total", "Events that providers posted.", "channel", "outcome")
_OUTBOUND: Final = _counter("masteria_outbound_total", "Attempts to send a message.", "channel", "outcome")
_TURN_SECONDS: Final = Histogram(
    "masteria_turn_seconds",
    "Time that a turn spent in each of its phases.",
    ("persona", "phase"),
    registry=REGISTRY,
    buckets=_TURN_BUCKETS,
)
TURNS_DUE: Final = _shared_gauge("masteria_turns_due", "Turns whose time has come and that nobody has claimed.")
_OUTBOX_QUEUED: Final = _shared_gauge("masteria_outbox_queued", "Messages that wait to be sent.", "lane")
_MODEL_TOKENS: Final = _counter("masteria_model_tokens_total", "Tokens that models read and wrote.", "model", "kind")
_MODEL_COST: Final = _counter("masteria_model_cost_cents_total", "What models cost, in US cents.", "model")
_DELIVERIES: Final = _counter("masteria_webhook_deliveries_total", "Attempts to deliver to a webhook.", "outcome")
_RATE_LIMITED: Final = _counter(
    "masteria_rate_limited_total", "Times that a provider asked to slow down.", "connection"
)
HANDOFFS_OPEN: Final = _shared_gauge("masteria_handoffs_open", "Conversations that wait for a person or are with one.")
# Where two processes disagree, the worse figure is the one to look into.
EVENT_LAG: Final = Gauge(
    "masteria_event_lag_seconds",
    "Age of the oldest incoming event that no process has taken up.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)


def inbound(*, channel: StrEnum, outcome: InboundOutcome) -> Counter:
    return _INBOUND.labels(channel, outcome)


def outbound(*, channel: StrEnum, outcome: OutboundOutcome) -> Counter:
    return _OUTBOUND.labels(channel, outcome)


def turn_seconds(*, persona: str, phase: Phase) -> Histogram:
    return _TURN_SECONDS.labels(_free(persona), phase)


def outbox_queued(*, lane: StrEnum) -> Gauge:
    return _OUTBOX_QUEUED.labels(lane)


def model_tokens(*, model: str, kind: TokenKind) -> Counter:
    return _MODEL_TOKENS.labels(_free(model), kind)


def model_cost_cents(*, model: str) -> Counter:
    return _MODEL_COST.labels(_free(model))


def webhook_deliveries(*, outcome: DeliveryOutcome) -> Counter:
    return _DELIVERIES.labels(outcome)


def rate_limited(*, connection: ConnectionId) -> Counter:
    return _RATE_LIMITED.labels(connection)


_SLUG: Final = re.compile(r"[a-zA-Z0-9][\w.:/@-]{0,79}", re.ASCII)


@lru_cache(maxsize=512)
def _free(value: str) -> str:
    """A name that a company chose: what is no name, or reads like a person's data or a secret, is not shown."""
    return value if _SLUG.fullmatch(value) and redact_text(value) == value else OTHER


def render() -> bytes:
    """The metrics of this process, and of its forks where they count in files."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return _exposition(Path(folder).glob("*.db")) if folder else generate_latest(REGISTRY)


def render_sum(root: Path) -> bytes:
    """The metrics of all processes that count in folders under the root, as if they were one."""
    return _exposition(root.glob("*/*.db"))


def fresh_folder(root: Path, process: str) -> Path:
    """The folder in which a process is to count, emptied: for its first start, not for the restarts of the same run."""
    folder = root / process
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    return folder


class _Files(Collector):
    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    @override
    def collect(self) -> Iterable[Metric]:
        names = [str(file) for file in self._files]
        merged: Iterable[Metric] = MultiProcessCollector.merge(names)  # type: ignore[no-untyped-call] # has no types
        return merged


def _exposition(files: Iterable[Path]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Files([file for file in files if _counts(file)]))
    return generate_latest(registry)


def _counts(file: Path) -> bool:
    """Not the file that a process is about to fill, nor the live gauges of one that died."""
    try:
        is_filled = file.stat().st_size > 0
    except FileNotFoundError:  # its process ended between the listing and now
        return False
    return is_filled and (not file.name.startswith("gauge_live") or _is_alive(int(file.stem.rpartition("_")[2])))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
