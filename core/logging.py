"""Log lines: a constant event name plus fields, cleaned of secrets, personal data and the bodies of messages."""

import json
import logging
import sys
import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, TextIO, TypedDict, Unpack, cast

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from core.ids import CompanyId, ConnectionId, ConversationId, TurnId
from core.redaction import redact_field, redact_text

UNRENDERABLE: Final = "log.unrenderable"
_OURS: Final = "masteria."

# Below WARNING these tell of statements with their parameters, of whole requests, or of nothing.
_QUIET: Final = (
    "LiteLLM",
    "aiohttp.access",
    "alembic",
    "botocore",
    "httpcore",
    "httpx",
    "openai",
    "sqlalchemy",
    "telegram",
)


def _clean(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """The last step before the handler; never raises, because a line must not stop the work it tells of."""
    kept = {key: event.pop(key) for key in ("_record", "_from_structlog") if key in event}
    try:
        event = structlog.processors.format_exc_info(_, level, event)
        return {redact_text(name): redact_field(name, value) for name, value in event.items()} | kept
    except Exception as error:  # noqa: BLE001 - whatever a foreign object does, see above
        return _marker(error, level) | kept


def _marker(error: Exception, level: str) -> dict[str, object]:
    return {"event": UNRENDERABLE, "level": level, "error": type(error).__name__}


def _name_logger(logger: WrappedLogger, _: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    event["logger"] = (logger.name if record is None else record.name).removeprefix(_OURS)
    return event


_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    _name_logger,
    _clean,
    # The machine's clock and not core.clock: a rehearsal that turns the time must not tear the log apart.
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def get_logger(name: str) -> BoundLogger:
    """A logger that redacts by itself, so that even a line before `configure` is clean."""
    logger = structlog.wrap_logger(
        logging.getLogger(_OURS + name),
        processors=[structlog.stdlib.filter_by_level, *_SHARED, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("BoundLogger", logger)


class Ids(TypedDict, total=False):
    """What a line may be about."""

    request_id: str
    company: CompanyId
    connection: ConnectionId
    conversation: ConversationId
    turn: TurnId


def bound(**ids: Unpack[Ids]) -> AbstractContextManager[None]:
    """Put the ids on every line of this context, also on those of libraries, until the block ends."""
    return structlog.contextvars.bound_contextvars(**{name: str(value) for name, value in ids.items()})


class _Formatter(ProcessorFormatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        try:
            line = super().format(record)
        except Exception as error:  # noqa: BLE001 - a foreign record may hold anything
            line = json.dumps(_marker(error, record.levelname.lower()) | {"logger": record.name})
        return line.encode(errors="backslashreplace").decode()


class _Handler(logging.StreamHandler[TextIO]):
    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line: the standard handler would print the record as it is, unredacted."""


def configure(process: str, *, debug: bool, stream: TextIO | None = None, as_json: bool = True) -> None:
    """Send every line of the process, ours and the libraries', through one redacting handler; may be called again."""
    stream = stream or sys.stderr

    def order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        first = {name: event.pop(name, None) for name in ("timestamp", "level", "logger", "event")}
        return {**first, "process": process, **event}

    console = structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else console
    handler = _Handler(stream)
    processors: list[Processor] = [ProcessorFormatter.remove_processors_meta, order, renderer]
    handler.setFormatter(_Formatter(foreign_pre_chain=_SHARED, processors=processors))
    handler.addFilter(_wanted)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger(_OURS.rstrip(".")).setLevel(logging.DEBUG if debug else logging.INFO)
    adopt(*logging.root.manager.loggerDict, *_QUIET)
    logging.captureWarnings(capture=True)
    _report_crashes()


def _wanted(record: logging.LogRecord) -> bool:
    """Debug lines are ours only: those of libraries show requests and rows."""
    return record.levelno >= logging.INFO or record.name.startswith(_OURS)


def adopt(*names: str) -> None:
    """Take a library's logger over from the library; call it again for one that was imported after `configure`."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate, logger.disabled = True, False
        if not f"{name}.".startswith(_OURS):
            logger.setLevel(logging.WARNING if name in _QUIET else logging.NOTSET)


def _report_crashes() -> None:
    """What nobody caught is otherwise printed with its message as it is."""
    log = get_logger("core.logging")

    def crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("process.crashed", exc_info=(kind, error or kind(), trace))

    def thread_crashed(crash: threading.ExceptHookArgs) -> None:
        if not issubclass(crash.exc_type, SystemExit):
            crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
    sys.unraisablehook = lambda crash: crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)
