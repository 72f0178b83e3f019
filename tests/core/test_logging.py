"""What a log line may and may not hold."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final, Never
from uuid import UUID

import pytest
from typing_extensions import override

from core.ids import CompanyId, ConversationId
from core.logging import UNRENDERABLE, adopt, bound, configure, get_logger
from core.redaction import MASK

ID: Final = UUID("01997c1e-5511-7987-9551-198765432100")  # with a telephone number in it


class Log:
    """What was written, whole and by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def keep_logging() -> Iterator[None]:
    """Leave the process as it was found: logging is one per process."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # `force` would close those of pytest
    yield
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    logging.getLogger("masteria").setLevel(logging.NOTSET)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture
def log(keep_logging: None) -> Log:  # noqa: ARG001 - it only restores
    log = Log()
    configure("engine", debug=False, stream=log.stream)
    return log


class Hostile:
    """Whatever is asked of it fails."""

    @override
    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class HostileError(Exception):
    __str__ = Hostile.__str__


class HostileDict(dict[str, str]):
    @override
    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError


class TestAnyLine:
    @pytest.mark.parametrize("value", [HostileDict(a="b"), HostileError()])
    def test_a_line_that_cannot_be_rendered_is_replaced_by_a_marker(self, log: Log, value: object) -> None:
        get_logger("x").info("thing.happened", value=value)

        assert log.lines[0]["event"] == UNRENDERABLE
        assert log.lines[0]["error"] == "ZeroDivisionError"

    def test_a_library_line_that_cannot_be_rendered_is_replaced_by_a_marker(self, log: Log) -> None:
        ours = logging.root.handlers[0]  # pytest's own handler would raise

        ours.handle(logging.LogRecord("lib", logging.WARNING, __file__, 1, "%d", (Hostile(),), None))

        assert log.lines == [{"event": UNRENDERABLE, "level": "warning", "error": "TypeError", "logger": "lib"}]

    def test_a_broken_stream_stops_nobody(self, log: Log) -> None:
        log.stream.close()

        get_logger("x").info("thing.happened")


class TestConfigure:
    def test_a_line_is_json_with_a_moment_a_level_a_process_and_its_fields(self, log: Log) -> None:
        get_logger("channels.inbound").warning("webhook.refused", port=8000, turn=ID)

        line = log.lines[0]
        assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is UTC
        assert line == {
            "level": "warning",
            "logger": "channels.inbound",
            "event": "webhook.refused",
            "process": "engine",
            "port": 8000,
            "turn": str(ID),
        }

    def test_a_person_may_ask_for_a_readable_form(self, log: Log) -> None:
        configure("engine", debug=False, stream=log.stream, as_json=False)

        get_logger("x").info("thing.happened", port=8000, token="zebra")

        assert "thing.happened" in log.text
        assert "port=8000" in log.text
        assert "zebra" not in log.text

    def test_debug_lines_are_off_until_asked_for(self, log: Log) -> None:
        get_logger("x").debug("first")
        configure("engine", debug=True, stream=log.stream)
        get_logger("x").debug("second")

        assert [line["event"] for line in log.lines] == ["second"]

    def test_libraries_never_say_debug_lines(self, log: Log) -> None:
        configure("engine", debug=True, stream=log.stream)
        library = logging.getLogger("chatty")
        library.setLevel(logging.DEBUG)

        library.debug("Request options: {'messages': 'Oi'}")

        assert log.text == ""

    @pytest.mark.parametrize("name", ["uvicorn.error", "celery.worker", "kombu", "aiohttp.server", "asyncio"])
    def test_the_lines_of_libraries_are_redacted_too(self, log: Log, name: str) -> None:
        logging.getLogger(name).info("connecting to %s", "redis://:zebra@127.0.0.1:6379/0")

        assert [line["event"] for line in log.lines] == [f"connecting to redis://{MASK}@127.0.0.1:6379/0"]
        assert log.lines[0]["logger"] == name

    def test_statements_and_requests_are_not_told_of(self, log: Log) -> None:
        logging.getLogger("sqlalchemy.engine.Engine").info("[cached] ('Oi, Ana',)")
        logging.getLogger("httpx").info("HTTP Request: POST …")

        assert log.text == ""

    def test_a_task_that_failed_unseen_is_reported_redacted(self, log: Log) -> None:
        with closing(asyncio.new_event_loop()) as loop:
            loop.call_exception_handler({"message": "Task failed", "exception": ValueError("token=zebra")})

        assert "zebra" not in log.text
        assert log.lines[0]["logger"] == "asyncio"

    def test_warnings_are_lines(self, log: Log) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=False)
            logging.captureWarnings(capture=True)
            warnings.warn("password=zebra", stacklevel=1)
            logging.captureWarnings(capture=False)

        assert log.lines[0]["logger"] == "py.warnings"
        assert "zebra" not in log.text


def fail(error: Exception) -> Never:
    raise error


class TestTracebacks:
    def test_one_is_kept_without_the_secret_in_its_message_and_without_locals(self, log: Log) -> None:
        local = "zebra-local"
        try:
            fail(ConnectionRefusedError("postgresql://app:" + local + "@db/app"))
        except ConnectionRefusedError:
            get_logger("x").exception("database.away")

        trace = log.lines[0]["exception"]
        assert trace.startswith("Traceback (most recent call last)")
        assert "test_logging.py" in trace
        assert trace.endswith(f"ConnectionRefusedError: postgresql://{MASK}@db/app")
        assert local not in log.text

    def test_causes_and_groups_are_redacted(self, log: Log) -> None:
        group = ExceptionGroup("many", [KeyError("ok"), ValueError("call +5511987654321")])
        group.__cause__ = ValueError("token=zebra1")
        try:
            fail(group)
        except ExceptionGroup:
            logging.getLogger("celery").exception("failed with %s", "sk-zebra1zebra1")

        assert "zebra1" not in log.text
        assert "98765" not in log.text
        assert "KeyError: 'ok'" in log.lines[0]["exception"]

    def test_a_crash_of_the_process_or_of_a_thread_is_a_redacted_line(self, log: Log) -> None:
        def crash() -> None:
            raise RuntimeError("password=zebra")

        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
        sys.excepthook(RuntimeError, RuntimeError("password=zebra"), None)

        assert [line["event"] for line in log.lines] == ["process.crashed"] * 2
        assert "zebra" not in log.text


class TestBound:
    def test_ids_are_on_every_line_inside_the_block_and_on_none_after(self, log: Log) -> None:
        with bound(request_id="r-1", company=CompanyId(ID)):
            with bound(conversation=ConversationId(ID)):
                logging.getLogger("lib").info("inner")
            get_logger("x").info("outer")
        get_logger("x").info("after")

        inner, outer, after = log.lines
        assert (inner["request_id"], inner["company"], inner["conversation"]) == ("r-1", str(ID), str(ID))
        assert "conversation" not in outer
        assert "company" not in after

    async def test_concurrent_work_does_not_mix_ids(self, log: Log) -> None:
        async def work(name: str) -> None:
            with bound(request_id=name):
                await asyncio.sleep(0)
                get_logger("x").info(name)

        await asyncio.gather(*(work(f"r.{number}") for number in range(5)))

        assert all(line["event"] == line["request_id"] for line in log.lines)


class TestGetLogger:
    def test_a_line_before_configure_is_redacted_already(self, caplog: pytest.LogCaptureFixture) -> None:
        get_logger("x").warning("early", token="zebra")

        assert "early" in caplog.text
        assert "zebra" not in caplog.text


class TestAdopt:
    def test_a_library_that_brought_its_own_handler_loses_it(self, log: Log) -> None:
        own = io.StringIO()
        library = logging.getLogger("late")
        library.addHandler(logging.StreamHandler(own))
        library.propagate = False

        adopt("late")
        library.warning("token=zebra")

        assert own.getvalue() == ""
        assert log.lines[0]["event"] == f"token={MASK}"
