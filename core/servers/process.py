"""What the two embedded servers share: a free port, leftovers of a killed supervisor, an orderly stop."""

import importlib.util
import random
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from core.clock import Deadline
from core.errors import Misconfigured

LOOPBACK: Final = "127.0.0.1"
_BELOW_CALLS: Final = range(20_000, 32_000)
_TRIES: Final = 20


def wheel_folder(name: str) -> Path:
    """Where a wheel lies, without running any of its Python: we want its programs only."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Misconfigured(
            f"Falta o pacote {name}, dos servidores embutidos: rode `make up`, ou defina DATABASE_URL e REDIS_URL.",
            f"The package {name}, which brings the embedded servers, is missing: run `make up`, "
            "or set DATABASE_URL and REDIS_URL.",
        )
    return Path(spec.origin).parent


def free_port(wanted: int = 0) -> int:
    """The wanted port where nobody listens on it, else any free one.

    Below those that the system gives to calls: between our look and the listening none of them takes it.
    """
    chosen = random.SystemRandom().sample(_BELOW_CALLS, _TRIES)  # so that two who look at once differ
    for port in (*([wanted] if wanted else []), *chosen, 0):
        with socket.socket() as probe, suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return int(probe.getsockname()[1])
    raise AssertionError("the system gave no free port")


@dataclass(frozen=True, slots=True)
class Stop:
    """How to ask a server to end: politely, then by force."""

    polite: signal.Signals
    seconds: float = 6.0


def stop_process(pid: int, how: Stop) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(how.polite)
        if not _ends_within(process, how.seconds):
            process.kill()
            if not _ends_within(process, how.seconds):
                raise Misconfigured(
                    f"O processo {pid}, que ficou de um `masteria up` anterior, não termina: confira-o.",
                    f"Process {pid}, left by an earlier `masteria up`, does not end: look at it before going on.",
                )


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    """A zombie has ended: in a container there may be nobody who ever collects it."""
    deadline = Deadline.after(seconds)
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if deadline.passed:
            return False
        time.sleep(0.02)
    return True


def stop_child(child: "subprocess.Popen[bytes]", how: Stop) -> None:
    if child.poll() is not None:
        return
    child.send_signal(how.polite)
    try:
        child.wait(how.seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def stop_leftover(name: str, folder: Path, how: Stop) -> None:
    """End the server that a killed supervisor left behind, known by its name and the folder it works in."""
    for process in psutil.process_iter(["name", "ppid"]):
        if process.info["name"] == name and _works_in(process, folder) and not _has_such_parent(process, name):
            stop_process(process.pid, how)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Asked of the file system: a link may lead to the folder, and a container may know another one by that name."""
    link = Path(f"/proc/{process.pid}/cwd")
    try:
        return (link if link.exists() else Path(process.cwd())).samefile(folder)
    except (psutil.Error, OSError):
        return False


def _has_such_parent(process: psutil.Process, name: str) -> bool:
    """PostgreSQL's backends work in the same folder: only their parent is asked to stop."""
    try:
        parent = process.parent()
        return parent is not None and parent.name() == name
    except psutil.Error:
        return False
