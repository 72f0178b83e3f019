"""`masteria worker` and `masteria beat`: Celery, composed of every package's tasks."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Final

import celery.beat
from celery import Celery, bootsteps, signals
from celery.exceptions import SecurityWarning
from typing_extensions import override

from admin_api.frame import Frame, framed
from admin_api.terminal import launch, text
from automation import tasks as automation_tasks
from automation.schedule import beat_entries
from core.logging import adopt
from core.probe import Beat
from core.queue import bridge_children, make_app
from core.texts import Text
from knowledge import tasks as knowledge_tasks

TASK_MODULES: Final[tuple[ModuleType, ...]] = (automation_tasks, knowledge_tasks)
_CHILDREN: Final = 2
_BEAT_SECONDS: Final = 5


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments
    about, run = _PROCESSES[name]
    with framed(name, rest, text(about.pt, about.en)) as frame:
        signals.setup_logging.connect(_keep_our_logs, weak=False)
        return run(frame, make_app(frame.settings))


def _work(frame: Frame, app: Celery) -> int:
    bridge_children(frame.settings)
    # As root, Celery warns of pickled code; ours takes JSON alone.
    warnings.simplefilter("ignore", SecurityWarning)
    signals.worker_ready.connect(lambda **_: frame.serve(), weak=False)
    app.steps["worker"].add(_beating_step(frame.pulse.loop("consume")))
    worker = app.Worker(
        pool="prefork",
        concurrency=_CHILDREN,
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _tick(frame: Frame, app: Celery) -> int:
    """The schedule is kept in memory: what has fired is known to the ledger, so there is nothing to lose."""
    app.conf.beat_schedule = beat_entries()
    signals.beat_init.connect(lambda **_: frame.serve(), weak=False)
    scheduler: Any = partial(
        _BeatingScheduler, frame.pulse.loop("tick")
    )  # Celery takes a factory, its types only a name
    app.Beat(scheduler_cls=scheduler, max_interval=_BEAT_SECONDS, quiet=True, redirect_stdouts=False).run()
    return 0


class _BeatingScheduler(celery.beat.Scheduler):
    def __init__(self, pulse: Beat, *arguments: Any, **options: Any) -> None:
        self._pulse = pulse
        super().__init__(*arguments, **options)

    @override
    def tick(self, *arguments: Any, **options: Any) -> float:
        self._pulse.beat()
        return float(super().tick(*arguments, **options))


def _beating_step(pulse: Beat) -> type[bootsteps.StartStopStep]:
    """Beats from the worker's own event loop: one that hangs there stops beating."""

    class Beating(bootsteps.StartStopStep):
        requires = ("celery.worker.components:Timer",)

        @override
        def start(self, parent: Any) -> None:
            parent.timer.call_repeatedly(_BEAT_SECONDS, pulse.beat)

    return Beating


def _keep_our_logs(**_: Any) -> None:
    """Celery sets up no logging of its own when somebody listens here."""
    adopt("celery", "kombu")


_PROCESSES: Final[Mapping[str, tuple[Text, Callable[[Frame, Celery], int]]]] = {
    "worker": (Text("Faz as tarefas de fundo.", "Does the background tasks."), _work),
    "beat": (
        Text("É o relógio: avisa quando algo recorrente vence.", "Is the clock: says when something is due."),
        _tick,
    ),
}


if __name__ == "__main__":
    launch(main)
