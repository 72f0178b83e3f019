"""An installation for a while: in a folder of its own, on a free port, and gone afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from admin_api.listening import listen_on
from admin_api.programs import SAFE_PATH
from admin_api.terminal import say
from core.errors import Unavailable

# What a shell may name of another installation, of real numbers and bots among it: not this one's.
_OTHERS: Final = ("DATABASE_", "REDIS_", "CELERY_", "MASTERIA_", "TELEGRAM_", "WHATSAPP_")
_PASSABLE: Final = 0o711  # for the user that the embedded servers run as


@contextmanager
def own_installation() -> Iterator[Path]:
    forget_others(os.environ)
    with tempfile.TemporaryDirectory(prefix="masteria-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(_PASSABLE)
        home = Path(folder) / "home"
        say("(subindo uma instalação só para isto…)", "(starting an installation for this alone…)")
        try:
            _masteria("up", "--port", str(_free_port()), "--detach", home=home)
            yield home
        finally:
            _masteria("down", home=home)


def forget_others(environment: MutableMapping[str, str]) -> None:
    for name in [name for name in environment if name.startswith(_OTHERS)]:
        del environment[name]


def _free_port() -> int:
    with listen_on("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


def _masteria(command: str, *words: str, home: Path) -> None:
    """As a user types it, and quietly while all is well."""
    program = [sys.executable, *SAFE_PATH, "-m", f"admin_api.commands.{command}", *words, "--home", str(home)]
    done = subprocess.run(program, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        why = done.stderr.strip().removeprefix("✗ ")
        raise Unavailable(f"A instalação não ficou pronta: {why}", f"The installation did not become ready: {why}")
