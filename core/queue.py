"""Celery, and the one bridge between its synchronous world and our asynchronous one.

Each worker child has one event loop in a thread of its own and one floor opened in it, made after the fork. A task
is a shell around a plain async function `(floor, *ids)`. What travels is JSON: ids and plain values, never an object,
never a secret. There is no result backend: what a task did is in PostgreSQL.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from celery import Celery, Task, current_app, shared_task, signals
from kombu.exceptions import OperationalError

from core.clock import Deadline
from core.db.sessions import Pool, TenantSession
from core.errors import AppError
from core.floor import Floor, open_floor
from core.logging import get_logger
from core.settings import Settings

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_MAX_RETRIES: Final = 5
_CHILD_MEMORY_KB: Final = 400_000
_TASK_SECONDS: Final = 300
_VISIBILITY: Final = timedelta(hours=1)
_PAUSE_SECONDS: Final = 5.0
# Unset, a broker that is away holds up whoever sends for six seconds, and one that hangs, for ever.
_NEVER_LONG: Final = {"socket_connect_timeout": 1.0, "socket_timeout": 2.0, "max_retries": 0}

log = get_logger(__name__)


class TaskName(StrEnum):
    """Every task there is."""

    TICK = "automation.tick"
    FORGET_OLD = "automation.forget_old"
    WATCH_CONNECTIONS = "automation.watch_connections"
    READ_SOURCES = "knowledge.read_sources"


def make_app(settings: Settings) -> Celery:
    app = Celery("masteria", broker=settings.broker_url, set_as_current=True)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        result_backend=None,
        task_acks_late=True,
        # A task that kills its child would come back for ever. What it was a hint of is swept for.
        task_reject_on_worker_lost=False,
        task_soft_time_limit=_TASK_SECONDS,
        task_time_limit=_TASK_SECONDS + 30,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_max_memory_per_child=_CHILD_MEMORY_KB,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY.total_seconds(),
            "global_keyprefix": "celery:",
            **_NEVER_LONG,
        },
        timezone="UTC",
        enable_utc=True,
    )
    return app


class Bridge:
    """The loop of a worker child, and what tasks stand on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bridge", daemon=True)
        self._floor: Floor | None = None

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for work done in the loop; a time limit that strikes here cancels it there."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self._loop.close()

    async def floor(self) -> Floor:
        """Opened by the first task, or by the next if that failed: a child may be born while the database is away."""
        if self._floor is None:
            self._floor = await self._stack.enter_async_context(open_floor(self._settings, Pool(size=2, overflow=2)))
        return self._floor


_bridge: Bridge | None = None


def bridge_children(settings: Settings) -> None:
    """Give every worker child its bridge, after the fork: pools made before it would be shared by mistake.

    What could not work is refused here, in the parent, where an error still ends the process.
    """
    asyncio.run(_check(settings))

    @signals.worker_process_init.connect(weak=False)
    def _start(**_: Any) -> None:
        global _bridge  # noqa: PLW0603 - Celery hands tasks nothing, so a child keeps its bridge here
        _bridge = Bridge(settings)
        _bridge.start()

    @signals.worker_process_shutdown.connect(weak=False)
    def _stop(**_: Any) -> None:
        if _bridge is not None:
            _bridge.stop()


async def _check(settings: Settings) -> None:
    async with open_floor(settings, Pool(size=1)):
        return


def task(
    name: TaskName,
) -> Callable[[Callable[Concatenate[Floor, Arguments], Awaitable[None]]], Callable[Arguments, None]]:
    """Make an async function a task. Only an error that says it is retryable is tried again, later each time."""

    def decorate(
        function: Callable[Concatenate[Floor, Arguments], Awaitable[None]],
    ) -> Callable[Arguments, None]:
        @shared_task(name=name.value, bind=True, max_retries=_MAX_RETRIES)
        @wraps(function)
        def shell(self: "Task[Any, None]", *arguments: Any) -> None:
            if _bridge is None:
                raise AssertionError("tasks run in a worker child")
            try:
                _bridge.run(_call(function, _bridge, arguments))
            except AppError as error:
                if not error.retryable:
                    log.error("task.failed", task=name.value, error=type(error).__name__)  # noqa: TRY400 - ours, no trace
                    return
                raise self.retry(exc=error, countdown=2**self.request.retries) from error

        return cast("Callable[Arguments, None]", shell)

    return decorate


async def _call(function: Callable[..., Awaitable[None]], bridge: Bridge, arguments: tuple[Any, ...]) -> None:
    await function(await bridge.floor(), *arguments)


def enqueue(session: TenantSession, name: TaskName, *arguments: Any) -> None:
    """A hint that leaves after the commit. Losing it costs time: whoever needs the work done also sweeps for it."""
    session.after_commit(lambda: send(name, *arguments))


_pause: Deadline = Deadline.after(0)


def send(name: TaskName, *arguments: Any) -> None:
    """Never long: it runs in an event loop that others wait for. While the broker is away, most hints are not tried."""
    global _pause  # noqa: PLW0603 - one broker per process
    if not _pause.passed:
        return
    try:
        current_app.send_task(name.value, args=arguments, retry=False)
    except OperationalError as error:
        _pause = Deadline.after(_PAUSE_SECONDS)
        log.warning("queue.unreachable", task=name.value, error=type(error).__name__, pause_seconds=_PAUSE_SECONDS)
