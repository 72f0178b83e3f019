"""`masteria down`: stop what `masteria up` started."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from admin_api.terminal import Parser, launch, say, text
from core.errors import Unavailable
from core.home import Home
from core.settings import Settings

_SECONDS: Final = 15.0
_LAST_SECONDS: Final = 2.0


def main(arguments: Sequence[str]) -> int:
    parser = Parser(prog="masteria down", description=text("Para tudo o que `up` iniciou.", "Stop what `up` started."))
    parser.add_argument("--home", type=Path, metavar="DIR", help=text("pasta dos dados", "the data folder"))
    options = parser.parse_args(arguments)
    settings = Settings.load({"MASTERIA_HOME": str(options.home.absolute())} if options.home else None)
    home = Home(settings.masteria_home)
    holder = home.holder()
    if holder is None:
        say(f"Nada está no ar em {home.folder}.", f"Nothing runs in {home.folder}.")
        return 0
    os.kill(holder, signal.SIGTERM)
    _wait_until_free(home, holder)
    say("Parado.", "Stopped.")
    return 0


def _wait_until_free(home: Home, holder: int) -> None:
    end = time.monotonic() + _SECONDS
    while home.is_held():
        if time.monotonic() > end:
            raise Unavailable(
                f"O processo {holder} não parou em {_SECONDS:.0f} s: confira-o, ou encerre-o com `kill -9 {holder}`.",
                f"Process {holder} did not stop within {_SECONDS:.0f} s: end it with `kill -9 {holder}`.",
            )
        time.sleep(0.05)
    _wait_until_gone(holder)


def _wait_until_gone(process: int) -> None:
    """The home is free a moment before the process has ended; where nobody reaps it, it stays listed, which is fine."""
    end = time.monotonic() + _LAST_SECONDS
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    launch(main)
