"""`python -m tests.chaos.nursery MODULE…`: imports them once, then forks a process for each line that it reads.

A process that is killed two hundred times would otherwise spend its lives importing. What it runs is `python -m`
all the same: the module as `__main__`, with arguments and an environment of its own.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import select
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

_CHUNK: Final = 65_536
_BUG: Final = 70
_MOST_FILES: Final = 256


@dataclass(slots=True)
class Nursery:
    """Tells `{"id", "pid"}` of a birth and `{"pid", "code"}` of an end, a line each."""

    wakes: int
    children: set[int] = field(default_factory=set)
    _read: bytes = b""

    def run(self) -> None:
        """Until nobody is there any more to tell."""
        while True:
            ready, _, _ = select.select([sys.stdin.fileno(), self.wakes], [], [])
            if self.wakes in ready:
                os.read(self.wakes, _CHUNK)
                self._bury()
            if sys.stdin.fileno() in ready:
                data = os.read(sys.stdin.fileno(), _CHUNK)
                if not data:
                    return
                *lines, self._read = (self._read + data).split(b"\n")
                for line in lines:
                    self._bear(json.loads(line))

    def kill_all(self) -> None:
        for pid in self.children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _bear(self, wanted: Mapping[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            live(wanted)
        self.children.add(pid)
        tell(id=wanted["id"], pid=pid)

    def _bury(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            tell(pid=pid, code=os.waitstatus_to_exitcode(status))


def live(wanted: Mapping[str, Any]) -> NoReturn:
    """What the child is from its birth to its end."""
    code: Any = _BUG
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.closerange(3, _MOST_FILES)
        _redirect(wanted["log"])
        os.environ.clear()
        os.environ.update(wanted["environment"])
        if wanted.get("memory"):
            resource.setrlimit(resource.RLIMIT_AS, (wanted["memory"], wanted["memory"]))
        sys.argv = [wanted["module"], *wanted["words"]]
        sys.modules.pop(wanted["module"], None)  # run anew, as the main module that it is
        runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        if code == _BUG:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for here, there in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(here, there)


def tell(**words: Any) -> None:
    os.write(sys.stdout.fileno(), json.dumps(words).encode() + b"\n")


def main(modules: list[str]) -> None:
    for module in modules:
        importlib.import_module(module)
    gc.freeze()  # else each child looks through all of it once, and so makes a copy of it
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing)
    nursery = Nursery(reading)
    tell(ready=True)
    try:
        nursery.run()
    finally:
        nursery.kill_all()


if __name__ == "__main__":
    main(sys.argv[1:])
